"""The invariants that tables alone can show, evaluated over one team after a test."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count

from agents.models import Delivery, EffectEntry
from inbox import canonical
from inbox.audit import verify_chain
from inbox.lifecycle import State
from inbox.models import (
    ApprovalRequest,
    AuditEvent,
    BatchItem,
    Decision,
    Hold,
    Notification,
    Pickup,
    Recall,
    RequestGroup,
    Revision,
    Snooze,
    Team,
    Vote,
)
from inbox.models.conversation import TALK


def check_team(team: Team) -> None:
    """Raises AssertionError naming the first invariant (reliability numbering) that does not hold."""
    requests = {r.pk: r for r in ApprovalRequest.objects.filter(team=team)}
    decisions = {d.request_id: d for d in Decision.objects.filter(request__team=team)}
    _deciding(requests, decisions)
    _payload(requests, decisions)
    _audit(team, decisions)
    _groups(team)
    recalls = {r.decision_id: r for r in Recall.objects.filter(decision__request__team=team)}
    _recalls(team, decisions, recalls)
    _waiting(team)
    _delivery(team, decisions, recalls)


def _deciding(requests: dict[object, ApprovalRequest], decisions: dict[object, Decision]) -> None:
    for pk, request in requests.items():
        closed_by_decision = request.state in (State.DECIDED.value, State.EXPIRED.value)
        assert closed_by_decision == (pk in decisions), (
            f"15: {request.state} request with or without decision"
        )
    held = set(Hold.objects.filter(request__in=requests, ended_at=None).values_list("request_id", flat=True))
    for pk, request in requests.items():
        assert (request.state == State.HELD.value) == (pk in held), f"{request.state} with or without a hold"
    votes = Vote.objects.filter(request__in=requests, retracted_at=None).select_related("request")
    people = Counter((v.request_id, v.revision_number, v.person_id) for v in votes)
    assert not people or max(people.values()) == 1, "1: a person voted twice on a revision"
    for decision in decisions.values():
        request = requests[decision.request_id]
        if decision.kind == Decision.Kind.PERSON and decision.outcome != "rejected":
            votes_now = [v for v in votes if v.revision_number == request.revision_number]
            filled = {v.slot for v in votes_now if v.request_id == request.pk and v.approves}
            needed = sum(need["count"] for need in request.needs)
            assert len(filled) >= needed, "4: approved with an open slot"
            voters = {v.person_id for v in votes_now if v.request_id == request.pk and v.approves}
            assert len(voters) == len(filled), "4: slots held by the same person"
            assert request.agent.owner_id not in voters, "5: the owner approved"
            assert needed < 2 or request.editor_id not in voters, "5: the editor approved"
        if decision.kind == Decision.Kind.TIMEOUT:
            assert decision.outcome == "rejected", "6: silence approved"


def _payload(requests: dict[object, ApprovalRequest], decisions: dict[object, Decision]) -> None:
    for revision in Revision.objects.filter(request__in=requests):
        assert canonical.sha256(bytes(revision.payload)) == revision.digest, (
            "8: digest does not match the bytes"
        )
        decision = decisions.get(revision.request_id)
        if decision is None:
            continue
        assert decision.digest == requests[revision.request_id].digest, "8: decided on other bytes"
        if revision.number != requests[revision.request_id].revision_number:
            continue
        asked = {a["key"]: a for a in canonical.read(bytes(revision.payload))["actions"]}
        for told in canonical.read(bytes(decision.answer))["actions"]:
            if told["type"] in ("approve", "edit"):
                assert told["args"] == asked[told["key"]]["args"], "10: other arguments than asked"
                assert told["args_digest"] == canonical.digest(told["args"]), "10: args digest"
            else:
                assert told["args"] is None, "10: a rejection carries arguments"


def _audit(team: Team, decisions: dict[object, Decision]) -> None:
    report = verify_chain(team)
    assert report.ok, f"31: chain broken at {report.first_bad_seq}"
    hashes = dict(AuditEvent.objects.filter(team=team).values_list("seq", "hash"))
    assert sorted(hashes) == list(range(1, len(hashes) + 1)), "34: seq has gaps"
    for decision in decisions.values():
        assert bytes(hashes[decision.seq]) == bytes(decision.chain_hash), (
            "32: receipt does not match the chain"
        )


def _groups(team: Team) -> None:
    counted = dict(
        ApprovalRequest.objects.filter(team=team, state=State.PENDING.value, group__isnull=False)
        .values_list("group_id")
        .annotate(n=Count("pk"))
    )
    for group in RequestGroup.objects.filter(team=team):
        assert group.pending == counted.get(group.pk, 0), "a group's counter is wrong"
    assert not BatchItem.objects.filter(
        batch__team=team, batch__finished_at__isnull=False, outcome=""
    ).exists(), "26: a finished batch has an open item"


def _waiting(team: Team) -> None:
    """What people do with a request while it waits ends with it."""
    closed = ApprovalRequest.objects.filter(team=team, closed_at__isnull=False)
    assert not closed.filter(claimed_by__isnull=False).exists(), "a closed request is claimed"
    assert not Snooze.objects.filter(request__in=closed, ended_at=None).exists(), "a closed request is aside"
    over = Notification.objects.filter(request__in=closed, read_at=None).exclude(kind="not_landed")
    # A group's line stays while another of the group waits.
    assert all(line.key != str(line.request_id) for line in over), "a line about a closed request is unread"


def _recalls(team: Team, decisions: dict[object, Decision], recalls: dict[object, Recall]) -> None:
    had = set(Pickup.objects.filter(decision__request__team=team).values_list("decision_id", flat=True))
    assert not had & recalls.keys(), "an agent has a decision that was recalled"
    by_id = {decision.pk: decision for decision in decisions.values()}
    for pk, recall in recalls.items():
        assert by_id[pk].kind == Decision.Kind.PERSON, "a decision that no person made was recalled"
        told = canonical.read(bytes(recall.answer))
        assert told["recalled"], "a recalled answer does not say so"
        assert told["outcome"] == "rejected"
        assert {action["type"] for action in told["actions"]} == {"reject"}, (
            "a recalled answer lets something run"
        )
        event = AuditEvent.objects.get(team=team, seq=recall.seq)
        assert event.verb == "recalled", "32: a recall's seq is something else"


def _delivery(team: Team, decisions: dict[object, Decision], recalls: dict[object, Recall]) -> None:
    by_id = {d.pk: d for d in decisions.values()}
    # What people ask a hosted run travels there too, and decides nothing.
    deliveries = list(Delivery.objects.filter(team_id=team.pk).exclude(channel=TALK))
    for delivery in deliveries:
        decision = by_id[delivery.correlation_id]
        stands = recalls[decision.pk].answer if decision.pk in recalls else decision.answer
        assert bytes(delivery.payload) == bytes(stands), "10: another answer is on its way than was decided"
    started = Counter(EffectEntry.objects.filter(decision_id__in=by_id).values_list("decision_id", flat=True))
    assert not started or max(started.values()) == 1, "20: two ledger entries for one decision"
