"""What loosens people, groups, ceilings and tiers waits for a second admin; what tightens is done at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from inbox.errors import Conflict, NotAllowed
from inbox.models import Activation, AuditEvent, Ceiling, ChangeRequest, Member, RoleGroup, Team, Tier
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version
from inbox.services.backtests import run_backtest, start_backtest
from inbox.services.drafts import enable
from inbox.services.governed import request_change
from inbox.services.groups import add_group
from inbox.services.policies import save_ladder
from inbox.services.sweep import sweep
from inbox.services.tiers import add_tier
from tests.factories import World, vote
from tests.integration.core.test_changes import second_admin


def place(world: World, person: User, **after: Any) -> dict[str, Any]:
    member = world.member(person)
    now = {
        "tier": member.tier.name if member.tier else None,
        "admin": member.is_admin,
        "active": member.is_active,
    }
    return {"member": str(member.pk), "person": person.get_username(), "after": {**now, **after}}


def capped(world: World, amount: str) -> dict[str, Any]:
    after = {"amount": amount, "currency": "EUR" if amount else "", "environments": None, "tools": None}
    return {"member": str(world.member(world.dave).pk), "person": world.dave.get_username(), "after": after}


def ask_for(world: World, kind: str, args: dict[str, Any], by: User | None = None) -> ChangeRequest | None:
    return request_change(kind=kind, subject="it", args=args, author=world.member(by or world.erin))


LOOSENING: list[tuple[str, Callable[[World], dict[str, Any]], Callable[[World], object]]] = [
    ("member", lambda w: place(w, w.dave, tier="lead"), lambda w: w.member(w.dave).tier.name == "lead"),
    ("member", lambda w: place(w, w.dave, admin=True), lambda w: w.member(w.dave).is_admin),
    (
        "group",
        lambda w: {"member": str(w.member(w.dave).pk), "person": "dave", "group": "security"},
        lambda w: RoleGroup.objects.get(team=w.team).members.filter(user=w.dave).exists(),
    ),
    ("ceiling", lambda w: capped(w, ""), lambda w: not Ceiling.objects.filter(member__user=w.dave).exists()),
    ("cooldown", lambda w: {"seconds": 0}, lambda w: Team.objects.get(pk=w.team.pk).cooldown_seconds == 0),
    (
        "tier",
        lambda w: {"tier": "lead", "direction": "up"},
        lambda w: Tier.objects.get(team=w.team, name="lead").rank == 4,
    ),
    (
        "domain",
        lambda w: {"domain": "acme.example"},
        lambda w: Team.objects.get(pk=w.team.pk).domains == ["acme.example"],
    ),
    (
        "environment",
        lambda w: {
            "agent_id": str(w.agent.pk),
            "agent": w.agent.handle,
            "environment": "staging",
            "where": "staging",
        },
        lambda w: Agent.objects.get(pk=w.agent.pk).environment == "staging",
    ),
]


@pytest.mark.parametrize(
    ("kind", "args", "done"), LOOSENING, ids=[f"{one[0]}{n}" for n, one in enumerate(LOOSENING)]
)
def test_what_loosens_waits_and_is_done_when_a_second_admin_approves(
    world: World, kind: str, args: Callable[[World], dict[str, Any]], done: Callable[[World], bool]
) -> None:
    frank = second_admin(world)
    add_group(admin=world.member(world.erin), name="security")
    add_tier(admin=world.member(world.erin), name="board")
    Ceiling.objects.create(member=world.member(world.dave), amount=100, currency="EUR")
    change = ask_for(world, kind, args(world))
    assert change is not None
    assert change.request is not None
    assert not done(world), "nothing is done before it is approved"
    assert change.body["loosens"]
    vote(world, change.request, frank)
    sweep()
    change.refresh_from_db()
    assert (change.state, change.detail) == ("applied", "")
    assert done(world)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("member", lambda w: place(w, w.alice, tier="reviewer")),
        ("ceiling", lambda w: capped(w, "5")),
        ("cooldown", lambda w: {"seconds": 7200}),
    ],
)
def test_what_tightens_is_done_at_once(
    world: World, kind: str, args: Callable[[World], dict[str, Any]]
) -> None:
    second_admin(world)
    assert ask_for(world, kind, args(world)) is None
    assert not ChangeRequest.objects.filter(team=world.team).exists()


def test_the_only_admin_does_it_alone_and_the_log_says_so(world: World) -> None:
    change = ask_for(world, "member", place(world, world.dave, tier="lead"))
    assert change is not None
    assert (change.alone, change.state, change.request) == (True, "applied", None)
    assert world.member(world.dave).tier.name == "lead"
    assert AuditEvent.objects.filter(team=world.team, verb="change_settled").count() == 1


def test_nobody_makes_themselves_alone(world: World) -> None:
    """Taking the other admin's rights away is what that admin must approve."""
    frank = second_admin(world)
    for after in ({"admin": False}, {"active": False}):
        change = ask_for(world, "member", place(world, frank, **after))
        assert change is not None
        assert change.request is not None
        assert world.member(frank).is_admin
        with pytest.raises(NotAllowed, match="self-approval"):
            vote(world, change.request, world.erin)
        vote(world, change.request, frank, "reject")
        sweep()
    assert world.member(frank).is_admin


