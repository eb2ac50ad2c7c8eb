"""Writing and verifying the audit chain.

hash(n) = SHA-256(1 ‖ hash(n-1) ‖ SHA-256(0 ‖ entry)); the first previous hash is 32 zero bytes. `append` is the
last thing a writing transaction does before its own rows that carry the receipt: it holds the team's stream row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from inbox import canonical
from inbox.models import AuditEvent, Team, TeamStream

GENESIS = bytes(32)
VERBS: dict[str, str] = {
    "requested": "An agent asked for approval.",
    "voted": "A person approved or rejected; more votes are needed.",
    "edited": "A person changed what is asked; it was judged again.",
    "questioned": "A person asked the agent something; it is the agent's turn.",
    "sent_back": "A person wants another draft; it is the agent's turn.",
    "guided": "A person left the agent a note, which blocks nothing.",
    "answered": "The agent answered; the request waits for people again.",
    "revised": "The agent sent another draft, which was judged anew.",
    "held": "People decided; until its release it can be undone.",
    "undone": "A held decision was taken back; the request waits again.",
    "decided": "The request was decided, by people or by policy.",
    "consumed": "The agent took its one permit to act on the decision.",
    "recalled": "A released decision was taken back before the agent had it.",
    "compensated": "Somebody asked the agent to put back what it did.",
    "feedback": "Somebody said that a decision was right, wrong, or did harm.",
    "paused": "An agent, a tool, the team or everything was stopped.",
    "resumed": "A pause ended.",
    "grant_made": "Somebody let calls like one of an agent's pass for a while.",
    "grant_used": "A request passed by a grant.",
    "grant_ended": "A grant was revoked, expired, or was used up.",
    "break_glass": "People let a blocked request pass, saying why.",
    "expired": "Nobody decided before the deadline.",
    "escalated": "It needs further people: nobody decided in time, or somebody was unsure.",
    "overdue": "Its deadline has passed and it goes on waiting.",
    "assigned": "It is somebody else's first.",
    "claimed": "Somebody works on it for the next five minutes.",
    "claim_released": "Who had claimed it let it go.",
    "delegated": "Somebody passed it on to a member who may decide it.",
    "snoozed": "Somebody put it aside for themselves; it waits all the same.",
    "snooze_ended": "What somebody had put aside came back to them.",
    "withdrawn": "The agent took the request back, or its run ended.",
    "superseded": "The agent asked anew in its place.",
    "refused": "Someone tried what they may not do; nothing was recorded.",
    "delivered": "The agent has the decision.",
    "delivery_failed": "The decision did not reach the agent, or its outcome is unknown.",
    "outcome_reported": "The agent said what happened.",
    "run_ended": "A hosted run finished or failed.",
    "team_created": "A team came to be.",
    "member_changed": "A person was invited, moved to another tier, or deactivated.",
    "rota_changed": "Who is on call in turn changed.",
    "delegation_changed": "Somebody is away, or no longer is, or somebody else stands in.",
    "tier_changed": "The ladder of tiers changed.",
    "group_changed": "A group was made, or a person joined or left one.",
    "ceiling_changed": "What a person may decide at most changed.",
    "team_changed": "A setting of the team changed: its own domains, or how long a raise waits before it counts.",
    "tool_changed": "What is known about a tool changed.",
    "policy_changed": "A new version of the policy came into force.",
    "policy_drafted": "A version of the policy was written; it is not in force.",
    "change_settled": "A change that loosens was applied, or approved and not applied.",
    "rejudged": "A new version of the policy asks more of a request that waits.",
    "shadow_changed": "A version of the policy began or ended to be tried in shadow.",
    "policy_backtested": "A draft of the policy was tried on past requests.",
    "agent_changed": "An agent was registered, switched on or off.",
    "token_changed": "A token of an agent, or a person's own, was made or revoked.",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` is person, agent, policy or system; `name` as it was at the time."""

    kind: str
    name: str
    id: str = ""


SYSTEM = Actor("system", "placet")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to record. `facts` must be JSON; payloads appear only as digests, which are salted."""

    verb: str
    actor: Actor
    request_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an entry stands in the chain."""

    seq: int
    hash: bytes


def link(previous: bytes, entry: bytes) -> bytes:
    """The next hash of the chain."""
    return hashlib.sha256(b"\x01" + previous + hashlib.sha256(b"\x00" + entry).digest()).digest()


def append(team_id: UUID, entries: Sequence[Entry], *, at: datetime) -> list[Receipt]:
    """Record entries in the caller's transaction; one lock, one insert, one update for any number.

    Raises KeyError for a verb that is not in VERBS.
    """
    stream = TeamStream.objects.select_for_update().get(team_id=team_id)
    seq, head = stream.seq, bytes(stream.chain_head)
    rows: list[AuditEvent] = []
    receipts: list[Receipt] = []
    for item in entries:
        VERBS[item.verb]
        seq += 1
        raw = canonical.dumps(
            {
                "v": 1,
                "team": str(team_id),
                "seq": seq,
                "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
                "verb": item.verb,
                "actor": {"kind": item.actor.kind, "name": item.actor.name, "id": item.actor.id},
                "request": str(item.request_id) if item.request_id else None,
                "facts": item.facts,
            }
        )
        following = link(head, raw)
        rows.append(
            AuditEvent(
                team_id=team_id,
                seq=seq,
                verb=item.verb,
                actor_kind=item.actor.kind,
                actor=item.actor.name,
                request_id=item.request_id,
                entry=raw,
                previous=head,
                hash=following,
                created_at=at,
            )
        )
        head = following
        receipts.append(Receipt(seq, following))
    AuditEvent.objects.bulk_create(rows)
    TeamStream.objects.filter(team_id=team_id).update(seq=seq, chain_head=head)
    return receipts


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying found. `first_bad_seq` names the first event that does not hold; `head` is hex."""

    ok: bool
    length: int
    first_bad_seq: int | None
    head: str


def verify_chain(team: Team, *, chunk: int = 2_000) -> ChainReport:
    """Recompute a team's whole chain from its entries, streaming; memory stays flat.

    Shows any change, insertion, deletion or reordering. A rewritten tail is shown only against a receipt or
    checkpoint kept elsewhere.
    """
    head, seq = GENESIS, 0
    while True:
        rows = list(
            AuditEvent.objects.filter(team=team, seq__gt=seq)
            .order_by("seq")
            .values_list("seq", "entry", "previous", "hash")[:chunk]
        )
        for number, entry, previous, stored in rows:
            following = link(head, bytes(entry))
            if number != seq + 1 or bytes(previous) != head or bytes(stored) != following:
                return ChainReport(False, seq, seq + 1, head.hex())
            head, seq = following, number
        if len(rows) < chunk:
            break
    stream = TeamStream.objects.get(team=team)
    if stream.seq > seq:
        # Events appended while we read are no gap; events missing before the stored head are.
        tail = AuditEvent.objects.filter(team=team, seq__gt=seq).count()
        if tail != stream.seq - seq:
            return ChainReport(False, seq, seq + 1, head.hex())
    return ChainReport(True, seq, None, head.hex())
