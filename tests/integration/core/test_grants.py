"""Grants at work: who may make them, what passes by them, what never does, and two at once on the last use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, InternalError

from agents import services as gateway
from agents.contract import Submission
from inbox.clock import database_now
from inbox.errors import Changed, Conflict, Invalid, NotAllowed, NotFound, Refused
from inbox.models import ApprovalRequest, AuditEvent, Grant, GrantUse, Member, Tool
from inbox.policy.grants import ArgumentTest, narrowest
from inbox.services.grants import Wish, end_expired, make_grant, revoke_grant
from inbox.services.submit import Addressed, submit, submit_all
from inbox.services.teams import add_member
from tests.checker import check_team
from tests.factories import World, ask, body, in_force, race, vote

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}, "text": {"type": "string"}}}
ARGS = {"path": "docs/a.md", "text": "hello"}


def call(
    world: World,
    args: Mapping[str, Any] = ARGS,
    *,
    schema: Any = SCHEMA,
    tool: str = "write_file",
    **fields: Any,
) -> ApprovalRequest:
    """A request whose action says its schema."""
    action = {"key": "call_1", "name": tool, "args": dict(args), "args_schema": schema}
    return ask(world, **{"actions": [action], **fields})


def wish(request: ApprovalRequest, args: Mapping[str, Any] = ARGS, **change: Any) -> Wish:
    fields: dict[str, Any] = {
        "request_id": request.pk,
        "digest": request.digest,
        "key": "call_1",
        "pattern": narrowest(args),
        "lifetime": timedelta(hours=1),
        **change,
    }
    return Wish(**fields)


def granted(world: World, person: Any = None, **change: Any) -> Grant:
    return make_grant(member=world.member(person or world.dave), wish=wish(call(world), **change))


WIDE = (ArgumentTest("path", "under", "docs"), ArgumentTest("text", "any"))


def test_calls_like_it_pass_and_the_request_it_came_from_stays(world: World) -> None:
    first = call(world)
    grant = make_grant(member=world.member(world.dave), wish=wish(first, pattern=WIDE))
    first.refresh_from_db()
    assert first.state == "pending"
    passed = call(world, {"path": "docs/b/c.md", "text": "x"})
    assert (passed.state, passed.outcome, passed.rule) == ("decided", "approved", f"grant:{grant.pk}")
    assert passed.decision.kind == "policy"
    assert any(
        reason["code"] == "granted" and world.dave.username in reason["text"] for reason in passed.reasons
    )
    for other in ({"path": "src/b.md", "text": "x"}, {"path": "docs/b.md", "text": "x", "mode": "w"}):
        assert call(world, other).state == "pending"
    grant.refresh_from_db()
    assert grant.uses == 1
    assert GrantUse.objects.get(grant=grant).request_id == passed.pk
    verbs = list(AuditEvent.objects.filter(request=passed).order_by("seq").values_list("verb", flat=True))
    assert verbs == ["requested", "grant_used", "decided"]
    made = AuditEvent.objects.get(request=first, verb="grant_made")
    assert b"docs" not in bytes(made.entry)
    check_team(world.team)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": {"type": "object"}},
        {"schema": None},
        {"tool": "archive_nothing"},
        {"thread": "run-2"},
    ],
)
def test_another_schema_tool_or_run_is_asked(world: World, change: dict[str, Any]) -> None:
    granted(world, this_run=True)
    assert call(world).state == "decided"
    assert call(world, **change).state == "pending"


def test_another_agent_is_asked(world: World) -> None:
    granted(world)
    other = gateway.register_agent(team_id=world.team.pk, handle="other", owner=world.erin)
    action = {"key": "call_1", "name": "write_file", "args": ARGS, "args_schema": SCHEMA}
    made = submit(agent=other, submission=Submission.model_validate(body(actions=[action])))
    assert made.request.state == "pending"


def test_in_all_runs_when_it_says_so(world: World) -> None:
    granted(world)
    assert call(world, thread="run-2").state == "decided"


def test_uses_run_out(world: World) -> None:
    grant = granted(world, max_uses=2)
    assert [call(world).state for _ in range(3)] == ["decided", "decided", "pending"]
    grant.refresh_from_db()
    assert (grant.uses, grant.ended_because) == (2, "used-up")


def test_time_runs_out_at_once_and_is_written_down_later(world: World) -> None:
    grant = granted(world)
    now = database_now()
    revoke_grant(member=world.member(world.dave), grant_id=grant.pk)
    grant.pk, grant.created_at, grant.expires_at = (
        uuid4(),
        now - timedelta(hours=1),
        now - timedelta(seconds=1),
    )
    grant.save(force_insert=True)
    assert call(world).state == "pending"
    assert end_expired() == 1
    assert end_expired() == 0
    grant.refresh_from_db()
    assert grant.ended_because == "expired"
    assert AuditEvent.objects.filter(team=world.team, verb="grant_ended").count() == 2


def test_revoking_works_at_once_for_the_giver_and_admins_only(world: World) -> None:
    grant = granted(world)
    with pytest.raises(NotAllowed):
        revoke_grant(member=world.member(world.alice), grant_id=grant.pk)
    assert call(world).state == "decided"
    revoke_grant(member=world.member(world.dave), grant_id=grant.pk)
    assert call(world).state == "pending"
    again = revoke_grant(member=world.member(world.erin), grant_id=grant.pk)
    assert again.ended_by == world.dave
    assert AuditEvent.objects.filter(team=world.team, verb="grant_ended").count() == 1
    second = granted(world)
    assert revoke_grant(member=world.member(world.erin), grant_id=second.pk).ended_by == world.erin


@pytest.mark.parametrize(
    "rule",
    [
        {"id": "no", "tool": "write_file", "then": "deny"},
        {"id": "glass", "tool": "write_file", "then": "break_glass", "needs": [{"tier": "lead", "count": 1}]},
        {"id": "risky", "tool": "write_file", "then": "review", "risk_at_least": "high"},
        {"id": "two", "tool": "write_file", "then": "review", "needs": [{"tier": "reviewer", "count": 1}]},
        {"id": "above", "tool": "write_file", "then": "review", "risk_at_least": "medium"},
    ],
    ids=lambda rule: str(rule["id"]),
)
def test_a_grant_never_passes_a_tightened_policy(world: World, rule: Mapping[str, Any]) -> None:
    """Denied, blocked, over medium, needing two people, or above the giver's tier: today's answer counts."""
    granted(world)
    assert call(world).state == "decided"
    in_force(world, rule)
    assert call(world).outcome != "approved"


def test_an_allow_rule_over_its_limit_may_pass_by_a_grant(world: World) -> None:
    granted(world, max_uses=1)
    in_force(
        world,
        {"id": "few", "tool": "write_file", "then": "allow", "limits": [{"count": 1, "per": "day"}]},
    )
    rules = [call(world).rule for _ in range(3)]
    assert rules[0] == "few"
    assert rules[1].startswith("grant:")
    assert rules[2] == ""


@pytest.mark.parametrize("change", [{"is_active": False}, {"tier": None}])
def test_it_holds_only_while_its_giver_could_decide_such_a_request(
    world: World, change: dict[str, Any]
) -> None:
    granted(world)
    Member.objects.filter(team=world.team, user=world.dave).update(**change)
    assert call(world).state == "pending"


def test_it_does_not_pass_what_is_asked_on_its_givers_behalf(world: World) -> None:
    granted(world)
    assert call(world, on_behalf_of=world.dave.username).state == "pending"
    assert call(world, on_behalf_of=world.carol.username).state == "decided"


def test_a_tool_that_acts_for_good_since_is_asked(world: World) -> None:
    granted(world)
    Tool.objects.filter(team=world.team, name="write_file").update(reversible=False)
    assert call(world).state == "pending"


def test_several_actions_pass_when_each_may(world: World) -> None:
    grant = granted(world)
    actions = [{"key": f"k{n}", "name": "write_file", "args": ARGS, "args_schema": SCHEMA} for n in range(2)]
    both = ask(world, actions=actions)
    assert both.state == "decided"
    grant.refresh_from_db()
    assert grant.uses == 2
    actions[1]["args"] = {**ARGS, "text": "other"}
    assert ask(world, actions=actions).state == "pending"
    grant.refresh_from_db()
    assert grant.uses == 2


def test_a_repeated_key_uses_nothing_again(world: World) -> None:
    grant = granted(world)
    sent = body(
        actions=[{"key": "call_1", "name": "write_file", "args": ARGS, "args_schema": SCHEMA}],
        dedupe_key="same",
    )
    submission = Submission.model_validate(sent)
    assert submit(agent=world.agent, submission=submission).created
    with pytest.raises(IntegrityError), transaction.atomic():
        submit_all(agent=world.agent, asked=[Addressed(submission)], channel="poll")
    grant.refresh_from_db()
    assert grant.uses == 1


class TestWhoMayMakeOne:
    def refused(self, world: World, person: Any, request: ApprovalRequest, **change: Any) -> Refused:
        with pytest.raises(Refused) as refusal:
            make_grant(member=world.member(person), wish=wish(request, **change))
        assert not Grant.objects.filter(team=world.team).exists()
        return refusal.value

    def test_somebody_without_a_tier_or_who_owns_the_agent_may_not(self, world: World) -> None:
        assert self.refused(world, world.erin, call(world)).code == "self-approval"

    def test_somebody_below_the_needed_tier_may_not(self, world: World) -> None:
        in_force(world, {"id": "up", "tool": "write_file", "then": "review", "risk_at_least": "medium"})
        assert self.refused(world, world.dave, call(world)).code == "insufficient-tier"

    def test_one_of_two_needed_people_may_not(self, world: World) -> None:
        in_force(
            world,
            {
                "id": "two",
                "tool": "write_file",
                "then": "review",
                "needs": [{"tier": "reviewer", "count": 1}],
            },
        )
        assert self.refused(world, world.alice, call(world)).code == "several-people"

    def test_an_admin_without_the_tier_may_not(self, world: World) -> None:
        add_member(team=world.team, user=world.charlie, tier=None, is_admin=True)
        assert self.refused(world, world.charlie, call(world)).code == "no-tier"
        assert call(world).state == "pending"

    @pytest.mark.parametrize(
        ("tool", "args"),
        [("send_email", {"to": "a@x.io", "subject": "s"}), ("issue_refund", {"amount": 1, "customer": "c"})],
    )
    def test_what_cannot_be_put_back_is_above_the_ceiling(self, world: World, tool: str, args: Any) -> None:
        request = call(world, args, tool=tool)
        refusal = self.refused(world, world.alice, request, pattern=narrowest(args))
        assert refusal.code == "above-ceiling"

    def test_neither_is_an_unknown_schema_nor_a_blocked_request_granted(self, world: World) -> None:
        assert self.refused(world, world.alice, call(world, schema=None)).code == "above-ceiling"
        in_force(
            world,
            {"id": "g", "tool": "write_file", "then": "break_glass", "needs": [{"tier": "lead", "count": 1}]},
        )
        assert self.refused(world, world.alice, call(world)).code in ("above-ceiling", "several-people")

    def test_what_was_decided_changed_or_is_foreign_is_refused(self, world: World) -> None:
        request = call(world)
        assert isinstance(self.refused(world, world.dave, request, digest="sha256:" + "0" * 64), Changed)
        assert isinstance(self.refused(world, world.dave, request, key="call_2"), NotFound)
        vote(world, request, world.dave, "reject")
        assert isinstance(self.refused(world, world.dave, request), Conflict)
        stranger = Member.objects.select_related("team", "user").get(team=world.other, user=world.charlie)
        with pytest.raises(NotFound):
            make_grant(member=stranger, wish=wish(call(world)))

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"lifetime": timedelta(seconds=5)}, "/lifetime"),
            ({"lifetime": timedelta(days=31)}, "/lifetime"),
            ({"max_uses": 0}, "/max_uses"),
            ({"max_uses": 10_001}, "/max_uses"),
            ({"pattern": (ArgumentTest("path", "any"), ArgumentTest("text", "any"))}, "/pattern"),
            ({"pattern": ()}, "/pattern"),
            (
                {"pattern": (ArgumentTest("path", "under", "src"), ArgumentTest("text", "any"))},
                "/pattern/path",
            ),
        ],
    )
    def test_a_wish_that_makes_no_sense_says_where(
        self, world: World, change: dict[str, Any], pointer: str
    ) -> None:
        refusal = self.refused(world, world.dave, call(world), **change)
        assert isinstance(refusal, Invalid)
        assert pointer in {error.pointer for error in refusal.errors}


@pytest.mark.parametrize(
    "column",
    ["tool = 'x'", "pattern = '[]'", "max_uses = 9", "expires_at = now() + interval '9 d'", "uses = -1"],
)
def test_the_database_keeps_a_grant_to_what_it_was_given_for(world: World, column: str) -> None:
    grant = granted(world)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE inbox_grant SET {column} WHERE id = %s", [grant.pk])


def test_fifty_rounds_of_two_at_once_on_the_last_use(real_world: World) -> None:
    """One passes, the other is asked, fifty times; the uses say one each time."""
    for _ in range(50):
        grant = granted(real_world, max_uses=1)
        results = race(lambda: call(real_world), lambda: call(real_world))
        states = sorted(
            result.state if isinstance(result, ApprovalRequest) else repr(result) for result in results
        )
        assert states == ["decided", "pending"]
        grant.refresh_from_db()
        assert (grant.uses, grant.ended_because) == (1, "used-up")
        assert GrantUse.objects.filter(grant=grant).count() == 1
    check_team(real_world.team)


def test_revoking_and_submitting_at_once_is_one_before_the_other(real_world: World) -> None:
    for _ in range(20):
        grant = granted(real_world)
        dave = real_world.member(real_world.dave)

        def end(grant_id: UUID = grant.pk, member: Member = dave) -> Grant:
            return revoke_grant(member=member, grant_id=grant_id)

        ended, made = race(end, lambda: call(real_world))
        assert isinstance(ended, Grant)
        assert isinstance(made, ApprovalRequest)
        grant.refresh_from_db()
        assert grant.uses == (1 if made.state == "decided" else 0)
        assert call(real_world).state == "pending"
