"""Who may decide what, asked in every way the product can be asked, over random teams: all answers are one answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from agents import services as gateway
from agents.contract import Submission
from agents.models import Agent
from inbox.clock import database_now
from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Ceiling, Member, RoleGroup, Team
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.queue import your_turn_count
from inbox.selectors.turn import Turn
from inbox.selectors.who import unfillable, what_could_decide, who_could_decide
from inbox.services.ballot import Line
from inbox.services.decide import Decided, decide_many
from inbox.services.submit import submit
from inbox.services.teams import add_member, create_team
from tests.factories import World, ask, at_once, body, vote
from tests.policies import bind

TIERS = ("reviewer", "senior", "lead")
GROUPS = ("finance", "security")
NAMES = ("ada", "ben", "cyn", "dov", "eva")
_number = itertools.count()


def rarely(drawn: st.SearchStrategy[Any], otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly `otherwise`: were every bar drawn half the time, hardly a vote would ever be cast."""
    return st.integers(0, 4).flatmap(lambda dice: drawn if dice == 4 else otherwise)


tiers = rarely(st.none(), st.sampled_from(TIERS))
whos = st.tuples(st.none() | st.sampled_from(TIERS), st.none() | st.sampled_from((*GROUPS, "admins"))).filter(
    any
)
needs = st.lists(st.tuples(whos, st.integers(1, 2)), min_size=2, max_size=3, unique_by=lambda need: need[0])
ceilings = st.none() | st.fixed_dictionaries(
    {
        "money": st.none() | st.tuples(st.sampled_from([0, 50, 500]), st.sampled_from(["EUR", "USD"])),
        "environments": st.none() | st.lists(st.sampled_from(["staging", "production"]), max_size=2),
        "tools": st.none() | st.lists(st.sampled_from(["write_*", "write_fil?", "other", "*"]), max_size=1),
    }
)
people = st.fixed_dictionaries(
    {
        "tier": tiers,
        "before": tiers,
        "cooling": rarely(st.just(True), st.just(False)),
        "is_admin": st.booleans(),
        "is_active": st.sampled_from([True, True, True, False]),
        "groups": st.sets(st.sampled_from(GROUPS)),
        "ceiling": rarely(ceilings, st.none()),
    }
)
asked = st.fixed_dictionaries(
    {
        "needs": needs,
        "risk": st.sampled_from([Risk.LOW, Risk.HIGH]),
        "amount": st.none() | st.sampled_from([10, 100, 1000]),
        "currency": st.sampled_from(["EUR", "USD", ""]),
        "environment": st.sampled_from(["", "staging", "production"]),
        "tools": st.lists(st.sampled_from(["write_file", "other"]), min_size=1, max_size=2, unique=True),
        "requester": rarely(st.sampled_from(NAMES), st.none()),
        "agent": st.integers(0, 1),
        "awaited": rarely(st.just(True), st.just(False)),
    }
)
histories = st.fixed_dictionaries(
    {
        "people": st.tuples(*[people] * len(NAMES)),
        "owner": rarely(st.sampled_from(NAMES), st.none()),
        "maker": rarely(st.sampled_from(NAMES), st.none()),
        "requests": st.lists(asked, min_size=2, max_size=4),
        "votes": st.lists(st.tuples(st.integers(0, 3), st.sampled_from(NAMES)), min_size=3, max_size=8),
        "ladder": st.none() | st.tuples(st.sampled_from(TIERS), st.integers(1, 2)),
        "afterwards": st.none() | st.tuples(st.sampled_from(NAMES), people),
    }
)


