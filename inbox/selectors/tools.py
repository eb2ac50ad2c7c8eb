"""The tool catalogue: what is known, what was called without being known, and a payload to try a sentence on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from inbox import canonical
from inbox.models import Revision, Tool
from inbox.policy.templates import Proposal, propose
from inbox.rendering.sentence import Sentence, TemplateError, compile_template, render
from inbox.selectors.audit_words import one_line

PAGE = 100
MOST_UNKNOWN = 50
# Calls of one unknown tool are counted up to here.
MOST_COUNTED = 1_000
# How far back a preview looks for a call that is still pending; closed ones have an index of their own.
RECENT = 2_000


@dataclass(frozen=True, slots=True)
class UnknownTool:
    """A name agents called that nobody described, and how often, counted a little past 1,000."""

    name: str
    calls: int


@dataclass(frozen=True, slots=True)
class ToolsPage:
    """A page of tools by name; `after` is the name to continue after, "" on the last page."""

    tools: Sequence[Tool]
    after: str
    unknown: Sequence[UnknownTool]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: its arguments as they were sent, what the agent says of the tool, and when."""

    request_id: UUID
    args: Mapping[str, Any]
    at: datetime
    schema: Mapping[str, Any] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A description proposed for a tool, with its sentence on the latest call."""

    proposal: Proposal
    call: Call | None
    sentence: Sentence | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A sentence tried on the latest call. `error` says what is wrong with it, `position` where (from 0)."""

    call: Call | None
    sentence: Sentence | None
    error: str = ""
    position: int | None = None
    before: str = ""
    rest: str = ""


def tools_page(team_id: UUID, *, after: str = "") -> ToolsPage:
    """A page of the catalogue in two queries."""
    found = list(Tool.objects.filter(team_id=team_id, name__gt=after).order_by("name")[: PAGE + 1])
    return ToolsPage(
        tools=found[:PAGE],
        after=found[PAGE - 1].name if len(found) > PAGE else "",
        unknown=called_but_unknown(team_id),
    )


def tool_of(team_id: UUID, tool_id: UUID) -> Tool | None:
    """A tool of the catalogue, or None."""
    return Tool.objects.filter(team_id=team_id, pk=tool_id).first()


def called_but_unknown(team_id: UUID) -> list[UnknownTool]:
    """What agents called that the catalogue does not hold, at most 50 names, the most called first.

    Walks from one distinct name to the next in the index of closed requests, so its cost is the number of names,
    not the length of the history; of what is pending the 2,000 soonest due are looked at.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE called(tool) AS (
                (SELECT r.tool FROM inbox_approvalrequest r
                 WHERE r.team_id = %(team)s AND NOT (r.state = 'pending') ORDER BY r.tool LIMIT 1)
                UNION ALL
                SELECT (SELECT r.tool FROM inbox_approvalrequest r
                        WHERE r.team_id = %(team)s AND NOT (r.state = 'pending') AND r.tool > called.tool
                        ORDER BY r.tool LIMIT 1)
                FROM called WHERE called.tool IS NOT NULL
            ), bounded AS (SELECT tool FROM called WHERE tool IS NOT NULL LIMIT %(walk)s),
            waiting AS (
                SELECT tool, count(*) AS calls FROM (
                    SELECT r.tool FROM inbox_approvalrequest r WHERE r.team_id = %(team)s AND r.state = 'pending'
                    ORDER BY r.expires_at, r.id LIMIT %(recent)s) soonest
                GROUP BY tool
            ), named AS (
                SELECT either.tool FROM (SELECT tool FROM bounded UNION SELECT tool FROM waiting) either
                WHERE NOT EXISTS (SELECT 1 FROM inbox_tool t WHERE t.team_id = %(team)s AND t.name = either.tool)
            )
            SELECT named.tool, coalesce(waiting.calls, 0) + closed.calls AS calls
            FROM named
            LEFT JOIN waiting ON waiting.tool = named.tool
            CROSS JOIN LATERAL (
                SELECT count(*) AS calls FROM (
                    SELECT 1 FROM inbox_approvalrequest r
                    WHERE r.team_id = %(team)s AND r.tool = named.tool AND NOT (r.state = 'pending')
                    LIMIT %(count)s) few
            ) closed
            ORDER BY calls DESC, named.tool
            LIMIT %(most)s
            """,
            {
                "team": team_id,
                "walk": 20 * MOST_UNKNOWN,
                "recent": RECENT,
                "count": MOST_COUNTED + 1,
                "most": MOST_UNKNOWN,
            },
        )
        return [UnknownTool(name, calls) for name, calls in cursor.fetchall()]


def proposed(name: str, call: Call | None) -> Proposed:
    """What a tool's name and its latest call suggest to say of it."""
    found = propose(
        name,
        schema=call.schema if call else None,
        description=call.description if call else "",
        sample=call.args if call else None,
    )
    sentence = render(compile_template(found.template), name, call.args) if call else None
    return Proposed(found, call, sentence)


def preview(call: Call | None, *, name: str, template: str) -> Preview:
    """A sentence tried on a call of a tool, or what is wrong with the sentence."""
    try:
        compiled = compile_template(template) if template else None
    except TemplateError as error:
        place = error.position
        return Preview(call, None, str(error), place, one_line(template[:place]), one_line(template[place:]))
    return Preview(call, render(compiled, name, call.args) if call else None)


def latest_call(team_id: UUID, name: str) -> Call | None:
    """The newest request that calls a tool: the last closed one, or a pending one among the 2,000 newest requests."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, revision_number, created_at FROM (
                (SELECT id, revision_number, created_at FROM inbox_approvalrequest
                 WHERE team_id = %(team)s AND tool = %(tool)s AND NOT (state = 'pending')
                 ORDER BY closed_at DESC LIMIT 1)
                UNION ALL
                (SELECT id, revision_number, created_at FROM (
                    SELECT id, team_id, tool, state, revision_number, created_at FROM inbox_approvalrequest
                    ORDER BY id DESC LIMIT %(recent)s) newest
                 WHERE team_id = %(team)s AND tool = %(tool)s AND state = 'pending' ORDER BY id DESC LIMIT 1)
            ) either ORDER BY id DESC LIMIT 1
            """,
            {"team": team_id, "tool": name, "recent": RECENT},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    request_id, number, at = row
    payload = Revision.objects.values_list("payload", flat=True).get(request_id=request_id, number=number)
    actions = canonical.read(bytes(payload))["actions"]
    action = next(action for action in actions if action["name"] == name)
    return Call(request_id, action["args"], at, action.get("args_schema"), action.get("description", ""))
