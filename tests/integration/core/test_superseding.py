"""An agent asks anew in an earlier request's place, or its run ends: nobody answers what nobody waits for."""

from __future__ import annotations

from uuid import uuid4

import pytest

from agents import services as gateway
from agents.contract import Submission, ThreadStatus
from inbox import canonical
from inbox.errors import AlreadyClosed, Invalid
from inbox.models import ApprovalRequest, AuditEvent, Hold
from inbox.services.decide import Decided
from inbox.services.submit import Addressed, Submitted, submit, submit_all
from inbox.services.threads import report_thread
from tests.checker import check_team
from tests.factories import World, ask, body, race, vote
from tests.policies import enforce

REFUND = {"amount": 20, "customer": "cus_1"}


def anew(request: ApprovalRequest, **fields: object) -> Submission:
    """Another request in this one's place."""
    return Submission.model_validate({**body(), "supersedes": request.dedupe_key, **fields})


def test_the_earlier_request_is_superseded_and_says_by_which(world: World) -> None:
    earlier, other = ask(world), ask(world)
    sent = anew(earlier)
    made = submit(agent=world.agent, submission=sent).request
    earlier.refresh_from_db()
    assert (earlier.state, earlier.closed_at, earlier.outcome) == ("superseded", made.created_at, None)
    assert (earlier.superseded_by, made.group_id) == (made, other.group_id)
    (event,) = AuditEvent.objects.filter(request=earlier, verb="superseded")
    assert canonical.read(bytes(event.entry))["facts"] == {"by": str(made.pk), "digest": earlier.digest}
    with pytest.raises(AlreadyClosed) as late:
        vote(world, earlier, world.dave)
    assert "asked anew" in late.value.detail
    again = submit(agent=world.agent, submission=sent)
    assert (again.request, again.created) == (made, False)
    assert vote(world, made, world.dave).decision is not None
    assert not submit(agent=world.agent, submission=sent).created
    check_team(world.team)


def test_a_held_decision_is_let_go(world: World) -> None:
    enforce(world, release_at_once=None)
    earlier = ask(world)
    vote(world, earlier, world.dave)
    submit(agent=world.agent, submission=anew(earlier))
    earlier.refresh_from_db()
    assert (earlier.state, Hold.objects.get(request=earlier).end) == ("superseded", "gone")
    check_team(world.team)


def test_what_is_closed_is_not_superseded_and_nothing_is_stored(world: World) -> None:
    earlier = ask(world)
    decision = vote(world, earlier, world.dave).decision
    assert decision is not None
    sent, before = anew(earlier), AuditEvent.objects.count()
    with pytest.raises(AlreadyClosed) as refused:
        submit(agent=world.agent, submission=sent)
    assert refused.value.extra == {
        "request": str(earlier.pk),
        "state": "decided",
        "outcome": "approved",
        "decision": str(decision.pk),
    }
    assert not ApprovalRequest.objects.filter(dedupe_key=sent.dedupe_key).exists()
    assert AuditEvent.objects.count() == before


def test_only_an_agents_own_request_is_superseded(world: World) -> None:
    other = gateway.register_agent(team_id=world.team.pk, handle="other", owner=None)
    theirs = submit(agent=other, submission=Submission.model_validate(body())).request
    hosted = Submission.model_validate(body())
    submit_all(agent=world.agent, asked=[Addressed(hosted, "i-1")], channel="hosted")
    own = uuid4().hex
    for sent in (
        anew(theirs),
        Submission.model_validate({**body(), "supersedes": hosted.dedupe_key}),
        Submission.model_validate({**body(), "dedupe_key": own, "supersedes": own}),
    ):
        with pytest.raises(Invalid) as refused:
            submit(agent=world.agent, submission=sent)
        assert refused.value.code == "unknown-request"
        assert not ApprovalRequest.objects.filter(dedupe_key=sent.dedupe_key).exists()


def test_a_decision_and_a_superseding_request_at_once_end_in_one(real_world: World) -> None:
    for _ in range(10):
        earlier = ask(real_world)
        sent = anew(earlier)
        voted, first, repeat = race(
            lambda r=earlier: vote(real_world, r, real_world.dave),
            lambda s=sent: submit(agent=real_world.agent, submission=s),
            lambda s=sent: submit(agent=real_world.agent, submission=s),
        )
        earlier.refresh_from_db()
        if isinstance(voted, Decided):
            assert earlier.state == "decided"
            assert isinstance(first, AlreadyClosed)
            assert isinstance(repeat, AlreadyClosed)
        else:
            assert isinstance(voted, AlreadyClosed)
            assert earlier.state == "superseded"
            assert isinstance(first, Submitted)
            assert isinstance(repeat, Submitted)
            assert first.request.pk == repeat.request.pk
            assert {first.created, repeat.created} == {True, False}
    check_team(real_world.team)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_a_run_that_ended_asks_nothing_any_more(world: World, status: str) -> None:
    enforce(world, release_at_once=None)
    waiting, held, elsewhere = ask(world), ask(world), ask(world, thread="run-2")
    vote(world, held, world.dave)
    report_thread(agent=world.agent, thread="run-1", status=ThreadStatus(status="running"))
    waiting.refresh_from_db()
    assert waiting.state == "pending"
    report_thread(agent=world.agent, thread="run-1", status=ThreadStatus(status=status))  # type: ignore[arg-type]
    states = [ApprovalRequest.objects.get(pk=r.pk).state for r in (waiting, held, elsewhere)]
    assert states == ["withdrawn", "withdrawn", "pending"]
    for request in (waiting, held):
        (event,) = AuditEvent.objects.filter(request=request, verb="withdrawn")
        assert event.actor == "crm-writer"
        assert canonical.read(bytes(event.entry))["facts"]["reason"] == f"The run ended: {status}."
    check_team(world.team)


def test_a_report_leaves_hosted_runs_and_other_agents_alone(world: World) -> None:
    other = gateway.register_agent(team_id=world.team.pk, handle="other", owner=None)
    theirs = submit(agent=other, submission=Submission.model_validate(body())).request
    (hosted,) = submit_all(
        agent=world.agent, asked=[Addressed(Submission.model_validate(body()), "i-1")], channel="hosted"
    )
    report_thread(agent=world.agent, thread="run-1", status=ThreadStatus(status="done"))
    assert [ApprovalRequest.objects.get(pk=pk).state for pk in (theirs.pk, hosted.request.pk)] == [
        "pending",
        "pending",
    ]
