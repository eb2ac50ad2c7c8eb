"""A draft tried on what was really asked: what is found, in which order, by one worker at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from inbox.errors import Conflict, NotAllowed, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Backtest, BacktestBucket, BacktestFinding
from inbox.policy.compare import Change, Ended
from inbox.services import backtests
from inbox.services.backtests import continue_backtests, run_backtest, start_backtest
from inbox.services.sweep import sweep
from tests.factories import World, ask, race, vote
from tests.policies import PASS_WRITES, REFUSE_WRITES, draft, enforce


def asked_at(request: ApprovalRequest, hour: int, minute: int = 0) -> None:
    """As if it had been asked then, yesterday: hours and days of limits must not depend on when the tests run."""
    then = (timezone.now() - timedelta(days=1)).replace(hour=hour, minute=minute)
    with pgtrigger.ignore("inbox.ApprovalRequest:request_is_bound"):
        ApprovalRequest.objects.filter(pk=request.pk).update(created_at=then)


def tried(world: World, *rules: dict[str, Any]) -> Backtest:
    version = draft(world, *rules)
    started = start_backtest(admin=world.member(world.erin), number=version.number)
    assert run_backtest(started.pk)
    started.refresh_from_db()
    return started


def test_what_people_rejected_and_the_draft_would_pass_comes_first(world: World) -> None:
    approved, rejected, other = (
        ask(world),
        ask(world),
        ask(world, "issue_refund", {"amount": 5, "customer": "a"}),
    )
    vote(world, approved, world.dave)
    vote(world, rejected, world.dave, "reject", message="Not there.")
    vote(world, other, world.carol)
    found = tried(world, PASS_WRITES)
    assert (found.judged, found.size, found.error) == (3, 3, "")
    assert found.counts["changes"] == {"passes": 2}
    assert found.counts["passed"] == {"rejected": 1, "approved": 1}
    assert found.counts["before"] == {"review": 3}
    first, second = found.findings.order_by("weight", "id")
    assert (first.request_id, first.change, first.ended) == (rejected.pk, "passes", "rejected")
    assert (second.request_id, second.ended) == (approved.pk, "approved")
    assert (first.rule, first.after) == ("writes-pass", "pass")
    assert first.before == "ask 1 person of reviewer or above"


def test_what_people_rejected_and_both_versions_pass_is_listed_too(world: World) -> None:
    rejected = ask(world)
    vote(world, rejected, world.dave, "reject")
    enforce(world, PASS_WRITES)
    found = tried(world, {**PASS_WRITES, "priority": 6})
    assert found.counts["changes"] == {}
    assert [(one.change, one.ended) for one in found.findings.all()] == [("still", "rejected")]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (REFUSE_WRITES, Change.REFUSED),
        (
            {"id": "two", "tool": "write_file", "then": "review", "needs": [{"tier": "lead", "count": 1}]},
            Change.MORE,
        ),
        ({"id": "none", "tool": "nothing", "then": "deny"}, None),
    ],
)
def test_every_kind_of_difference_is_named(world: World, rule: dict[str, Any], change: Change | None) -> None:
    vote(world, ask(world), world.dave)
    found = tried(world, rule)
    assert [one.change for one in found.findings.all()] == ([change.value] if change else [])


def test_limits_are_used_up_in_the_order_of_then_across_chunks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decided in the opposite order: limits go by when it was asked."""
    monkeypatch.setattr(backtests, "CHUNK", 2)
    requests = [ask(world) for _ in range(5)]
    for minute, request in reversed(list(enumerate(requests))):
        vote(world, request, world.dave)
        asked_at(request, 10, minute)
    found = tried(world, {**PASS_WRITES, "limits": [{"count": 3, "per": "day"}]})
    assert found.judged == 5
    assert found.counts["passed"] == {"approved": 3}
    assert found.counts["after"] == {"allow": 3, "review": 2}
    assert {one.request_id for one in found.findings.all()} == {request.pk for request in requests[:3]}
    assert not BacktestBucket.objects.exists(), "kept only while it goes on"


def test_each_hour_each_target_and_the_version_in_force_have_limits_of_their_own(world: World) -> None:
    enforce(world, {**PASS_WRITES, "limits": [{"count": 1, "per": "hour", "by": "target"}]})
    first, again, other, later = (
        ask(world, args={"path": f"/srv/{name}.md", "text": ""}) for name in ("a", "a", "b", "a")
    )
    for minute, request in enumerate((first, again, other)):
        asked_at(request, 10, minute)
    asked_at(later, 11)
    for request in ApprovalRequest.objects.filter(team=world.team, state="pending"):
        vote(world, request, world.dave)
    found = tried(world, {**PASS_WRITES, "limits": [{"count": 1, "per": "day", "by": "target"}]})
    assert found.counts["before"] == {"allow": 3, "review": 1}, "the hour after has room again"
    assert found.counts["after"] == {"allow": 2, "review": 2}, "the day has not"
    assert [(one.request_id, one.change) for one in found.findings.all()] == [(later.pk, "asks")]


