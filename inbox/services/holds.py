"""Between people's decision and its release: held, undone, or released when the database clock says so.

The caller of `hold` has the request's row lock. Nothing an agent could read exists before `release_due` has run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from agents import gate
from inbox import audit, events
from inbox.answers import Answers, read, stored
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Decision, Hold, PolicyVersion, Tool
from inbox.policy.words import Risk
from inbox.selectors.pauses import paused
from inbox.selectors.policy import document_of, tools_named
from inbox.services.closing import Ending, close
from inbox.services.deferred import bring_back
from inbox.services.people import actor_of
from inbox.services.rejudging import asked_by, held_version, refused_by, rejudge
from inbox.services.routing import COLUMNS, route

CHUNK: Final = 200


def seconds_held(request: ApprovalRequest, version: PolicyVersion) -> int:
    """How long a decision on it can be undone by the policy in force; 0 releases it at once."""
    return document_of(version).hold_of(Risk(request.risk), request.tools)


def ending_of(
    request: ApprovalRequest,
    *,
    person: User | None,
    answers: Answers,
    version: PolicyVersion,
    message: str,
    via: str,
    broke_glass: bool,
    facts: Mapping[str, Any],
    tools: Mapping[str, Tool],
    lines: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Ending:
    """How a request ends by people's decision, or by policy's where `person` is None, at once or after its hold."""
    return Ending(
        request=request,
        kind=Decision.Kind.PERSON if person is not None else Decision.Kind.POLICY,
        actor=_actor(person, version),
        answers=answers,
        version=version,
        message=message,
        person=person,
        rule=request.rule,
        via=via,
        idempotent=all(name in tools and tools[name].idempotent for name in request.tools),
        facts=dict(facts),
        lines=lines,
        verb="break_glass" if broke_glass else "",
    )


def hold(holds: Sequence[Hold], at: datetime) -> list[Entry]:
    """Store the holds of locked, pending requests; the caller lets them leave their groups. Returns what to record."""
    Hold.objects.bulk_create(holds)
    for one in holds:
        one.request.state = State.HELD.value
    changed = ApprovalRequest.objects.filter(
        pk__in=[one.request.pk for one in holds], state=State.PENDING.value
    ).update(state=State.HELD.value)
    if changed != len(holds):
        raise AssertionError("a request under our lock was closed by someone else")
    return [
        Entry(
            "held",
            _actor(one.person, one.policy_version),
            one.request.pk,
            {
                "outcome": one.outcome,
                "digest": one.digest,
                "revision": one.revision_number,
                "policy": str(one.policy_version),
                "via": one.via,
                "message": one.message,
                "release_at": one.release_at.isoformat(timespec="milliseconds"),
                **one.facts,
                **({"break_glass": True} if one.broke_glass else {}),
            },
        )
        for one in holds
    ]


def new_hold(
    request: ApprovalRequest,
    *,
    person: User | None,
    answers: Answers,
    outcome: str,
    version: PolicyVersion,
    message: str,
    via: str,
    broke_glass: bool,
    facts: Mapping[str, Any],
    seconds: int,
    at: datetime,
    batch_id: UUID | None = None,
) -> Hold:
    """A hold that ends `seconds` after `at`, not saved."""
    return Hold(
        request=request,
        revision_number=request.revision_number,
        digest=request.digest,
        person=person,
        answers=stored(answers),
        outcome=outcome,
        policy_version=version,
        message=message,
        via=via,
        broke_glass=broke_glass,
        facts=dict(facts),
        batch_id=batch_id,
        held_at=at,
        release_at=at + timedelta(seconds=seconds),
    )


def release_due(*, limit: int = 2_000) -> int:
    """Release what was held long enough, a chunk and a team a transaction. Returns how many.

    What is paused stays held, however long; the first round after the pause releases it.
    """
    released = 0
    after: UUID | None = None
    while released < limit:
        with transaction.atomic():
            team_id, count = _chunk(min(CHUNK, limit - released), after)
        released += count
        if team_id is None:
            break
        if count == 0:
            after = team_id
    return released


def next_release() -> datetime | None:
    """When the next hold ends, for whoever sleeps until then."""
    return _open().order_by("release_at").values_list("release_at", flat=True).first()


def _open() -> QuerySet[Hold]:
    return Hold.objects.filter(ended_at=None).exclude(paused("request"))


def _chunk(size: int, after: UUID | None) -> tuple[UUID | None, int]:
    """One team's due holds, teams in the order of their ids: (None, 0) when no team has any."""
    due = _open().filter(release_at__lte=database_now())
    teams = due.order_by("request__team_id")
    if after is not None:
        teams = teams.filter(request__team_id__gt=after)
    team_id = teams.values_list("request__team_id", flat=True).first()
    if team_id is None:
        return None, 0
    # The oldest first; then the locks, requests by id.
    wanted = list(
        due.filter(request__team_id=team_id)
        .order_by("release_at")
        .values_list("request_id", flat=True)[:size]
    )
    requests = {
        request.pk: request
        for request in ApprovalRequest.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("agent", "policy_version__policy")
        .filter(pk__in=wanted, state=State.HELD.value)
        .order_by("pk")
    }
    if not requests:
        return team_id, 0
    version = held_version(team_id)
    gate.pass_through()
    # After the locks: an undo that was first has ended the hold by now, and a pause begun since counts.
    now = database_now()
    holds = list(
        _open()
        .select_related("person", "policy_version__policy")
        .filter(request__in=requests, release_at__lte=now)
        .order_by("request_id")
    )
    for one in holds:
        one.request = requests[one.request_id]
    _release(team_id, holds, version, now)
    return team_id, len(holds)


