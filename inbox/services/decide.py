"""The one door to a verdict by people: pages, API and batches all come through `decide_many`.

Lock first, then look: request rows by id, then the clock, the member row, and only then state, deadline, digest
and rights. What was read before the locks is not trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents import gate
from agents.crashpoints import crashpoint
from inbox import audit, canonical, events
from inbox.answers import Answers
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import Expired, Invalid, NotAllowed, Refused
from inbox.lifecycle import OnTimeout, Verb, outcome_of
from inbox.models import ApprovalRequest, Decision, Hold, IdempotencyKey, Team, Vote
from inbox.selectors.pauses import paused
from inbox.services.ballot import Counted, Late, Line, Proposed, Result, Table, Verdict, judge, kept
from inbox.services.closing import Ending, close, leave_group
from inbox.services.deferred import bring_back
from inbox.services.edit import Edited, edit, may_edit
from inbox.services.escalate import Raised, catch_up
from inbox.services.expire import ending_by_timeout
from inbox.services.holds import ending_of, hold, new_hold, seconds_held
from inbox.services.notify import Notice, notify, settle
from inbox.services.rejudging import Rejudged, held_version, rejudge
from inbox.services.verbs import MESSAGE_LENGTH

__all__ = ["MESSAGE_LENGTH", "Decided", "Line", "Verdict", "decide", "decide_many"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a vote did. `decision` is None while `slots_open` names votes still needed, and until `release_at`.

    `proposed`: an edit was stored, and others are to decide it.
    """

    request: ApprovalRequest
    decision: Decision | None
    slots_open: tuple[str, ...]
    seq: int
    repeated: bool = False
    release_at: datetime | None = None
    proposed: bool = False


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
    actions: Answers | None = None,
    set_aside: Sequence[Mapping[str, Any]] = (),
    over_claim: bool = False,
) -> Decided:
    """Record one person's verdict. A repeat under the same key and body returns the first result.

    `set_aside` are the lines that an edit in `actions` took out, as a revision keeps them.
    Raises NotFound, NotAllowed, AlreadyClosed, Changed, AlreadyVoted, Expired or Invalid; a NotAllowed is itself
    audited. Acknowledge only after this returns: everything is committed by then.
    """
    line = Line(request_id, digest, verdict, message, actions, over_claim)
    fingerprint = canonical.digest(
        {
            "request": str(request_id),
            "digest": digest,
            "verdict": verdict,
            "message": message,
            "actions": _spelled(actions),
            "set_aside": list(set_aside),
        }
    )
    try:
        result = _decide(person, team, line, via, (idempotency_key, fingerprint), set_aside)
    except IntegrityError:
        # The key was used for another request at this very instant, and that one was first.
        raise _key_reused() from None
    crashpoint("decide.after_commit")
    if isinstance(result, Refused):
        raise result
    return result


def _decide(
    person: User,
    team: Team,
    line: Line,
    via: str,
    key: tuple[str, str],
    set_aside: Sequence[Mapping[str, Any]],
) -> Decided | Refused:
    with transaction.atomic(durable=True):
        result = decide_many(person=person, team=team, lines=[line], via=via, key=key, set_aside=set_aside)[0]
        crashpoint("decide.before_commit")
    return result


def decide_many(
    *,
    person: User,
    team: Team,
    lines: Sequence[Line],
    via: str,
    key: tuple[str, str] | None = None,
    batch: UUID | None = None,
    together: bool = False,
    set_aside: Sequence[Mapping[str, Any]] = (),
) -> list[Decided | Refused]:
    """Decide several requests in the caller's transaction, set-based; each line gets its result or its refusal.

    `key` is (idempotency key, fingerprint) for a single line, the only one that may edit. `together` refuses what must
    be decided by itself; `batch` is the batch they are undone with.
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
    table = Table.load(person, team, list(requests.values()), now, batch=together)
    results: list[Result] = [
        again.refusals.get(line.request_id)
        or judge(line, requests.get(line.request_id), table, now, together)
        for line in lines
    ]
    edited = Edited()
    if len(lines) == 1 and lines[0].edits and may_edit(results[0]):
        request = requests[lines[0].request_id]
        edited = edit(lines[0], request, table, person, team, now, set_aside)
        results, table = [edited.result or results[0]], edited.table or table
    return _write(team, person, lines, results, table, again, raised, edited, now, via, key, batch)


def _write(
    team: Team,
    person: User,
    lines: Sequence[Line],
    results: Sequence[Result],
    table: Table,
    again: Rejudged,
    raised: Raised,
    edited: Edited,
    now: datetime,
    via: str,
    key: tuple[str, str] | None,
    batch: UUID | None,
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
            answers=kept(vote.answers),
            message=line.message,
            via=via,
        )
        for line, vote in counted
    )
    for _, vote in counted:
        vote.request.votes_cast += 1
        if table.member is not None and vote.request.claimed_by_id == table.member.pk:
            # Who has voted works on it no longer: others would wait for nothing.
            vote.request.claimed_by, vote.request.claimed_until = None, None
    if counted:
        ApprovalRequest.objects.bulk_update(
            [vote.request for _, vote in counted], ["votes_cast", "claimed_by", "claimed_until"]
        )
    out = _settled(team, person, counted, table, now, via, batch)
    endings, holds = [*out.endings], out.holds
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
    noted = [*again.entries, *raised.entries, *_refusals(lines, results, actor, via), *edited.entries, *voted]
    leaving = [*again.leaving, *raised.leaving, *edited.leaving, *(one.request for one in holds)]
    if holds:
        noted += hold(holds, now)
    noted += out.entries
    notices = [*raised.notices, *out.notices]
    until = {one.request.pk: one.release_at for one in holds}
    decisions: dict[UUID, Decision] = {}
    seq = 0
    if endings:
        made = close(
            team.pk, endings, at=now, before=noted, leaving=leaving, notices=notices, moved=raised.before
        )
        decisions = {decision.request_id: decision for decision in made}
        seq = max(decision.seq for decision in decisions.values())
    elif noted:
        leave_group(leaving)
        notify(notices, now)
        settle([*leaving, *raised.before], now)
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
                    release_at=until.get(result.request.pk),
                )
            )
        elif isinstance(result, Proposed):
            answers.append(Decided(result.request, None, result.left, seq, proposed=True))
        elif isinstance(result, Late):
            answers.append(Expired(extra={"expired_at": result.request.expires_at.isoformat()}))
        else:
            answers.append(result)
    if key is not None and isinstance(answers[0], Decided):
        _remember(person, key, answers[0])
    return answers


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the votes that complete their requests come to: released at once, or held. `entries` go before the endings'."""

    endings: Sequence[Ending] = ()
    holds: Sequence[Hold] = ()
    entries: Sequence[Entry] = ()
    notices: Sequence[Notice] = ()


