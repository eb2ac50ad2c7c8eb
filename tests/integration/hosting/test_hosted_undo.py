"""Putting back what a hosted run did: its graph's `.undo` asks for the inverse, and does it once."""

from __future__ import annotations

import pytest

from agents import delivery
from agents.demos.models import LedgerEntry
from agents.models import HostedRun
from inbox.clock import database_now
from inbox.errors import Conflict, NotAllowed
from inbox.models import ApprovalRequest, Tool
from inbox.selectors.compensation import compensates, compensation_of, run_for
from inbox.selectors.ladder import ladder_of
from inbox.services.compensate import compensate
from tests.checker import check_team
from tests.factories import World, vote
from tests.integration.hosting.stage import approve, begin, claimed, effects, settle, state, waiting


def done(world: World, graph: str = "single", **input: object) -> ApprovalRequest:
    """A hosted run's request that was approved and carried out, with a tool that can be put back."""
    Tool.objects.filter(team=world.team, name="write_file").update(
        inverse_tool="restore_file", inverse={"file": "path"}, window_seconds=3600
    )
    run = begin(world, graph, **input)
    (request,) = waiting(run)
    delivery.deliver(claimed(approve(world, request)))
    assert (state(run), effects(run)) == ("done", 1)
    request.refresh_from_db()
    return request


def put_back(world: World, request: ApprovalRequest) -> None:
    compensate(person=world.dave, team=world.team, request_id=request.pk, reason="The wrong file.")


def undoing_run(request: ApprovalRequest) -> HostedRun:
    run = run_for(request.pk)
    assert run is not None
    return run


def test_the_inverse_of_a_hosted_effect_is_asked_for_and_done_once(real_world: World) -> None:
    world = real_world
    request = done(world)
    put_back(world, request)
    with pytest.raises(Conflict) as twice:
        put_back(world, request)
    assert twice.value.code == "compensated"
    settle(world, lambda: compensation_of(request) is not None)
    run = undoing_run(request)
    (asked,) = waiting(run)
    assert (asked.tools, compensates(asked), asked.requester) == (
        ["restore_file"],
        str(request.pk),
        world.dave,
    )
    with pytest.raises(NotAllowed) as own:
        vote(world, asked, world.dave)
    assert own.value.code == "self-approval"
    row = approve(world, asked)
    delivery.deliver(claimed(row))
    assert state(run) == "done"
    entry = LedgerEntry.objects.get(thread=run.thread)
    assert (entry.tool, entry.args) == ("restore_file", {"file": "docs/a.md"})
    assert delivery.claim(row.pk) is None
    delivery.sweep()
    assert effects(run) == 1
    check_team(world.team)


def test_an_undoing_graph_that_asks_for_anything_else_asks_nobody(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = done(real_world)
    monkeypatch.setenv("TEST_UNDO_ASKS", "1")
    put_back(real_world, request)
    settle(real_world, lambda: undoing_run(request).state == "failed")
    assert compensation_of(request) is None
    assert not waiting(undoing_run(request))


def test_without_such_a_graph_putting_back_is_not_offered(real_world: World) -> None:
    request = done(real_world, "fan", items=["a"])
    steps = ladder_of(request, real_world.member(real_world.dave), at=database_now())
    (step,) = [one for one in steps if one.rung == "compensate"]
    assert (step.code, step.may) == ("cannot-be-asked", False)
    assert "no graph is named" in step.sentence
    with pytest.raises(Conflict) as refused:
        put_back(real_world, request)
    assert refused.value.code == "cannot-be-asked"
    assert run_for(request.pk) is None
