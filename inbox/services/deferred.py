"""Lines of a payload that were put off come back as requests of their own when the rest is released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agents.contract import ProposedAction
from inbox import canonical
from inbox.audit import SYSTEM, Entry
from inbox.lines import alone
from inbox.models import ApprovalRequest, PolicyVersion
from inbox.policy.requirement import strictest
from inbox.selectors.envelopes import bytes_of
from inbox.selectors.past import Past
from inbox.selectors.policy import pinned_needs, tier_ranks, tools_named
from inbox.services.answering import Lines
from inbox.services.drafting import as_submission
from inbox.services.intake import DEFERRED_KEYS, Addressed, new_draft, store
from inbox.services.judging import judge
from inbox.services.notify import Notice, assigned
from inbox.services.routing import route


@dataclass(frozen=True, slots=True)
class Brought:
    """What to record and tell, and per request what its agent is told of the lines taken out."""

    entries: Sequence[Entry] = ()
    lines: Mapping[UUID, Lines] = field(default_factory=dict)
    notices: Sequence[Notice] = ()


def bring_back(requests: Sequence[ApprovalRequest], *, version: PolicyVersion, at: datetime) -> Brought:
    """Store a request for each deferred line of these locked, decided requests, in the caller's transaction.

    A run hosted here is told of its lines and asks for them anew by itself: nobody would wait for the answer else.
    """
    found = bytes_of([request for request in requests if request.revision_number > 1])
    entries: list[Entry] = []
    told: dict[UUID, Lines] = {}
    parts: list[ApprovalRequest] = []
    for request in requests:
        if request.pk not in found or not found[request.pk].set_aside:
            continue
        lines: dict[str, list[Mapping[str, Any]]] = {}
        for line in found[request.pk].set_aside:
            part = None
            if line["type"] == "defer" and request.channel == "poll":
                part = _part(request, found[request.pk].actions[line["key"]], line, version, at)
                parts.append(part)
                entries.append(
                    Entry(
                        "requested",
                        SYSTEM,
                        part.pk,
                        {
                            "sentence": part.sentence,
                            "tools": part.tools,
                            "risk": part.risk,
                            "digest": part.digest,
                            "part_of": str(request.pk),
                            "line": line["index"],
                        },
                    )
                )
            lines.setdefault(line["key"], []).append(
                {
                    "index": line["index"],
                    "type": line["type"],
                    "message": line.get("message") or None,
                    "request_id": str(part.pk) if part is not None else None,
                }
            )
        told[request.pk] = lines
    return Brought(entries, told, assigned(parts))


def _part(
    request: ApprovalRequest,
    action: Mapping[str, Any],
    line: Mapping[str, Any],
    version: PolicyVersion,
    at: datetime,
) -> ApprovalRequest:
    """The request for one line, stored. It asks for at least the people the whole asked for, and never passes by itself."""
    args = alone(action["args"], line["at"], line["line"])
    single = ProposedAction.model_validate(
        {**action, "args": args, "lines": None, "depends_on": []}, strict=False
    )
    submission = as_submission(
        request,
        [single],
        dedupe_key=f"{DEFERRED_KEYS}{request.pk}:{canonical.digest([line['key'], line['index']])[-32:]}",
    )
    tools = tools_named(request.team_id, [single.name])
    judged = judge(
        agent=request.agent,
        submission=submission,
        tools=tools,
        version=version,
        now=at,
        past=Past.load(request.agent, [single], now=at),
    )
    draft = new_draft(request.agent, version, tools, {}, Addressed(submission), judged, request.channel, at)
    needs = strictest(pinned_needs(request), judged.verdict.needs, tier_ranks(request.team_id))
    part = draft.request
    part.needs = [need.model_dump(exclude_none=True) for need in needs]
    part.part_of, part.requester_id, part.permit = request, request.requester_id, request.permit
    part.batchable = False
    route(request.team_id, [part], at=at, current=version)
    store([replace(draft, group_key=None)])
    return part