def _release(team_id: UUID, holds: Sequence[Hold], version: PolicyVersion, now: datetime) -> None:
    if not holds:
        return
    refused = refused_by(version, [one.request for one in holds])
    # What policy alone let pass rests on policy alone: it goes to people where they are wanted by now.
    wanted = asked_by(version, [one.request for one in holds if one.person_id is None])
    returning = [one for one in holds if one.request.pk in wanted]
    going = [one for one in holds if one.request.pk not in refused and one.request.pk not in wanted]
    tools = tools_named(team_id, {name for one in going for name in one.request.tools})
    brought = bring_back([one.request for one in going], version=version, at=now)
    endings = [
        ending_of(
            one.request,
            person=one.person,
            answers=read(bytes(one.answers)),
            version=one.policy_version,
            message=one.message,
            via=one.via,
            broke_glass=one.broke_glass,
            facts={**one.facts, "held_at": one.held_at.isoformat(timespec="milliseconds")},
            tools=tools,
            lines=brought.lines.get(one.request.pk, {}),
        )
        for one in going
    ]
    Hold.objects.filter(pk__in=[one.pk for one in going]).update(ended_at=now, end=Hold.End.RELEASED)
    Hold.objects.filter(request__in=refused, ended_at=None).update(ended_at=now, end=Hold.End.REFUSED)
    returned = _return(returning, version, now)
    if endings or refused:
        close(
            team_id,
            [*endings, *refused.values()],
            at=now,
            before=[*returned, *brought.entries],
            notices=brought.notices,
        )
    else:
        note(team_id, returned, now)


def _return(holds: Sequence[Hold], version: PolicyVersion, now: datetime) -> list[Entry]:
    """Policy's own passes that wait for people from now on, by the version in force. Returns what to record."""
    if not holds:
        return []
    requests = [one.request for one in holds]
    Hold.objects.filter(pk__in=[one.pk for one in holds]).update(ended_at=now, end=Hold.End.UNDONE)
    for request in requests:
        request.state = State.PENDING.value
    ApprovalRequest.objects.bulk_update(requests, ["state"])
    again = rejudge(requests, version)
    routed = route(version.policy.team_id, requests, at=now)
    ApprovalRequest.objects.bulk_update(requests, ["flags", *COLUMNS])
    actor = Actor("policy", str(version))
    return [
        *(
            Entry(
                "undone",
                actor,
                one.request.pk,
                {
                    "outcome": one.outcome,
                    "digest": one.request.digest,
                    "held_at": one.held_at.isoformat(timespec="milliseconds"),
                    "reason": f"{version} came into force and asks people.",
                    "via": "policy",
                    **routed.get(one.request.pk, {}),
                },
            )
            for one in holds
        ),
        *again.entries,
    ]


def _actor(person: User | None, version: PolicyVersion) -> Actor:
    return actor_of(person) if person is not None else Actor("policy", str(version))


def let_go(requests: Sequence[ApprovalRequest], at: datetime) -> None:
    """End the holds of locked requests that the agent took back."""
    held = [request.pk for request in requests if request.state == State.HELD.value]
    Hold.objects.filter(request__in=held, ended_at=None).update(ended_at=at, end=Hold.End.GONE)


def note(team_id: UUID, entries: Sequence[Entry], at: datetime) -> int:
    """Record and announce; returns the last seq."""
    seq = audit.append(team_id, entries, at=at)[-1].seq
    events.announce(team_id, seq)
    return seq
