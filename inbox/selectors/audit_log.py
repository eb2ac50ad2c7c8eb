"""Reading the audit log: newest first by number, filtered, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inbox import canonical
from inbox.models import AuditEvent, TeamStream
from inbox.selectors.audit_words import action_word, detail_of, one_line

PAGE = 50
EXPORT_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show: one verb, one actor (their exact name), one request, events before a number. Empty shows all."""

    verb: str = ""
    actor: str = ""
    request_id: UUID | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One event as the page shows it. `about` is the request's sentence, by the system; `detail` may quote people."""

    seq: int
    at: datetime
    actor_kind: str
    actor: str
    verb: str
    word: str
    about: str
    detail: str
    request_id: UUID | None
    digest: str
    policy: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Rows newest first; `older` is the number to continue before, None on the last page."""

    rows: tuple[AuditRow, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One event as it was chained: `entry` is the exact text the hash covers."""

    seq: int
    entry: str
    previous: str
    hash: str


def audit_page(team_id: UUID, wanted: AuditFilter) -> AuditPage:
    """A page of a team's events. One query, whatever the filter: each one walks an index of its own from the end."""
    events = AuditEvent.objects.filter(team_id=team_id)
    if wanted.verb:
        events = events.filter(verb=wanted.verb)
    if wanted.actor:
        events = events.filter(actor=wanted.actor)
    if wanted.request_id:
        events = events.filter(request_id=wanted.request_id)
    if wanted.before is not None:
        events = events.filter(seq__lt=wanted.before)
    found = list(
        events.order_by("-seq").values_list(
            "seq",
            "created_at",
            "actor_kind",
            "actor",
            "verb",
            "request_id",
            "request__sentence",
            "entry",
            "hash",
        )[: PAGE + 1]
    )
    rows = tuple(_row(*values) for values in found[:PAGE])
    return AuditPage(rows, rows[-1].seq if len(found) > PAGE else None)


def head(team_id: UUID) -> tuple[int, str]:
    """The number of the last event and its hash in hex."""
    seq, chain_head = TeamStream.objects.values_list("seq", "chain_head").get(team_id=team_id)
    return seq, bytes(chain_head).hex()


def export_rows(team_id: UUID, *, after: int, upto: int) -> Iterator[ExportRow]:
    """Events numbered over `after` up to `upto`, oldest first, in flat memory: a chunk a query, no long transaction."""
    while after < upto:
        chunk = list(
            AuditEvent.objects.filter(team_id=team_id, seq__gt=after, seq__lte=upto)
            .order_by("seq")
            .values_list("seq", "entry", "previous", "hash")[:EXPORT_CHUNK]
        )
        if not chunk:
            return
        for seq, entry, previous, digest in chunk:
            yield ExportRow(seq, bytes(entry).decode(), bytes(previous).hex(), bytes(digest).hex())
        after = chunk[-1][0]


def _row(
    seq: int,
    at: datetime,
    actor_kind: str,
    actor: str,
    verb: str,
    request_id: UUID | None,
    sentence: str | None,
    entry: bytes | memoryview[int],
    digest: bytes | memoryview[int],
) -> AuditRow:
    facts = canonical.read(bytes(entry))["facts"]
    return AuditRow(
        seq=seq,
        at=at,
        actor_kind=actor_kind,
        actor=one_line(actor),
        verb=verb,
        word=action_word(verb, facts),
        about=sentence or "",
        detail=detail_of(verb, facts),
        request_id=request_id,
        digest=str(facts.get("digest") or ""),
        policy=str(facts.get("policy") or ""),
        hash=bytes(digest).hex(),
    )