def test_amounts_are_counted_and_the_latest_requests_are_chosen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "MOST", 3)
    for amount in (80, 30, 40, 50):
        request = ask(world, args={"path": "a.md", "amount": amount, "currency": "USD"})
        vote(world, request, world.carol)
        asked_at(request, 10)
    found = tried(world, {**PASS_WRITES, "limits": [{"value": 85, "currency": "USD", "per": "day"}]})
    assert (found.size, found.judged) == (3, 3)
    assert found.counts["after"] == {"allow": 2, "review": 1}


def test_what_passed_and_would_be_asked_is_found_by_who_said_yes(world: World) -> None:
    enforce(world, PASS_WRITES)
    ask(world)
    found = tried(world)
    assert [(one.change, one.ended, one.before) for one in found.findings.all()] == [
        (Change.ASKS.value, Ended.POLICY.value, "pass")
    ]


def test_requests_that_wait_are_no_history_and_other_teams_are_not_looked_at(world: World) -> None:
    ask(world)
    assert tried(world, PASS_WRITES).size == 0


def test_the_time_of_then_counts_and_not_the_time_of_the_trial(world: World) -> None:
    from inbox.services.past import past

    request = ask(world)
    vote(world, request, world.dave)
    request.refresh_from_db()
    (one,) = past(world.team.slug, [request])
    assert one.facts is not None
    assert one.facts.now == request.created_at
    assert one.facts.actions[0].args == {"path": "docs/a.md", "text": "hello"}


def test_only_admins_try_and_only_versions_of_their_own_that_are_not_in_force(world: World) -> None:
    version = draft(world, PASS_WRITES)
    with pytest.raises(NotAllowed):
        start_backtest(admin=world.member(world.alice), number=version.number)
    with pytest.raises(NotFound):
        start_backtest(admin=world.member(world.erin), number=99)
    with pytest.raises(Conflict, match="in-force"):
        start_backtest(admin=world.member(world.erin), number=1)
    assert not Backtest.objects.filter(team=world.team).exists()


def test_starting_twice_is_one_trial_until_it_has_ended(world: World) -> None:
    version, erin = draft(world, PASS_WRITES), world.member(world.erin)
    first = start_backtest(admin=erin, number=version.number)
    assert start_backtest(admin=erin, number=version.number).pk == first.pk
    run_backtest(first.pk)
    assert start_backtest(admin=erin, number=version.number).pk != first.pk


def test_the_sweep_does_it_without_celery_in_chunks_with_time_for_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "CHUNK", 2)
    for _ in range(5):
        vote(world, ask(world), world.dave)
    version = draft(world, PASS_WRITES)
    started = start_backtest(admin=world.member(world.erin), number=version.number)
    assert continue_backtests(seconds=0.0) == 0
    assert continue_backtests(seconds=0.000_1) == 1
    started.refresh_from_db()
    assert (started.judged, started.finished_at, started.lease_until) == (2, None, None)
    assert sweep().counts["backtests"] == 1
    started.refresh_from_db()
    assert started.judged == 5
    assert started.finished_at is not None
    assert started.findings.count() == 5
    assert AuditEvent.objects.filter(team=world.team, verb="policy_backtested").count() == 1


def test_who_lost_the_lease_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vote(world, ask(world), world.dave)
    version = draft(world, PASS_WRITES)
    started = start_backtest(admin=world.member(world.erin), number=version.number)
    slow = backtests._claim(started.pk)
    assert slow is not None
    assert backtests._claim(started.pk) is None, "one runner at a time"
    Backtest.objects.filter(pk=started.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert run_backtest(started.pk)
    backtests._work(slow, seconds=None)
    started.refresh_from_db()
    assert started.judged == 1
    assert started.findings.count() == 1


def test_a_request_that_cannot_be_read_again_is_counted_and_the_rest_is_judged(world: World) -> None:
    odd, fine = ask(world), ask(world)
    vote(world, odd, world.dave)
    vote(world, fine, world.dave)
    type(odd).objects.filter(pk=odd.pk).update(claims={"risk": "no such level"})
    found = tried(world, PASS_WRITES)
    assert (found.judged, found.counts["unreadable"], found.counts["changes"]) == (2, 1, {"passes": 1})


def test_a_trial_that_fails_again_and_again_ends_without_a_result(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    vote(world, ask(world), world.dave)
    version = draft(world, PASS_WRITES)
    started = start_backtest(admin=world.member(world.erin), number=version.number)

    def broken(*_: object) -> None:
        raise RuntimeError("no history today")

    monkeypatch.setattr(backtests, "past", broken)
    for _ in range(backtests.MOST_FAILURES):
        Backtest.objects.filter(pk=started.pk).update(lease_until=None)
        run_backtest(started.pk)
    started.refresh_from_db()
    assert started.error == "RuntimeError"
    assert started.finished_at is not None
    assert not BacktestFinding.objects.filter(backtest=started).exists()


def test_many_workers_at_once_count_everything_once(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtests, "CHUNK", 3)
    for _ in range(10):
        vote(real_world, ask(real_world), real_world.dave)
    version = draft(real_world, PASS_WRITES)
    started = start_backtest(admin=real_world.member(real_world.erin), number=version.number)
    done = race(*(lambda: run_backtest(started.pk) for _ in range(4)))
    assert sorted(map(bool, done)) == [False, False, False, True], done
    started.refresh_from_db()
    assert started.judged == 10
    assert started.findings.count() == 10
