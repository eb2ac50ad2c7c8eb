"""A deadline that halts a run hosted here: nothing of it is resumed any more."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from agents import delivery
from agents.hosting import runs
from agents.hosting.base import Paused
from agents.models import Delivery
from inbox.clock import database_now
from inbox.models import ApprovalRequest, AuditEvent
from inbox.services.halt import halt_due
from tests.checker import check_team
from tests.factories import World
from tests.integration.hosting.stage import approve, begin, claimed, effects, state, waiting


def _halts_now(request: ApprovalRequest) -> None:
    ApprovalRequest.objects.filter(pk=request.pk).update(
        on_timeout="halt", expires_at=database_now() - timedelta(seconds=1)
    )


def test_a_halted_run_is_ended_and_its_request_expired(real_world: World) -> None:
    run = begin(real_world, "single")
    (request,) = waiting(run)
    _halts_now(request)
    assert halt_due() == 1
    request.refresh_from_db()
    assert (request.state, state(run), effects(run)) == ("expired", "halted", 0)
    run.refresh_from_db()
    assert "The run must stop." in run.error
    # Nothing is on its way: there is no run to hand it to.
    assert not Delivery.objects.filter(thread=run.thread).exists()
    assert AuditEvent.objects.filter(team=real_world.team, verb="run_ended").exists()
    check_team(real_world.team)


def test_a_decision_on_its_way_to_a_halted_run_is_stale(real_world: World) -> None:
    run = begin(real_world, "fan", items=["one", "two"])
    first, second = waiting(run)
    row = approve(real_world, first)
    _halts_now(second)
    assert halt_due() == 1
    delivery.deliver(claimed(row))
    row.refresh_from_db()
    assert (row.state, state(run), effects(run)) == ("stale", "halted", 0)
    check_team(real_world.team)


def test_what_a_worker_brings_back_to_a_halted_run_moves_nothing(real_world: World) -> None:
    """The step that was running when the deadline passed ends, and asks nothing more."""
    run = begin(real_world, "single")
    (request,) = waiting(run)
    _halts_now(request)
    halt_due()
    with transaction.atomic():
        runs.record(run, Paused(()))
    assert state(run) == "halted"
    assert waiting(run) == []
