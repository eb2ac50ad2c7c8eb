"""When an agent has a decision: from then on nobody can take it back.

Without a permit it is the first reading, with one it is consuming. Reading and recalling take the request's row lock, so
one of them is first; a run hosted here has its decision when its effect begins (inbox/receivers.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from agents import gate
from agents.contract import ConsumeBody
from agents.models import Agent
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import Changed, Conflict, NotFound
from inbox.lifecycle import Outcome, State
from inbox.models import ApprovalRequest, Decision, Pickup, Recall
from inbox.selectors.aftermath import pickup_of, recall_of
from inbox.selectors.pauses import paused
from inbox.services.holds import note


def had(rows: Sequence[ApprovalRequest]) -> frozenset[UUID]:
    """The agent reads these requests of its own, decisions loaded: note what it has from now on.

    Returns those whose decision it does not get yet, because something of it is paused. Writes only what is new, once a
    decision; a decision recalled at this very instant is loaded with its recall.
    """
    new = [row for row in rows if _not_had(row)]
    if not new:
        return frozenset()
    with transaction.atomic():
        ids = [row.pk for row in new if not row.permit]
        locked = ApprovalRequest.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        list(locked.values_list("pk"))
        gate.pass_through()
        held_back = _paused([row.pk for row in new])
        recalls = {one.decision_id: one for one in Recall.objects.filter(decision__request__in=new)}
        for row in new:
            if row.decision.pk in recalls:
                row.decision.recall = recalls[row.decision.pk]
        Pickup.objects.bulk_create(
            [
                Pickup(decision=row.decision, how=Pickup.How.READ)
                for row in new
                if not row.permit and row.pk not in held_back and row.decision.pk not in recalls
            ],
            ignore_conflicts=True,
        )
    return frozenset(row.pk for row in new if row.pk in held_back and row.decision.pk not in recalls)


def told(decisions: Sequence[Decision]) -> None:
    """The answer to the asking itself carries these decisions: their agent has them. In the caller's transaction."""
    Pickup.objects.bulk_create(
        Pickup(decision=decision, how=Pickup.How.READ)
        for decision in decisions
        if decision.request.channel == "poll" and not decision.request.permit
    )


def consume(*, agent: Agent, request_id: UUID, body: ConsumeBody) -> ApprovalRequest:
    """Grant the one permit to act on a decision; the same holder gets it again.

    Raises NotFound for another agent's, Changed (digest-mismatch), Conflict (not-decided, no-permit, not-approved,
    recalled, consumed, paused).
    """
    with transaction.atomic(durable=True):
        request = (
            ApprovalRequest.objects.select_for_update(of=("self",))
            .select_related("team", "agent")
            .filter(agent=agent, pk=request_id)
            .first()
        )
        if request is None:
            raise NotFound()
        if not request.permit:
            raise Conflict("no-permit", "Asked without reply.permit: who reads the decision has it.")
        if request.state != State.DECIDED.value:
            raise Conflict("not-decided", f"Nothing to consume: this request is {request.state}.")
        if body.digest != request.digest:
            raise Changed(
                detail="Not granted: the decision is about other bytes than these.",
                extra={"digest": request.digest, "revision": request.revision_number},
            )
        # Read after the lock: a recall or another consumer that was first is seen.
        decision = Decision.objects.select_related("pickup", "recall").get(request=request)
        request.decision = decision
        recall, pickup = recall_of(decision), pickup_of(decision)
        if recall is not None:
            raise Conflict("recalled", f"Not granted: it was taken back. {recall.reason}")
        if request.outcome == Outcome.REJECTED.value:
            raise Conflict("not-approved", "Not granted: nothing of it was approved.")
        if pickup is not None:
            if pickup.holder == body.holder:
                return request
            raise Conflict("consumed", "Not granted: another holder has the permit.")
        gate.pass_through()
        if _paused([request.pk]):
            raise Conflict("paused", "Not granted for now: something of it is paused. Try again later.")
        Pickup.objects.create(decision=decision, how=Pickup.How.CONSUMED, holder=body.holder)
        entry = Entry(
            "consumed",
            Actor("agent", agent.handle, str(agent.pk)),
            request.pk,
            {"decision": str(decision.pk), "digest": request.digest, "holder": body.holder},
        )
        note(request.team_id, [entry], database_now())
    return request


def begun(decision_id: UUID) -> bool:
    """The effect of a delivery begins, in the caller's transaction; False when a pause forbids it.

    Takes no request lock: the caller holds the delivery's row, and a recall takes that one after the request's.
    """
    gate.pass_through()
    request_id = Decision.objects.filter(pk=decision_id).values_list("request_id", flat=True).first()
    if request_id is None:
        return True
    if _paused([request_id]):
        return False
    if not Recall.objects.filter(decision=decision_id).exists():
        Pickup.objects.bulk_create(
            [Pickup(decision_id=decision_id, how=Pickup.How.DELIVERED)], ignore_conflicts=True
        )
    return True


def _not_had(row: ApprovalRequest) -> bool:
    if row.state != State.DECIDED.value or row.channel == "hosted":
        return False
    return pickup_of(row.decision) is None and recall_of(row.decision) is None


def _paused(ids: Sequence[UUID]) -> set[UUID]:
    return set(ApprovalRequest.objects.filter(paused(), pk__in=ids).values_list("pk", flat=True))
