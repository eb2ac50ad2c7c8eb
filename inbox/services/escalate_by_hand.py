"""Somebody is unsure: they say why, and the request needs the people of its next step as well, never fewer.

Who escalates keeps their rights: what counts is whether their vote fills one of the slots there are then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox import audit, events
from inbox.audit import Entry
from inbox.errors import Conflict
from inbox.models import ApprovalRequest, Team
from inbox.policy.need import Need
from inbox.policy.requirement import strictest
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate
from inbox.selectors.policy import document_of, needs_now
from inbox.services.closing import leave_group
from inbox.services.notify import Kind, assigned, notify, settle
from inbox.services.people import actor_of
from inbox.services.routing import COLUMNS, route
from inbox.services.waiting import lock_waiting, reason_of


@dataclass(frozen=True, slots=True)
class Escalated:
    """What the request needs now, and whose it is first, "" for nobody."""

    request: ApprovalRequest
    needs: tuple[Need, ...]
    assignee: str


def escalate(*, person: User, team: Team, request_id: UUID, reason: str, via: str = "web") -> Escalated:
    """Let a request need its next step's people: the policy's next step for its risk, else one of the next tier up.

    It stands by itself from then on and is routed anew. Raises NotFound, AlreadyClosed or Expired, Invalid
    (reason-missing, reason-too-long) and Conflict (nobody-further-up) where nobody could fill a further place.
    """
    reason = reason_of(reason)
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id)
        request, now = waiting.request, waiting.now
        before = copy(request)
        electorate = Electorate.load(team.pk, [request], at=now, people=None)
        needs = _next(request, electorate)
        request.batchable, request.group = False, None
        routed = route(team.pk, [request], at=now, current=electorate.current)[request.pk]
        request.save(update_fields=["needs", "batchable", "group", "flags", *COLUMNS])
        leave_group([before])
        notify(assigned([request], Kind.ESCALATED), now)
        settle([before], now)
        facts = {"needs": request.needs, "reason": reason, "digest": request.digest, "via": via, **routed}
        entry = Entry("escalated", actor_of(person), request.pk, facts)
        events.announce(team.pk, audit.append(team.pk, [entry], at=now)[0].seq)
    return Escalated(request, needs, str(routed.get("assignee", "")))


def _next(request: ApprovalRequest, electorate: Electorate) -> tuple[Need, ...]:
    """Set the first needs that ask for more than today's and that people of the team can fill."""
    ranks, pinned = electorate.ranks, request.needs
    today = needs_now(request, electorate.current, ranks)
    for extra in _steps(request, today, ranks):
        needs = strictest(today, extra, ranks)
        if set(needs) == set(today):
            continue
        request.needs = [need.model_dump(exclude_none=True) for need in needs]
        if not electorate.unfillable(request):
            return needs
    request.needs = pinned
    raise Conflict("nobody-further-up", "Not escalated: there is nobody further up who could decide it.")


def _steps(
    request: ApprovalRequest, today: Sequence[Need], ranks: Mapping[str, int]
) -> Iterator[Sequence[Need]]:
    for step in document_of(request.policy_version).steps_of(Risk(request.risk)):
        yield step.needs
    highest = max((ranks.get(need.tier or "", 0) for need in today), default=0)
    for tier, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if rank > highest:
            yield [Need(tier=tier, count=1)]
