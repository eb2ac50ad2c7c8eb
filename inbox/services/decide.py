"""The one door to a verdict by people: pages, API and batches all come through `decide_many`.

Lock first, then look: request rows by id, then the clock, the member row, and only then state, deadline, digest
and rights. What was read before the locks is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents.crashpoints import crashpoint
from inbox import audit, canonical, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import Expired, Invalid, NotAllowed, Refused
from inbox.lifecycle import OnTimeout
from inbox.models import ApprovalRequest, Decision, IdempotencyKey, Team, Vote
from inbox.services.ballot import MESSAGE_LENGTH, Answer, Counted, Late, Line, Result, Table, Verdict, judge
from inbox.services.closing import Ending, close, leave_group
from inbox.services.escalate import Raised, catch_up
from inbox.services.expire import ending_by_timeout
from inbox.services.rejudging import Rejudged, held_version, rejudge

__all__ = ["MESSAGE_LENGTH", "Answer", "Decided", "Line", "Verdict", "decide", "decide_many"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a vote did. `decision` is None while `slots_open` names votes still needed."""

    request: ApprovalRequest
    decision: Decision | None
    slots_open: tuple[str, ...]
    seq: int
    repeated: bool = False


def decide(
    *,
    person: User,
    team: Team,
    request_id: UUID,
    digest: str,
    verdict: Verdict,
    message: str = "",
    via: str = "web",
    idempotency_key: str,
    actions: Mapping[str, Answer] | None = None,
) -> Decided:
    """Record one person's verdict. A repeat under the same key and body returns the first result.

    Raises NotFound, NotAllowed, AlreadyClosed, Changed, AlreadyVoted, Expired or Invalid; a NotAllowed is itself
    audited. Acknowledge only after this returns: everything is committed by then.
    """
    line = Line(request_id, digest, verdict, message, actions)
    fingerprint = canonical.digest(
        {
            "request": str(request_id),
            "digest": digest,
            "verdict": verdict,
            "message": message,
            "actions": dict(actions) if actions else None,
        }
    )
    try:
        result = _decide(person, team, line, via, (idempotency_key, fingerprint))
    except IntegrityError:
        # The key was used for another request at this very instant, and that one was first.
        raise _key_reused() from None
    crashpoint("decide.after_commit")
    if isinstance(result, Refused):
        raise result
    return result


def _decide(person: User, team: Team, line: Line, via: str, key: tuple[str, str]) -> Decided | Refused:
    with transaction.atomic(durable=True):
        result = decide_many(person=person, team=team, lines=[line], via=via, key=key)[0]
        crashpoint("decide.before_commit")
    return result


def decide_many(
    *,
    person: User,
    team: Team,
    lines: Sequence[Line],
    via: str,
    key: tuple[str, str] | None = None,
    batch: bool = False,
) -> list[Decided | Refused]:
    """Decide several requests in the caller's transaction, set-based; each line gets its result or its refusal.

    `key` is (idempotency key, fingerprint) for a single line. `batch` refuses what must be decided by itself.
    """
    requests = {
        request.pk: request
        for request in ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "policy_version__policy", "group")
        .filter(team=team, pk__in=[line.request_id for line in lines])
        .order_by("pk")
    }
    now = database_now()
    if key is not None:
        # After the lock: a double click's second half waits above and then finds the first one's answer.
        repeated = _repeated(person, key, requests.get(lines[0].request_id))
        if repeated is not None:
            return [repeated]
    # Under the same locks: a version that came into force since may ask more of what waits than was pinned.
    again = rejudge([one for one in requests.values() if not one.is_over(now)], held_version(team.pk))
    raised = catch_up([one for one in requests.values() if one.pk not in again.refusals], now)
    table = Table.load(person, team, list(requests.values()), now)
    verdicts = [
        again.refusals.get(line.request_id) or judge(line, requests.get(line.request_id), table, now, batch)
        for line in lines
    ]
    return _write(team, person, lines, verdicts, table, again, raised, now, via, key)