@dataclass(frozen=True)
class Case:
    """One team as drawn, with its pending requests."""

    team: Team
    users: dict[str, User]
    requests: list[ApprovalRequest]

    def member(self, name: str) -> Member:
        return Member.objects.select_related("tier", "user", "team").get(
            team=self.team, user=self.users[name]
        )

    def turn(self, name: str) -> Turn:
        return Turn(self.member(name), at=database_now())

    def votes(self, name: str, request: ApprovalRequest) -> bool:
        """Whether the one door takes their vote; it stays cast."""
        [result] = decide_many(
            person=self.users[name],
            team=self.team,
            lines=[Line(request.pk, request.digest, "approve")],
            via="test",
        )
        return isinstance(result, Decided)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def set_person(case_team: Team, user: User, drawn: dict[str, Any]) -> None:
    member = Member.objects.get(team=case_team, user=user)
    ladder = {tier.name: tier for tier in case_team.tiers.all()}
    member.tier = ladder.get(drawn["tier"])
    member.tier_before = ladder.get(drawn["before"]) if drawn["cooling"] else None
    member.tier_counts_from = database_now() + timedelta(hours=1) if drawn["cooling"] else None
    member.is_admin, member.is_active = drawn["is_admin"], drawn["is_active"]
    member.save()
    member.role_groups.set(RoleGroup.objects.filter(team=case_team, name__in=drawn["groups"]))
    Ceiling.objects.filter(member=member).delete()
    limits = drawn["ceiling"]
    if limits:
        amount, currency = limits["money"] or (None, "")
        Ceiling.objects.create(
            member=member,
            amount=amount,
            currency=currency,
            environments=limits["environments"],
            tools=limits["tools"],
        )


def drawn_case(history: dict[str, Any]) -> Case:
    number = next(_number)
    team = create_team(
        slug=f"drawn-{number}-{uuid4().hex[:6]}", name="Drawn", tiers=TIERS, document=at_once(TIERS)
    )
    RoleGroup.objects.bulk_create(RoleGroup(team=team, name=name) for name in GROUPS)
    users = {name: User.objects.create(username=f"{name}-{uuid4().hex[:10]}") for name in NAMES}
    for user, drawn in zip(users.values(), history["people"], strict=True):
        add_member(team=team, user=user, tier=None)
        set_person(team, user, drawn)
    add_member(
        team=team, user=User.objects.create(username=f"keeper-{uuid4().hex[:10]}"), tier=None, is_admin=True
    )
    agents: list[Agent] = [
        gateway.register_agent(team_id=team.pk, handle=handle, owner=users.get(history["owner"] or ""))
        for handle in ("owned",)
    ] + [gateway.register_agent(team_id=team.pk, handle="made", owner=None)]
    if history["maker"]:
        token, _ = gateway.issue_token(
            agent=agents[1], name="t", created_by=users[history["maker"]], lifetime=timedelta(days=1)
        )
        gateway.revoke_token(token)
    requests = []
    for drawn in history["requests"]:
        made = submit(agent=agents[drawn["agent"]], submission=Submission.model_validate(body())).request
        ApprovalRequest.objects.filter(pk=made.pk).update(
            needs=[
                Need(tier=tier, group=group, count=count).model_dump(exclude_none=True)
                for (tier, group), count in drawn["needs"]
            ],
            risk=drawn["risk"].value,
            amount=drawn["amount"] and Decimal(drawn["amount"]),
            currency=drawn["currency"] if drawn["amount"] else "",
            environment=drawn["environment"],
            tools=drawn["tools"],
            requester=users.get(drawn["requester"] or ""),
            asked_agent_at=database_now() if drawn["awaited"] else None,
        )
        requests.append(ApprovalRequest.objects.select_related("agent").get(pk=made.pk))
    case = Case(team, users, requests)
    for place, name in history["votes"]:
        if place < len(requests):
            case.votes(name, requests[place])
    if history["afterwards"]:
        name, drawn = history["afterwards"]
        set_person(team, users[name], drawn)
    if history["ladder"]:
        tier, count = history["ladder"]
        bind(team, {risk: Need(tier=tier, count=count) for risk in Risk})
    pending = ApprovalRequest.objects.select_related("agent").filter(
        pk__in=[request.pk for request in requests], state=State.PENDING.value
    )
    return Case(team, users, list(pending))


