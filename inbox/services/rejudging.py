"""A new version held against what already waits: it may ask for more or refuse, and never for less.

Done in the background in chunks, and once more where a decision is recorded: between a version's coming into force
and its chunk a request must not be approved by fewer people than the version asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from inbox import audit, events
from inbox.answers import REJECTED
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import AlreadyClosed
from inbox.lifecycle import State
from inbox.models import Activation, ApprovalRequest, Decision, Policy, PolicyVersion
from inbox.models.change import CHANNEL
from inbox.policy.evaluate import Verdict
from inbox.policy.facts import Claims, Facts
from inbox.policy.requirement import strictest
from inbox.policy.words import Outcome, Risk, worst
from inbox.selectors.actions import action_keys
from inbox.selectors.policy import judged_by_another, pinned_needs, tier_ranks
from inbox.services.closing import Ending, close, leave_group
from inbox.services.judging import denial, verdict_by
from inbox.services.past import past

log = structlog.get_logger(__name__)

CHUNK: Final = 100
# An asking that read the version before may commit this much later than the version came into force.
LATE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What came of it: audit entries for requests that now need more, and endings for those refused.

    `leaving` are to leave their groups, as they were; the caller does that after the members' locks.
    """

    entries: Sequence[Entry] = ()
    endings: Sequence[Ending] = ()
    leaving: Sequence[ApprovalRequest] = ()

    @property
    def refusals(self) -> dict[UUID, AlreadyClosed]:
        """What somebody is told who decides a request that the version refuses."""
        return {
            ending.request.pk: AlreadyClosed(
                detail=f"Not recorded: {ending.version} came into force and refuses this.",
                extra={"who": f"policy {ending.version}", "outcome": "rejected"},
            )
            for ending in self.endings
        }


