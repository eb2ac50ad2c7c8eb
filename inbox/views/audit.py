"""The audit log: reading it, verifying its chain, taking it away as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inbox.audit import VERBS, verify_chain
from inbox.errors import Invalid
from inbox.selectors.audit_export import as_csv, jsonl
from inbox.selectors.audit_log import AuditFilter, AuditPage, audit_page, export_rows, head
from inbox.selectors.audit_words import action_word
from inbox.views.context import TeamRequest, team_page

MEDIA_TYPES: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
ACTOR_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """The filter form as it was sent, what it means, and what is wrong with it, per field."""

    wanted: AuditFilter
    actor: str
    request: str
    errors: dict[str, str]

    def url(self, **change: str) -> str:
        """The query string of this filter with something changed."""
        values = {"verb": self.wanted.verb, "actor": self.actor, "request": self.request, **change}
        return "?" + urlencode({name: value for name, value in values.items() if value})


@require_GET
@team_page
def audit(request: TeamRequest) -> HttpResponse:
    """The log, newest first. `verify=1` also recomputes the whole chain and says what it found."""
    query = _query(request)
    team = request.member.team
    page = AuditPage((), None) if query.errors else audit_page(team.pk, query.wanted)
    seq, chain_head = head(team.pk)
    return render(
        request,
        "inbox/audit.html",
        {
            "query": query,
            "verbs": [(verb, action_word(verb, {}), meaning) for verb, meaning in VERBS.items()],
            "page": page,
            "length": seq,
            "head": chain_head,
            "filtered": query.wanted != AuditFilter(),
            "older": query.url(before=str(page.older)) if page.older else "",
            "newest": query.url() if query.wanted.before else "",
            "verify": query.url(verify="1"),
            "report": verify_chain(team) if request.GET.get("verify") == "1" else None,
        },
        status=422 if query.errors else 200,
    )


@require_GET
@team_page
def audit_export(request: TeamRequest, form: str) -> StreamingHttpResponse:
    """The log as a file, streamed. `after=<seq>` continues an earlier export."""
    team = request.member.team
    after = _number(request.GET.get("after", "0"))
    if after is None:
        raise Invalid("invalid-after", "`after` is the number of an event. Nothing was exported.")
    # Up to here and no further: events that arrive while the file streams belong to the next one.
    upto, _ = head(team.pk)
    rows = export_rows(team.pk, after=after, upto=upto)
    lines: Iterator[str] = jsonl(rows, team_id=team.pk) if form == "jsonl" else as_csv(rows)
    response = StreamingHttpResponse(_blocks(lines), content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{team.slug}-{after + 1}-{upto}.{form}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _query(request: TeamRequest) -> AuditQuery:
    verb, actor, wanted_id = (request.GET.get(name, "").strip() for name in ("verb", "actor", "request"))
    errors: dict[str, str] = {}
    wanted = AuditFilter(before=_number(request.GET.get("before", "")))
    if verb and verb not in VERBS:
        errors["verb"] = "There is no such verb. Choose one from the list."
    else:
        wanted = replace(wanted, verb=verb)
    if len(actor) > ACTOR_LENGTH or "\x00" in actor:
        errors["actor"] = "No name is that long. Copy it from the log."
    else:
        wanted = replace(wanted, actor=actor)
    if wanted_id:
        try:
            wanted = replace(wanted, request_id=UUID(wanted_id))
        except ValueError:
            errors["request"] = "This is not the id of a request. Copy it from the request's address."
    return AuditQuery(wanted, actor, wanted_id, errors)


def _number(text: str) -> int | None:
    """A number an event can have, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _blocks(lines: Iterator[str], size: int = 64 * 1024) -> Iterator[bytes]:
    """Lines joined into blocks: one write to the socket each, not one a line."""
    block: list[str] = []
    length = 0
    for line in lines:
        block.append(line)
        length += len(line)
        if length >= size:
            yield "".join(block).encode()
            block, length = [], 0
    if block:
        yield "".join(block).encode()
