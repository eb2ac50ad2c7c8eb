"""A version in shadow: judged on everything that is asked, heard by nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.errors import Conflict, NotAllowed, NotFound
from inbox.models import AuditEvent, Policy, ShadowRun, ShadowVerdict
from inbox.services import shadow
from inbox.services.shadow import start_shadow, stop_shadow
from tests.factories import World, ask, race
from tests.policies import PASS_WRITES, draft


def running(world: World, *rules: dict[str, Any]) -> ShadowRun:
    return start_shadow(admin=world.member(world.erin), number=draft(world, *rules).number)


def counts(run: ShadowRun) -> tuple[int, int, int]:
    run.refresh_from_db()
    return run.judged, run.differed, run.failed


def test_differences_are_kept_agreements_counted_and_the_answer_is_untouched(world: World) -> None:
    run = running(world, PASS_WRITES)
    request = ask(world)
    ask(world, "issue_refund", {"amount": 5, "customer": "a"})
    assert (request.state, request.rule, request.policy_version.number) == ("pending", "", 1)
    assert counts(run) == (2, 1, 0)
    (said,) = ShadowVerdict.objects.filter(run=run)
    assert (said.request_id, said.change, said.rule) == (request.pk, "passes", "writes-pass")
    assert (said.before, said.after) == ("ask 1 person of reviewer or above", "pass")


def test_it_costs_nothing_without_one_and_little_with_one(world: World) -> None:
    def asking() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ask(world)
        return len(seen)

    ask(world)
    without = asking()
    running(world, PASS_WRITES)
    ask(world)
    assert asking() - without <= 5


def test_what_goes_wrong_with_it_is_counted_and_the_request_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(world, PASS_WRITES)

    def broken(*_: object) -> None:
        raise RuntimeError("no shadow today")

    monkeypatch.setattr(shadow, "verdict_by", broken)
    assert ask(world).state == "pending"
    assert counts(run) == (1, 0, 1)
    monkeypatch.setattr(shadow, "_count", broken)
    assert ask(world).state == "pending"
    assert counts(run) == (1, 0, 1)


def test_another_version_takes_its_place_and_stopping_ends_it(world: World) -> None:
    first = running(world, PASS_WRITES)
    second = running(world)
    first.refresh_from_db()
    assert first.stopped_at is not None
    assert start_shadow(admin=world.member(world.erin), number=second.version.number) == second
    stop_shadow(admin=world.member(world.erin))
    stop_shadow(admin=world.member(world.erin))
    ask(world)
    assert counts(second) == (0, 0, 0)
    assert Policy.objects.get(team=world.team).shadow is None
    assert AuditEvent.objects.filter(team=world.team, verb="shadow_changed").count() == 3


def test_only_admins_try_and_only_versions_that_are_not_in_force(world: World) -> None:
    number = draft(world, PASS_WRITES).number
    with pytest.raises(NotAllowed):
        start_shadow(admin=world.member(world.alice), number=number)
    with pytest.raises(NotAllowed):
        stop_shadow(admin=world.member(world.alice))
    with pytest.raises(NotFound):
        start_shadow(admin=world.member(world.erin), number=99)
    with pytest.raises(Conflict, match="in-force"):
        start_shadow(admin=world.member(world.erin), number=1)


def test_many_askings_and_a_stop_at_once_lose_no_count(real_world: World) -> None:
    run = running(real_world, PASS_WRITES)
    asks: list[Callable[[], Any]] = [lambda: ask(real_world) for _ in range(4)]
    for _ in range(5):
        assert not [one for one in race(*asks) if isinstance(one, Exception)]
    race(*asks, lambda: stop_shadow(admin=real_world.member(real_world.erin)))
    judged, differed, _ = counts(run)
    assert judged == differed == ShadowVerdict.objects.filter(run=run).count()
    assert 20 <= judged <= 24