def held_version(team_id: UUID) -> PolicyVersion:
    """The version in force, which nobody can replace until the caller's transaction ends.

    Shared: decisions do not wait for each other here, only whoever puts another version in force waits for them.
    So a decision that rests on a version stands in the log before the version that replaced it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_id FROM inbox_policy WHERE team_id = %s FOR SHARE", [team_id])
        row = cursor.fetchone()
    if row is None:
        raise PolicyVersion.DoesNotExist
    return PolicyVersion.objects.select_related("policy__team").get(pk=row[0])


def rejudge(requests: Sequence[ApprovalRequest], version: PolicyVersion) -> Rejudged:
    """Hold some locked requests of one team, agents loaded, against the version in force, which is held too.

    Writes what they need now. Those the version refuses are returned to be closed; none is ever approved here.
    """
    stale = [request for request in requests if is_stale(request, version)]
    if not stale:
        return Rejudged()
    ranks = tier_ranks(version.policy.team_id)
    actor = Actor("policy", str(version))
    entries: list[Entry] = []
    refused: list[tuple[ApprovalRequest, Verdict]] = []
    leaving: list[ApprovalRequest] = []
    for one in past(version.policy.team.slug, stale):
        request, verdict = one.request, verdict_by(version, one.facts or _unreadable(one.request))
        request.judged_by = version
        if verdict.outcome is Outcome.DENY:
            refused.append((request, verdict))
            continue
        before = _standing(request)
        if verdict.outcome is not Outcome.ALLOW:
            raise_to(request, verdict, ranks)
            if request.batchable and not verdict.batchable:
                leaving.append(copy(request))
                request.batchable, request.group = False, None
        if _standing(request) != before:
            facts = {"policy": str(version), "before": before, "after": _standing(request)}
            entries.append(Entry("rejudged", actor, request.pk, facts))
    ApprovalRequest.objects.bulk_update(
        stale, ["judged_by", "needs", "risk", "blocked", "batchable", "group", "reasons"]
    )
    keys = action_keys([request for request, _ in refused])
    endings = [refusal(request, verdict, version, keys[request.pk]) for request, verdict in refused]
    return Rejudged(entries, endings, leaving)


def refused_by(version: PolicyVersion, requests: Sequence[ApprovalRequest]) -> dict[UUID, Ending]:
    """Of some locked requests that were decided and not released, those the version in force refuses by now.

    An approval is no licence for ever: what policy forbids at its release is not released.
    """
    refused = [
        (request, verdict)
        for request, verdict in _judged_anew(version, requests)
        if verdict.outcome is Outcome.DENY
    ]
    keys = action_keys([request for request, _ in refused])
    return {request.pk: refusal(request, verdict, version, keys[request.pk]) for request, verdict in refused}


def asked_by(version: PolicyVersion, requests: Sequence[ApprovalRequest]) -> set[UUID]:
    """Of some locked requests that an earlier version let pass by itself, those for which this one wants people."""
    wanting = (Outcome.REVIEW, Outcome.BLOCKED)
    return {request.pk for request, verdict in _judged_anew(version, requests) if verdict.outcome in wanting}


def _judged_anew(
    version: PolicyVersion, requests: Sequence[ApprovalRequest]
) -> list[tuple[ApprovalRequest, Verdict]]:
    stale = [request for request in requests if _judged_by_another(request, version)]
    return [
        (one.request, verdict_by(version, one.facts or _unreadable(one.request)))
        for one in past(version.policy.team.slug, stale)
    ]


def is_stale(request: ApprovalRequest, version: PolicyVersion) -> bool:
    """Whether a request waits and was last judged by another version. Changes of the rules themselves never are."""
    return request.state == State.PENDING.value and _judged_by_another(request, version)


def _judged_by_another(request: ApprovalRequest, version: PolicyVersion) -> bool:
    return request.channel != CHANNEL and (request.judged_by_id or request.policy_version_id) != version.pk


def rejudge_waiting(*, limit: int = 2_000) -> int:
    """Hold what waits in teams with a new version against it, a chunk a transaction. Returns how many were judged."""
    judged = 0
    behind = Policy.objects.filter(Q(rejudged=None) | ~Q(rejudged=F("current")))
    for policy_id, team_id in behind.values_list("pk", "team_id"):
        while judged < limit:
            with transaction.atomic():
                count = _chunk(team_id)
            judged += count
            if count == 0:
                _settle(policy_id, team_id)
                break
    return judged


def rejudge_team(policy_id: UUID) -> None:
    """The same for one team, right after a version came into force."""
    team_id = Policy.objects.values_list("team_id", flat=True).get(pk=policy_id)
    while True:
        with transaction.atomic():
            if _chunk(team_id) == 0:
                return


def _chunk(team_id: UUID) -> int:
    requests = list(
        _behind(team_id)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("agent", "policy_version__policy", "group")
        .order_by("pk")[:CHUNK]
    )
    if not requests:
        return 0
    version = held_version(team_id)
    found = rejudge(requests, version)
    now = database_now()
    if found.endings:
        close(team_id, found.endings, at=now, before=found.entries, leaving=found.leaving)
    elif found.entries:
        leave_group(found.leaving)
        events.announce(team_id, audit.append(team_id, found.entries, at=now)[-1].seq)
    return len(requests)


def _settle(policy_id: UUID, team_id: UUID) -> None:
    """Note that everything was judged again, once nothing asked under an older version can appear any more."""
    last = Activation.objects.filter(policy_id=policy_id).order_by("-created_at").first()
    if last is not None and database_now() < last.created_at + LATE:
        return
    if not _behind(team_id).exists():
        settled = Policy.objects.filter(pk=policy_id)
        (settled.filter(current=last.version_id) if last else settled).update(rejudged=F("current"))


def _behind(team_id: UUID) -> QuerySet[ApprovalRequest]:
    """What waits and was last judged by a version that is not in force."""
    current = Policy.objects.values_list("current_id", flat=True).get(team_id=team_id)
    return ApprovalRequest.objects.filter(
        judged_by_another(current), team_id=team_id, state=State.PENDING.value
    )


def raise_to(request: ApprovalRequest, verdict: Verdict, ranks: Mapping[str, int]) -> None:
    """Let a request need what this verdict asks for as well, without saving; nothing becomes less."""
    pinned = pinned_needs(request)
    needs = strictest(pinned, verdict.needs, ranks)
    if set(needs) != set(pinned):
        request.needs = [need.model_dump(exclude_none=True) for need in needs]
    request.blocked = request.blocked or verdict.outcome is Outcome.BLOCKED
    request.risk = worst(Risk(request.risk), verdict.risk).value
    known = {(reason["code"], reason["text"]) for reason in request.reasons}
    request.reasons = request.reasons + [
        {"code": reason.code, "text": reason.text}
        for reason in verdict.reasons
        if (reason.code, reason.text) not in known
    ]


def _standing(request: ApprovalRequest) -> dict[str, Any]:
    return {
        "needs": request.needs,
        "risk": request.risk,
        "blocked": request.blocked,
        "batchable": request.batchable,
    }


def _unreadable(request: ApprovalRequest) -> Facts:
    """Facts nobody can judge: policy asks for the most it can."""
    return Facts(
        agent=request.agent.handle,
        team="",
        thread=request.thread,
        checkpoint=request.checkpoint,
        actions=(),
        claims=Claims(),
        now=request.created_at,
    )


def refusal(
    request: ApprovalRequest, verdict: Verdict, version: PolicyVersion, keys: Sequence[str]
) -> Ending:
    """How a locked request ends that the version in force refuses; `keys` are its actions'."""
    return Ending(
        request=request,
        kind=Decision.Kind.POLICY,
        actor=Actor("policy", str(version)),
        answers=dict.fromkeys(keys, REJECTED),
        version=version,
        rule=verdict.rule or "",
        message=denial(verdict.notes),
        via="policy",
        facts={"asked_under": str(request.policy_version)},
    )