def test_nobody_raises_themselves_by_asking(world: World) -> None:
    second_admin(world)
    with pytest.raises(NotAllowed, match="own-tier"):
        ask_for(world, "member", place(world, world.erin, tier="lead"))


def test_what_changed_meanwhile_is_not_applied(world: World) -> None:
    frank = second_admin(world)
    change = ask_for(world, "member", place(world, world.dave, tier="lead"))
    assert change is not None
    assert change.request is not None
    with pytest.raises(Conflict, match="already-proposed"):
        ask_for(world, "member", place(world, world.dave, tier="senior"))
    Member.objects.filter(user=world.dave).update(is_active=False)
    vote(world, change.request, frank)
    sweep()
    change.refresh_from_db()
    assert (change.state, change.detail) == ("not_applied", "What it was based on changed meanwhile.")
    assert world.member(world.dave).tier.name == "reviewer"


def test_the_pages_propose_too(world: World, client: Client) -> None:
    second_admin(world)
    client.force_login(world.erin)
    dave = world.member(world.dave)
    answer = client.post(
        reverse("person", args=[world.team.slug, dave.pk]), {"tier": "lead", "is_active": "on"}
    )
    change = ChangeRequest.objects.get(team=world.team)
    assert answer["Location"] == reverse("request", args=[world.team.slug, change.request_id])
    assert "Nothing changed yet" in client.get(answer["Location"]).content.decode()
    assert world.member(world.dave).tier.name == "reviewer"


@pytest.mark.parametrize("alone", [True, False])
def test_a_ladder_that_asks_for_less_stays_a_draft_until_it_is_tried(world: World, alone: bool) -> None:
    """Whether or not somebody else could enable it: the people's page is no way round the back-test."""
    if not alone:
        second_admin(world)
    erin, less = world.member(world.erin), {Risk.MEDIUM: Need(tier="reviewer", count=1)}
    draft = save_ladder(admin=erin, ladder=less, base=1)
    assert (draft.number, current_version(world.team.pk).number) == (2, 1)
    with pytest.raises(Conflict, match="back-test version 2 against version 1"):
        enable(admin=erin, number=2)
    run_backtest(start_backtest(admin=erin, number=2).pk)
    enabled = enable(admin=erin, number=2)
    assert enabled.change is not None
    assert (enabled.change.alone, enabled.change.state) == (alone, "applied" if alone else "waiting")
    assert (current_version(world.team.pk) == draft) is alone
    if alone:
        assert Activation.objects.get(version=draft).alone


def test_a_ladder_that_only_asks_for_more_is_in_force_at_once(world: World) -> None:
    more = save_ladder(
        admin=world.member(world.erin), ladder={Risk.CRITICAL: Need(tier="lead", count=3)}, base=1
    )
    assert current_version(world.team.pk) == more