def _settled(
    team: Team,
    person: User,
    counted: Sequence[tuple[Line, Counted]],
    table: Table,
    now: datetime,
    via: str,
    batch: UUID | None,
) -> _Settled:
    closing = [(line, vote) for line, vote in counted if vote.closes]
    if not closing:
        return _Settled()
    # Whoever pauses waits for us here; what was paused before is seen below.
    gate.pass_through()
    ids = [vote.request.pk for _, vote in closing]
    still = set(ApprovalRequest.objects.filter(paused(), pk__in=ids).values_list("pk", flat=True))
    seconds = {vote.request.pk: seconds_held(vote.request, table.current) for _, vote in closing}
    at_once = {pk for pk, held in seconds.items() if not held and pk not in still}
    brought = bring_back(
        [vote.request for _, vote in closing if vote.request.pk in at_once], version=table.current, at=now
    )
    endings: list[Ending] = []
    holds: list[Hold] = []
    for line, vote in closing:
        request = vote.request
        facts = {"tier": table.tier, "slot": vote.slot}
        if request.pk in at_once:
            endings.append(
                ending_of(
                    request,
                    person=person,
                    answers=vote.answers,
                    version=table.current,
                    message=line.message,
                    via=via,
                    broke_glass=vote.broke_glass,
                    facts=facts,
                    tools=table.tools,
                    lines=brought.lines.get(request.pk, {}),
                )
            )
        else:
            holds.append(
                new_hold(
                    request,
                    person=person,
                    answers=vote.answers,
                    outcome=_comes_to(vote, table),
                    version=table.current,
                    message=line.message,
                    via=via,
                    broke_glass=vote.broke_glass,
                    facts=facts,
                    seconds=seconds[request.pk],
                    at=now,
                    batch_id=batch,
                )
            )
    return _Settled(endings, holds, brought.entries, brought.notices)


def _comes_to(vote: Counted, table: Table) -> str:
    """The outcome in a word, for who looks at it while it is held; the answer itself is made at its release."""
    found = table.bytes.get(vote.request.pk)
    return outcome_of(
        Verb.EDIT if found is not None and said.verb.lets_run and found.edited(key) else said.verb
        for key, said in vote.answers.items()
    ).value


def _repeated(
    person: User, key: tuple[str, str], request: ApprovalRequest | None
) -> Decided | Refused | None:
    row = IdempotencyKey.objects.filter(person=person, key=key[0]).first()
    if row is None:
        return None
    if row.fingerprint != key[1] or request is None:
        return _key_reused()
    until = row.result["release_at"]
    # Held then, released since: the answer is what became of that very decision. Undone, it became nothing, and what
    # others decided since is not the answer.
    stands = (row.result["decision"] or until) and Vote.objects.filter(
        request=request, person=person, retracted_at=None
    ).exists()
    decision = Decision.objects.filter(request=request).first() if stands else None
    until = until if stands else None
    return Decided(
        request,
        decision,
        tuple(row.result["slots_open"]),
        row.result["seq"],
        repeated=True,
        release_at=datetime.fromisoformat(until) if until else None,
        proposed=row.result["proposed"],
    )


def _remember(person: User, key: tuple[str, str], decided: Decided) -> None:
    IdempotencyKey.objects.create(
        person=person,
        key=key[0],
        fingerprint=key[1],
        result={
            "decision": str(decided.decision.pk) if decided.decision else None,
            "slots_open": list(decided.slots_open),
            "seq": decided.seq,
            "release_at": decided.release_at.isoformat() if decided.release_at else None,
            "proposed": decided.proposed,
        },
    )


def _spelled(actions: Answers | None) -> dict[str, Any] | None:
    if not actions:
        return None
    return {
        key: {
            "verb": said.verb.value,
            "args": dict(said.args) if said.args is not None else None,
            "value": said.value,
            "message": said.message,
        }
        for key, said in actions.items()
    }


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
