"""Enabling a draft: at once where nothing is loosened, else by a second admin in the team's own inbox, exactly once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents import delivery
from agents import services as gateway
from agents.models import Agent, AgentToken, Delivery
from inbox import canonical
from inbox.clock import database_now
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.models import (
    Activation,
    ApprovalRequest,
    AuditEvent,
    Backtest,
    ChangeRequest,
    Member,
    PolicyVersion,
)
from inbox.selectors.policy import current_version
from inbox.selectors.policy_trials import FRESH
from inbox.services import agents, changes, drafts
from inbox.services.backtests import run_backtest, start_backtest
from inbox.services.drafts import Enabled, enable, save_draft
from inbox.services.expire import expire_due
from inbox.services.sweep import sweep
from inbox.services.teams import add_member
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.policies import PASS_WRITES, REFUSE_WRITES, draft, enforce, with_rules


def second_admin(world: World) -> User:
    """Frank, who administers and decides by no tier."""
    frank = User.objects.create_user(f"frank-{uuid4().hex[:8]}")
    add_member(team=world.team, user=frank, tier=None, is_admin=True)
    return frank


def tried(world: World, *rules: dict[str, Any]) -> PolicyVersion:
    version = draft(world, *rules)
    run_backtest(start_backtest(admin=world.member(world.erin), number=version.number).pk)
    return version


def proposed(world: World, *rules: dict[str, Any]) -> tuple[PolicyVersion, ChangeRequest, ApprovalRequest]:
    version = tried(world, *rules)
    change = enable(admin=world.member(world.erin), number=version.number).change
    assert change is not None
    assert change.request is not None
    return version, change, change.request


def approve(world: World, request: ApprovalRequest, person: User) -> None:
    assert vote(world, request, person).decision is not None


def test_a_loosening_draft_asks_the_other_admins_with_the_exact_change(world: World) -> None:
    second_admin(world)
    rejected = ask(world)
    vote(world, rejected, world.dave, "reject")
    version, change, request = proposed(world, PASS_WRITES)
    assert current_version(world.team.pk).number == 1
    assert (request.agent.handle, request.agent.built_in, request.channel) == ("placet", True, "change")
    assert (request.risk, request.batchable, request.requester) == ("critical", False, world.erin)
    assert request.needs == [{"group": "admins", "count": 1}]
    assert f"Put version {version.number} of the policy in force" in request.sentence
    payload = canonical.read(bytes(request.revisions.get().payload))
    (action,) = payload["actions"]
    assert action["name"] == "placet.put_policy_in_force"
    assert action["args"] == change.body
    assert (action["args"]["digest"], action["args"]["replaces"]) == (version.digest, 1)
    assert action["args"]["backtest"]["would_pass"] == {"rejected": 1}
    assert any("writes-pass" in line for line in action["args"]["changes"])


def test_approval_by_the_second_admin_applies_it_once_through_the_outbox(world: World) -> None:
    frank = second_admin(world)
    version, change, request = proposed(world, PASS_WRITES)
    approve(world, request, frank)
    assert current_version(world.team.pk).number == 1, "applied by the outbox, not by the click"
    sweep()
    sweep()
    change.refresh_from_db()
    assert (change.state, change.alone) == ("applied", False)
    assert current_version(world.team.pk) == version
    (activation,) = Activation.objects.filter(version=version)
    assert (activation.person, activation.loosens, activation.alone) == (frank, True, False)
    verbs = AuditEvent.objects.filter(team=world.team).values_list("verb", flat=True)
    assert [list(verbs).count(verb) for verb in ("policy_changed", "change_settled")] == [1, 1]
    assert ask(world).outcome == "approved"
    check_team(world.team)


def test_neither_its_author_nor_a_lead_who_is_no_admin_may_approve_it(world: World) -> None:
    second_admin(world)
    Member.objects.filter(user=world.erin).update(tier=world.member(world.alice).tier)
    _, _, request = proposed(world, PASS_WRITES)
    with pytest.raises(NotAllowed, match="self-approval"):
        vote(world, request, world.erin)
    with pytest.raises(NotAllowed, match="insufficient-tier"):
        vote(world, request, world.alice)


def test_rejecting_and_silence_leave_everything_as_it_was(world: World) -> None:
    frank = second_admin(world)
    _, change, request = proposed(world, PASS_WRITES)
    vote(world, request, frank, "reject", message="Too wide.")
    sweep()
    change.refresh_from_db()
    assert (change.state, current_version(world.team.pk).number) == ("rejected", 1)
    version, later, request = proposed(world, {**PASS_WRITES, "priority": 7})
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=request.created_at)
    expire_due()
    sweep()
    later.refresh_from_db()
    assert (later.state, current_version(world.team.pk).number) == ("rejected", 1)
    assert not Activation.objects.filter(version=version).exists()


def test_what_another_version_overtook_is_not_applied_and_says_why(world: World) -> None:
    frank = second_admin(world)
    version, change, request = proposed(world, PASS_WRITES)
    other = enforce(world, REFUSE_WRITES)
    approve(world, request, frank)
    sweep()
    change.refresh_from_db()
    assert (change.state, change.detail) == (
        "not_applied",
        f"Version {other.number} came into force meanwhile.",
    )
    assert current_version(world.team.pk) == other
    assert not Activation.objects.filter(version=version).exists()
    assert Delivery.objects.get(correlation_id=request.decision.pk).state == "delivered"


def test_a_change_that_was_tampered_with_is_not_applied(world: World) -> None:
    frank = second_admin(world)
    _, change, request = proposed(world, PASS_WRITES)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        ChangeRequest.objects.filter(pk=change.pk).update(body={**change.body, "version": 1})
    approve(world, request, frank)
    row = Delivery.objects.get(correlation_id=request.decision.pk)
    answer = canonical.read(bytes(row.payload))
    answer["actions"][0]["args"]["version"] = 1
    Delivery.objects.filter(pk=row.pk).update(payload=canonical.dumps(answer))
    sweep()
    change.refresh_from_db()
    assert (change.state, change.detail) == ("not_applied", "What was approved is not what was proposed.")


def test_a_change_that_cannot_be_applied_is_given_up_and_nothing_is_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    frank = second_admin(world)
    _, change, request = proposed(world, PASS_WRITES)
    approve(world, request, frank)
    row = Delivery.objects.get(correlation_id=request.decision.pk)

    def broken(*_: object) -> None:
        raise RuntimeError("not today")

    kind = changes.KINDS["policy"]
    monkeypatch.setitem(changes.KINDS, "policy", changes.Kind(kind.tool, kind.sentence, broken))
    for attempts in (0, 12):
        Delivery.objects.filter(pk=row.pk).update(attempts=attempts, next_attempt_at=row.created_at)
        delivery.sweep()
    row.refresh_from_db()
    change.refresh_from_db()
    assert (row.state, change.state) == ("dead", "not_applied")
    assert current_version(world.team.pk).number == 1


def test_a_draft_needs_a_finished_backtest_against_what_is_in_force(world: World) -> None:
    erin, version = world.member(world.erin), draft(world, PASS_WRITES)
    with pytest.raises(Conflict, match="not-tested"):
        enable(admin=erin, number=version.number)
    trial = start_backtest(admin=erin, number=version.number)
    with pytest.raises(Conflict, match="not-tested"):
        enable(admin=erin, number=version.number)
    run_backtest(trial.pk)
    enforce(world, REFUSE_WRITES)
    with pytest.raises(Conflict, match="not-tested"):
        enable(admin=erin, number=version.number)
    again = start_backtest(admin=erin, number=version.number)
    run_backtest(again.pk)
    Backtest.objects.filter(pk=again.pk).update(error="RuntimeError")
    with pytest.raises(Conflict, match="not-tested"):
        enable(admin=erin, number=version.number)
    assert current_version(world.team.pk).number == 3


def test_a_draft_needs_a_backtest_of_the_last_day(world: World) -> None:
    version = tried(world, PASS_WRITES)
    now = database_now()
    Backtest.objects.update(until=now - FRESH - timedelta(seconds=1))
    with pytest.raises(Conflict, match="began more than 24 hours ago") as refused:
        enable(admin=world.member(world.erin), number=version.number)
    assert refused.value.code == "backtest-stale"
    assert current_version(world.team.pk).number == 1
    Backtest.objects.update(until=now - FRESH + timedelta(minutes=1))
    enable(admin=world.member(world.erin), number=version.number)
    assert current_version(world.team.pk) == version


def test_enabling_is_for_admins_and_for_versions_there_are(world: World) -> None:
    version = tried(world, PASS_WRITES)
    with pytest.raises(NotAllowed):
        enable(admin=world.member(world.alice), number=version.number)
    with pytest.raises(NotFound):
        enable(admin=world.member(world.erin), number=99)
    with pytest.raises(Conflict, match="in-force"):
        enable(admin=world.member(world.erin), number=1)


def test_the_only_admin_enables_at_once_and_the_log_says_so(world: World) -> None:
    version = tried(world, PASS_WRITES)
    enabled = enable(admin=world.member(world.erin), number=version.number)
    assert enabled.change is not None
    assert (enabled.change.state, enabled.change.alone, enabled.change.request) == ("applied", True, None)
    assert enabled.activation is not None
    assert enabled.activation.alone
    assert current_version(world.team.pk) == version
    event = AuditEvent.objects.get(team=world.team, verb="change_settled")
    assert canonical.read(bytes(event.entry))["facts"]["alone"] is True


def test_one_change_of_the_policy_waits_at_a_time(world: World) -> None:
    second_admin(world)
    proposed(world, PASS_WRITES)
    version = tried(world, {**PASS_WRITES, "priority": 9})
    with pytest.raises(Conflict, match="already-proposed"):
        enable(admin=world.member(world.erin), number=version.number)
    assert ApprovalRequest.objects.filter(team=world.team, channel="change").count() == 1


def test_two_admins_who_propose_at_once_ask_once(real_world: World) -> None:
    frank = second_admin(real_world)
    versions = [tried(real_world, {**PASS_WRITES, "priority": place}) for place in (1, 2)]
    results = race(
        lambda: enable(admin=real_world.member(real_world.erin), number=versions[0].number),
        lambda: enable(admin=real_world.member(frank), number=versions[1].number),
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Enabled"]
    assert isinstance(next(one for one in results if not isinstance(one, Exception)), Enabled)


def test_a_new_version_keeps_the_people_a_waiting_change_was_asked_of(world: World) -> None:
    frank = second_admin(world)
    _, _, request = proposed(world, PASS_WRITES)
    enforce(world, REFUSE_WRITES)
    sweep()
    request.refresh_from_db()
    assert request.needs == [{"group": "admins", "count": 1}]
    assert request.judged_by is None
    approve(world, request, frank)


def test_nobody_can_ask_or_act_as_the_built_in_agent(world: World) -> None:
    second_admin(world)
    _, _, request = proposed(world, PASS_WRITES)
    built_in, erin = request.agent, world.member(world.erin)
    with pytest.raises(NotFound):
        agents.issue_token(admin=erin, agent_id=built_in.pk, name="x", lifetime=timedelta(days=1))
    with pytest.raises(NotFound):
        agents.set_enabled(admin=erin, agent_id=built_in.pk, enabled=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        AgentToken.objects.create(
            agent=built_in, name="x", prefix="x" * 12, digest=b"x" * 32, expires_at=request.expires_at
        )
    for handle in ("placet", "Placet"):
        with pytest.raises(Invalid, match="handle-reserved"):
            agents.register_agent(admin=erin, handle=handle)
        with pytest.raises(IntegrityError), transaction.atomic():
            gateway.register_agent(team_id=world.other.pk, handle=handle, owner=None)
    with pytest.raises(Invalid, match="reserved-tool"):
        ask(world, "placet.put_policy_in_force", {"version": 1})
    assert gateway.built_in_agent(world.team.pk) == built_in
    assert Agent.objects.filter(team_id=world.team.pk, built_in=True).count() == 1


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (with_rules({**PASS_WRITES, "until": "2020-01-01T00:00:00Z"}), "/rules/0/until"),
        (
            with_rules({"id": "x", "then": "review", "needs": [{"tier": "ghost", "count": 1}]}),
            "/rules/0/needs",
        ),
    ],
)
def test_a_document_that_does_not_fit_is_not_saved(world: World, document: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        save_draft(admin=world.member(world.erin), document=document)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert PolicyVersion.objects.filter(policy__team=world.team).count() == 1


def test_an_allow_rule_gets_an_end(world: World) -> None:
    saved = save_draft(admin=world.member(world.erin), document=with_rules(PASS_WRITES))
    (rule,) = drafts.document_of(saved).rules
    assert rule.until is not None
    assert saved.author == world.erin
    with pytest.raises(NotAllowed):
        save_draft(admin=world.member(world.alice), document=with_rules(PASS_WRITES))