def test_a_slot_somebody_else_filled_is_no_turn_of_mine(world: World) -> None:
    """One senior and one lead: when carol has filled the senior's slot, another senior waits for others."""
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(
        needs=[{"tier": "senior", "count": 1}, {"tier": "lead", "count": 1}]
    )
    request.refresh_from_db()
    gus = User.objects.create_user(f"gus-{uuid4().hex[:8]}")
    add_member(team=world.team, user=gus, tier="senior")
    assert [listed(world, person) for person in (gus, world.alice, world.dave)] == [True, True, False]
    vote(world, request, world.carol)
    assert [listed(world, person) for person in (gus, world.alice, world.carol)] == [False, True, False]


def test_a_tightened_ladder_makes_it_somebody_elses_turn(world: World) -> None:
    ask(world)
    assert listed(world, world.dave)
    bind(world.team, {risk: Need(tier="lead", count=1) for risk in Risk})
    assert [listed(world, person) for person in (world.dave, world.alice)] == [False, True]


def test_a_ladder_that_asks_more_people_makes_it_their_turn_too(world: World) -> None:
    """Pinned is one lead; two reviewers are asked for now: a lead and a reviewer, so it waits for reviewers too."""
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    assert not listed(world, world.dave)
    bind(world.team, {risk: Need(tier="reviewer", count=2) for risk in Risk})
    assert [listed(world, person) for person in (world.dave, world.alice)] == [True, True]


def listed(world: World, person: User) -> bool:
    """Whether the team's one request waits for this person, by the list, the count and the other list."""
    turn = Turn(world.member(person))
    pending = ApprovalRequest.objects.filter(team=world.team, state=State.PENDING.value)
    mine = pending.filter(turn.condition).count()
    assert your_turn_count(turn) == mine
    assert pending.exclude(turn.condition).count() == 1 - mine
    return bool(mine)


slowly = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@slowly
@given(histories)
def test_everybody_who_can_be_asked_who_may_decide_says_the_same(db: None, history: dict[str, Any]) -> None:
    with undone():
        case = drawn_case(history)
        keeper = next(iter(case.users))
        said = {
            request.pk: {c.member_id: c.may for c in who_could_decide(case.turn(keeper), request).candidates}
            for request in case.requests
        }
        event(f"partly filled: {sum(1 for request in case.requests if request.votes_cast)}")
        for name in case.users:
            turn, member = case.turn(name), case.member(name)
            could = {possible.request.pk: possible.may for possible in what_could_decide(member, turn)}
            listed = set(
                ApprovalRequest.objects.filter(
                    turn.condition, team=case.team, state=State.PENDING.value
                ).values_list("pk", flat=True)
            )
            others = set(
                ApprovalRequest.objects.filter(team=case.team, state=State.PENDING.value)
                .exclude(turn.condition)
                .values_list("pk", flat=True)
            )
            assert not listed & others
            assert len(listed | others) == len(case.requests)
            assert your_turn_count(turn) == len(listed)
            standings = turn.standings(case.requests)
            for request in case.requests:
                with undone():
                    voted = case.votes(name, request)
                assert voted == could[request.pk]
                assert voted == said[request.pk].get(member.pk, False)
                assert voted == standings[request.pk].counts
                # Somebody asked its agent: whoever may decide still may, and it waits for none of them.
                turn_is_theirs = voted and request.asked_agent_at is None
                assert turn_is_theirs == standings[request.pk].turn
                assert turn_is_theirs == (request.pk in listed)


@slowly
@given(histories, st.permutations(NAMES))
def test_slots_nobody_can_fill_are_those_that_stay_open_when_everybody_votes(
    db: None, history: dict[str, Any], order: list[str]
) -> None:
    with undone():
        case = drawn_case(history)
        for request in case.requests:
            missing = unfillable(case.turn(NAMES[0]), request)
            with undone():
                for name in order:
                    case.votes(name, request)
                    request.refresh_from_db()
                    if request.state != State.PENDING.value:
                        break
                keeper = Member.objects.get(team=case.team, user__username__startswith="keeper")
                if request.state == State.PENDING.value:
                    decide_many(
                        person=keeper.user,
                        team=case.team,
                        lines=[Line(request.pk, request.digest, "approve")],
                        via="test",
                    )
                    request.refresh_from_db()
                # Held or released: the last place was filled.
                assert (request.state != State.PENDING.value) == (not missing)