def _write(
    team: Team,
    person: User,
    lines: Sequence[Line],
    results: Sequence[Result],
    table: Table,
    again: Rejudged,
    raised: Raised,
    now: datetime,
    via: str,
    key: tuple[str, str] | None,
) -> list[Decided | Refused]:
    counted = [
        (line, result) for line, result in zip(lines, results, strict=True) if isinstance(result, Counted)
    ]
    # A halting one ends with its whole thread, whose other rows would be locked out of order here: the sweep's.
    late = [
        result.request
        for result in results
        if isinstance(result, Late) and result.request.on_timeout != OnTimeout.HALT.value
    ]
    tier = table.tier
    actor = Actor("person", person.get_username(), str(person.pk))
    Vote.objects.bulk_create(
        Vote(
            request=vote.request,
            revision_number=vote.request.revision_number,
            person=person,
            slot=vote.slot,
            tier=tier,
            digest=vote.request.digest,
            approves=vote.slot is not None,
            message=line.message,
            via=via,
        )
        for line, vote in counted
    )
    for _, vote in counted:
        vote.request.votes_cast += 1
    if counted:
        ApprovalRequest.objects.bulk_update([vote.request for _, vote in counted], ["votes_cast"])
    endings = [
        Ending(
            request=vote.request,
            kind=Decision.Kind.PERSON,
            actor=actor,
            verdicts=vote.verdicts,
            version=table.current,
            message=line.message,
            person=person,
            rule=vote.request.rule,
            via=via,
            idempotent=all(
                name in table.tools and table.tools[name].idempotent for name in vote.request.tools
            ),
            facts={"tier": tier, "slot": vote.slot},
            verb="break_glass" if vote.broke_glass else "",
        )
        for line, vote in counted
        if vote.closes
    ]
    endings += [ending_by_timeout(request, table.current, table.keys[request.pk]) for request in late]
    endings += again.endings
    voted = [
        Entry(
            verb="voted",
            actor=actor,
            request_id=vote.request.pk,
            facts={
                "tier": tier,
                "slot": vote.slot,
                "digest": vote.request.digest,
                "open": list(vote.left),
                "via": via,
                "message": line.message,
                **({"break_glass": True} if vote.broke_glass else {}),
            },
        )
        for line, vote in counted
        if not vote.closes
    ]
    noted = [*again.entries, *raised.entries, *_refusals(lines, results, actor, via), *voted]
    leaving = [*again.leaving, *raised.leaving]
    decisions: dict[UUID, Decision] = {}
    seq = 0
    if endings:
        decisions = {d.request_id: d for d in close(team.pk, endings, at=now, before=noted, leaving=leaving)}
        seq = max(decision.seq for decision in decisions.values())
    elif noted:
        leave_group(leaving)
        seq = audit.append(team.pk, noted, at=now)[-1].seq
        events.announce(team.pk, seq)
    answers: list[Decided | Refused] = []
    for result in results:
        if isinstance(result, Counted):
            decision = decisions.get(result.request.pk)
            answers.append(
                Decided(
                    result.request,
                    decision,
                    result.left if decision is None else (),
                    decision.seq if decision else seq,
                )
            )
        elif isinstance(result, Late):
            answers.append(Expired(extra={"expired_at": result.request.expires_at.isoformat()}))
        else:
            answers.append(result)
    if key is not None and isinstance(answers[0], Decided):
        _remember(person, key, answers[0])
    return answers


def _repeated(
    person: User, key: tuple[str, str], request: ApprovalRequest | None
) -> Decided | Refused | None:
    kept = IdempotencyKey.objects.filter(person=person, key=key[0]).first()
    if kept is None:
        return None
    if kept.fingerprint != key[1] or request is None:
        return _key_reused()
    decision = (
        Decision.objects.filter(pk=kept.result["decision"]).first() if kept.result["decision"] else None
    )
    return Decided(request, decision, tuple(kept.result["slots_open"]), kept.result["seq"], repeated=True)


def _remember(person: User, key: tuple[str, str], decided: Decided) -> None:
    IdempotencyKey.objects.create(
        person=person,
        key=key[0],
        fingerprint=key[1],
        result={
            "decision": str(decided.decision.pk) if decided.decision else None,
            "slots_open": list(decided.slots_open),
            "seq": decided.seq,
        },
    )


def _key_reused() -> Invalid:
    return Invalid(
        "idempotency-key-reused", "This idempotency key was used for another decision. Nothing was recorded."
    )


def _refusals(lines: Sequence[Line], results: Sequence[Result], actor: Actor, via: str) -> list[Entry]:
    """What someone tried and may not do, for the record; a batch sheet's own limits are not that."""
    return [
        Entry("refused", actor, line.request_id, {"code": result.code, "via": via})
        for line, result in zip(lines, results, strict=True)
        if isinstance(result, NotAllowed) and result.code != "individual-only"
    ]
