"""What silence does to a request: rejects, waits or halts the run, and never approves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import database_now
from inbox.errors import Expired, Invalid
from inbox.models import ApprovalRequest, Decision
from inbox.selectors.answers import answer
from inbox.services.decide import Decided
from inbox.services.expire import expire_due
from inbox.services.halt import halt_due, halt_thread
from inbox.services.sweep import sweep
from tests.checker import check_team
from tests.factories import World, ask, race, vote

ROUNDS = 40


def overdue(request: ApprovalRequest, seconds: float = 1, **columns: Any) -> ApprovalRequest:
    """The request with its deadline passed; only a test with table rights can do that."""
    at = database_now() - timedelta(seconds=seconds)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=at, **columns)
    request.refresh_from_db()
    return request


def test_a_waiting_request_stays_and_may_still_be_decided(world: World) -> None:
    request = overdue(ask(world), on_timeout="wait")
    assert (expire_due(), halt_due()) == (0, 0)
    request.refresh_from_db()
    assert request.state == "pending"
    assert vote(world, request, world.dave).decision is not None


def test_halting_ends_everything_the_thread_asks(world: World) -> None:
    """The one that is over, its younger sibling and one that would wait; not another thread's, not what was decided."""
    over = ask(world, thread="a")
    younger = ask(world, thread="a")
    patient = ask(world, thread="a")
    ApprovalRequest.objects.filter(pk=patient.pk).update(on_timeout="wait")
    done = ask(world, thread="a")
    vote(world, done, world.dave)
    other = ask(world, thread="b")
    overdue(over, on_timeout="halt")

    assert expire_due() == 0
    assert halt_due() == 3
    for request in (over, younger, patient):
        request.refresh_from_db()
        told = answer(request, decision=request.decision, seq=1)
        assert (request.state, told["decision"]["halt"]) == ("expired", True)
        assert told["decision"]["by"] == {"kind": "timeout", "name": "deadline"}
        assert [action["type"] for action in told["decision"]["actions"]] == ["reject"]
        assert "The run must stop." in told["decision"]["actions"][0]["message"]
    done.refresh_from_db()
    other.refresh_from_db()
    assert (done.outcome, other.state) == ("approved", "pending")
    assert halt_due() == 0
    check_team(world.team)


def test_halting_before_the_deadline_does_nothing(world: World) -> None:
    request = ask(world, on_timeout="halt")
    assert request.on_timeout == "halt"
    assert halt_thread(agent_id=world.agent.pk, thread=request.thread) == 0


def test_an_agent_may_ask_for_something_stricter_only(world: World) -> None:
    assert ask(world).on_timeout == "reject"
    assert ask(world, on_timeout="reject").on_timeout == "reject"
    for patient in ("wait", "escalate"):
        with pytest.raises(Invalid) as refused:
            ask(world, on_timeout=patient)
        assert refused.value.code == "on-timeout-too-patient"
        assert refused.value.errors[0].pointer == "/on_timeout"
    assert ApprovalRequest.objects.filter(team=world.team).count() == 2


def test_the_person_it_is_asked_for_is_kept_and_an_unknown_one_refused(world: World) -> None:
    request = ask(world, on_behalf_of=world.dave.username)
    assert request.requester == world.dave
    for name in ("nobody-at-all", world.charlie.username):
        with pytest.raises(Invalid) as refused:
            ask(world, on_behalf_of=name)
        assert refused.value.code == "unknown-person"


def test_a_vote_after_a_halting_deadline_is_late_and_the_sweep_ends_the_thread(real_world: World) -> None:
    request = overdue(ask(real_world), on_timeout="halt")
    with pytest.raises(Expired):
        vote(real_world, request, real_world.dave)
    assert sweep().counts["halted"] >= 1
    request.refresh_from_db()
    assert request.state == "expired"
    check_team(real_world.team)


def test_halts_and_decisions_end_in_one(real_world: World) -> None:
    """Two requests of a thread: one at its halting deadline, both being decided, two sweepers: each ends once."""
    seen = set()
    for round_ in range(ROUNDS):
        thread = f"halt-{round_}"
        first, second = (ask(real_world, thread=thread) for _ in range(2))
        at = database_now() + timedelta(milliseconds=(round_ % 5) * 3 - 2)
        ApprovalRequest.objects.filter(pk=first.pk).update(expires_at=at, on_timeout="halt")
        results = race(
            lambda r=first: vote(real_world, r, real_world.dave),
            lambda r=second: vote(real_world, r, real_world.dave),
            lambda t=thread: halt_thread(agent_id=real_world.agent.pk, thread=t),
            lambda t=thread: halt_thread(agent_id=real_world.agent.pk, thread=t),
        )
        halted = sum(result for result in results[2:] if isinstance(result, int))
        for request, result in ((first, results[0]), (second, results[1])):
            request.refresh_from_db()
            assert isinstance(result, Decided) == (request.state == "decided"), results
            decision = Decision.objects.filter(request=request).first()
            assert (decision is None) == (request.state == "pending")
            if decision is not None:
                assert (decision.kind == "timeout") == (request.state == "expired")
        assert halted == sum(request.state == "expired" for request in (first, second)), results
        seen.add((first.state, second.state))
    assert any("expired" in states for states in seen), seen
    halt_due()
    check_team(real_world.team)
