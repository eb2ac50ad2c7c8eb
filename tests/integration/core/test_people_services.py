"""People, groups and ceilings as the services keep them: what is refused, what counts, and from when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from inbox.clock import database_now
from inbox.errors import Invalid, NotAllowed, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Ceiling, Member, RoleGroup, Vote
from inbox.policy.words import Risk
from inbox.selectors.rights import counting_tier
from inbox.services.ceilings import CeilingAsked, set_ceiling
from inbox.services.groups import add_group, join_group, leave_group
from inbox.services.people import change_member, invite
from inbox.services.teams import add_member
from inbox.services.tiers import add_tier, move_tier, set_cooldown
from tests.factories import World, ask, vote


def place(world: World, person: User, tier: str | None, **flags: bool) -> Member:
    """Erin sets somebody's tier."""
    member = world.member(person)
    fields = {"is_admin": member.is_admin, "is_active": member.is_active} | flags
    return change_member(admin=world.member(world.erin), member_id=member.pk, tier=tier, **fields)


def cooled(world: World, person: User) -> None:
    """The cool-down of their raise is over."""
    Member.objects.filter(team=world.team, user=person).update(
        tier_counts_from=database_now() - timedelta(microseconds=1)
    )


def counts(world: World, person: User) -> str | None:
    tier = counting_tier(
        Member.objects.select_related("tier", "tier_before").get(team=world.team, user=person),
        database_now(),
    )
    return tier.name if tier else None


def second_admin(world: World, tier: str | None = None) -> Member:
    user = User.objects.create_user(f"fay-{uuid4().hex[:8]}")
    return add_member(team=world.team, user=user, tier=tier, is_admin=True)


def group_of(world: World, name: str, *people: User) -> RoleGroup:
    erin = world.member(world.erin)
    group = add_group(admin=erin, name=name)
    for person in people:
        join_group(admin=erin, group_id=group.pk, member_id=world.member(person).pk)
    return group


def needing(request: ApprovalRequest, *needs: dict[str, Any]) -> ApprovalRequest:
    """The request with other needs, as a policy with groups would have pinned them."""
    ApprovalRequest.objects.filter(pk=request.pk).update(needs=list(needs))
    request.refresh_from_db()
    return request


# The cool-down


def test_a_raise_counts_only_after_the_cooldown(world: World) -> None:
    request = ask(world, "send_email", {"to": "a@example.com", "subject": "Hi"})
    assert request.risk == Risk.HIGH.value
    place(world, world.carol, "lead")
    assert counts(world, world.carol) == "senior"
    with pytest.raises(NotAllowed) as refusal:
        vote(world, request, world.carol)
    assert refusal.value.code == "insufficient-tier"
    cooled(world, world.carol)
    assert vote(world, request, world.carol).decision is not None
    assert Vote.objects.get(request=request).tier == "lead"


def test_lowering_counts_at_once_and_raising_again_starts_anew(world: World) -> None:
    place(world, world.carol, "lead")
    cooled(world, world.carol)
    place(world, world.carol, "reviewer")
    assert counts(world, world.carol) == "reviewer"
    again = place(world, world.carol, "lead")
    assert counts(world, world.carol) == "reviewer"
    assert again.tier_counts_from is not None
    assert again.tier_counts_from > database_now() + timedelta(minutes=59)


def test_raising_and_lowering_and_raising_inside_the_cooldown_gains_nothing(world: World) -> None:
    place(world, world.dave, "lead")
    place(world, world.dave, "senior")
    assert counts(world, world.dave) == "reviewer"
    place(world, world.dave, "lead")
    assert counts(world, world.dave) == "reviewer"
    place(world, world.dave, "reviewer")
    member = world.member(world.dave)
    assert (member.tier_before, member.tier_counts_from) == (None, None)


def test_saving_an_unchanged_tier_does_not_start_its_cooldown_anew(world: World) -> None:
    first = place(world, world.carol, "lead").tier_counts_from
    assert place(world, world.carol, "lead", is_admin=True).tier_counts_from == first


def test_from_no_tier_a_raise_counts_for_nothing_until_it_is_cool(world: World) -> None:
    add_member(team=world.team, user=User.objects.create_user("gus"), tier=None)
    gus = User.objects.get(username="gus")
    place(world, gus, "lead")
    assert counts(world, gus) is None
    cooled(world, gus)
    assert counts(world, gus) == "lead"


def test_with_no_cooldown_a_raise_counts_at_once(world: World) -> None:
    set_cooldown(admin=world.member(world.erin), seconds=0)
    place(world, world.carol, "lead")
    assert counts(world, world.carol) == "lead"


def test_a_shorter_cooldown_does_not_hurry_raises_that_wait(world: World) -> None:
    before = place(world, world.carol, "lead").tier_counts_from
    set_cooldown(admin=world.member(world.erin), seconds=0)
    assert world.member(world.carol).tier_counts_from == before
    assert counts(world, world.carol) == "senior"


@pytest.mark.parametrize("seconds", [-1, 30 * 24 * 3600 + 1])
def test_a_cooldown_out_of_bounds_is_refused(world: World, seconds: int) -> None:
    with pytest.raises(Invalid) as refusal:
        set_cooldown(admin=world.member(world.erin), seconds=seconds)
    assert refusal.value.code == "invalid-cooldown"


def test_a_ladder_turned_round_during_a_cooldown_raises_nobody(world: World) -> None:
    """Alice waits for board; meanwhile board is moved under lead: until then she counts as the lower of the two."""
    board = add_tier(admin=world.member(world.erin), name="board")
    place(world, world.alice, "board")
    assert counts(world, world.alice) == "lead"
    move_tier(admin=world.member(world.erin), tier_id=board.pk, up=False)
    assert counts(world, world.alice) == "board"


def test_a_raise_is_audited_with_when_it_counts(world: World) -> None:
    place(world, world.carol, "lead")
    event = AuditEvent.objects.filter(team=world.team, verb="member_changed").latest("seq")
    assert b'"tier_counts_from"' in bytes(event.entry)


# Groups


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid-group-name"),
        ("Security", "invalid-group-name"),
        ("-x", "invalid-group-name"),
        ("a b", "invalid-group-name"),
        ("x" * 41, "invalid-group-name"),
        ("sécurité", "invalid-group-name"),
        ("a\n", "invalid-group-name"),
        ("admins", "group-reserved"),
        ("finance", "group-taken"),
    ],
)
def test_a_group_with_a_bad_name_is_refused(world: World, name: str, code: str) -> None:
    erin = world.member(world.erin)
    add_group(admin=erin, name="finance")
    with pytest.raises(Invalid) as refusal:
        add_group(admin=erin, name=name)
    assert refusal.value.code == code
    assert RoleGroup.objects.filter(team=world.team).count() == 1


def test_one_senior_and_one_of_security_may_be_cast_in_any_order(world: World) -> None:
    """Carol is both; whoever else comes, the two of them are enough."""
    group_of(world, "security", world.carol, world.dave)
    both = ({"tier": "senior", "count": 1}, {"group": "security", "count": 1})
    for first, second in ((world.carol, world.alice), (world.carol, world.dave), (world.dave, world.carol)):
        request = needing(ask(world), *both)
        assert vote(world, request, first).decision is None
        assert vote(world, request, second).decision is not None
        stored = set(Vote.objects.filter(request=request).values_list("slot", flat=True))
        assert stored == {"senior#1", "@security#1"}


def test_a_tier_in_a_group_needs_both_in_one_person(world: World) -> None:
    group_of(world, "security", world.dave)
    request = needing(ask(world), {"tier": "senior", "group": "security", "count": 1})
    for person, said in (
        (world.dave, "This needs senior in security; you are reviewer in security."),
        (world.alice, "This needs senior in security; you are lead."),
    ):
        with pytest.raises(NotAllowed) as refusal:
            vote(world, request, person)
        assert refusal.value.code == "insufficient-tier"
        assert said in refusal.value.detail


def test_leaving_a_group_opens_the_slot_again(world: World) -> None:
    group = group_of(world, "security", world.dave, world.carol)
    request = needing(ask(world), {"group": "security", "count": 2})
    vote(world, request, world.dave)
    leave_group(admin=world.member(world.erin), group_id=group.pk, member_id=world.member(world.dave).pk)
    join_group(admin=world.member(world.erin), group_id=group.pk, member_id=world.member(world.alice).pk)
    assert vote(world, request, world.carol).decision is None
    assert vote(world, request, world.alice).decision is not None


def test_admins_are_a_group_of_their_own_and_need_no_tier_for_it(world: World) -> None:
    request = needing(ask(world), {"group": "admins", "count": 1})
    with pytest.raises(NotAllowed):
        vote(world, request, world.alice)
    fay = second_admin(world)
    assert vote(world, request, fay.user).decision is not None


def test_nobody_puts_themselves_into_a_group(world: World) -> None:
    group = group_of(world, "security")
    erin = world.member(world.erin)
    with pytest.raises(NotAllowed) as refusal:
        join_group(admin=erin, group_id=group.pk, member_id=erin.pk)
    assert refusal.value.code == "own-group"


# Ceilings


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (CeilingAsked(amount="-1", currency="EUR"), "/amount"),
        (CeilingAsked(amount="NaN", currency="EUR"), "/amount"),
        (CeilingAsked(amount="Infinity", currency="EUR"), "/amount"),
        (CeilingAsked(amount="1e400", currency="EUR"), "/amount"),
        (CeilingAsked(amount="1.001", currency="EUR"), "/amount"),
        (CeilingAsked(amount="ten", currency="EUR"), "/amount"),
        (CeilingAsked(amount="9" * 41, currency="EUR"), "/amount"),
        (CeilingAsked(amount="10"), "/currency"),
        (CeilingAsked(amount="10", currency="ZZZ"), "/currency"),
        (CeilingAsked(amount="10", currency="€"), "/currency"),
        (CeilingAsked(currency="EUR"), "/amount"),
        (CeilingAsked(environments=["pro duction"]), "/environments"),
        (CeilingAsked(environments=[f"e{n}" for n in range(51)]), "/environments"),
        (CeilingAsked(tools=["[a-z]*"]), "/tools"),
    ],
)
def test_what_is_no_ceiling_is_refused_at_its_field(world: World, asked: CeilingAsked, field: str) -> None:
    alice = world.member(world.alice)
    with pytest.raises(Invalid) as refusal:
        set_ceiling(admin=world.member(world.erin), member_id=alice.pk, asked=asked)
    assert [error.pointer for error in refusal.value.errors] == [field]
    assert not Ceiling.objects.filter(member=alice).exists()


@pytest.mark.parametrize(
    ("ceiling", "said"),
    [
        (CeilingAsked(amount="500", currency="eur"), "it moves 900.00 EUR, at most 500.00 EUR is allowed"),
        (CeilingAsked(amount="5000", currency="USD"), "it moves EUR, at most 5,000.00 USD is allowed"),
        (CeilingAsked(environments=["staging"]), "it acts in production, allowed is staging"),
        (CeilingAsked(tools=["send_*"]), "it calls write_file, allowed is send_*"),
    ],
)
def test_a_request_above_a_ceiling_cannot_be_decided(world: World, ceiling: CeilingAsked, said: str) -> None:
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(
        amount="900", currency="EUR", environment="production"
    )
    dave = world.member(world.dave)
    set_ceiling(admin=world.member(world.erin), member_id=dave.pk, asked=ceiling)
    for verdict in ("approve", "reject"):
        with pytest.raises(NotAllowed) as refusal:
            vote(world, request, world.dave, verdict)
        assert refusal.value.code == "above-ceiling"
        assert said in refusal.value.detail
    set_ceiling(admin=world.member(world.erin), member_id=dave.pk, asked=CeilingAsked())
    assert not Ceiling.objects.filter(member=dave).exists()
    assert vote(world, request, world.dave).decision is not None


def test_a_lowered_ceiling_takes_a_cast_vote_back(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    vote(world, request, world.alice)
    set_ceiling(
        admin=world.member(world.erin),
        member_id=world.member(world.alice).pk,
        asked=CeilingAsked(tools=["read_*"]),
    )
    assert vote(world, request, world.bob).decision is None


def test_nobody_lifts_their_own_ceiling_but_may_lower_it(world: World) -> None:
    erin, fay = world.member(world.erin), second_admin(world)
    set_ceiling(admin=fay, member_id=erin.pk, asked=CeilingAsked(amount="500", currency="EUR"))
    set_ceiling(admin=erin, member_id=erin.pk, asked=CeilingAsked(amount="400", currency="EUR"))
    for higher in (CeilingAsked(), CeilingAsked(amount="400.01", currency="EUR")):
        with pytest.raises(NotAllowed) as refusal:
            set_ceiling(admin=erin, member_id=erin.pk, asked=higher)
        assert refusal.value.code == "own-ceiling"


# Who is excluded


def test_whoever_it_was_asked_for_may_not_decide_it(world: World) -> None:
    request = ask(world)
    ApprovalRequest.objects.filter(pk=request.pk).update(requester=world.dave)
    with pytest.raises(NotAllowed) as refusal:
        vote(world, request, world.dave)
    assert refusal.value.code == "self-approval"
    assert "on your behalf" in refusal.value.detail
    assert vote(world, request, world.carol).decision is not None


# Who may change any of it


def changes(world: World, admin: Member) -> list[Callable[[], object]]:
    """Every change of this floor, made by somebody."""
    alice, group = world.member(world.alice), RoleGroup.objects.get(team=world.team, name="security")
    top = world.team.tiers.get(name="lead")
    return [
        lambda: invite(admin=admin, username="newcomer", email="n@example.org", tier="reviewer"),
        lambda: change_member(admin=admin, member_id=alice.pk, tier=None, is_admin=False, is_active=True),
        lambda: add_tier(admin=admin, name="board"),
        lambda: move_tier(admin=admin, tier_id=top.pk, up=False),
        lambda: set_cooldown(admin=admin, seconds=0),
        lambda: add_group(admin=admin, name="finance"),
        lambda: join_group(admin=admin, group_id=group.pk, member_id=alice.pk),
        lambda: leave_group(admin=admin, group_id=group.pk, member_id=alice.pk),
        lambda: set_ceiling(admin=admin, member_id=alice.pk, asked=CeilingAsked(tools=[])),
    ]


@pytest.mark.parametrize("how", ["demoted", "deactivated", "account-off"])
def test_admin_rights_are_read_again_under_the_lock(world: World, how: str) -> None:
    """Fay opened the form as an admin and is none by the time she sends it."""
    group_of(world, "security")
    fay = second_admin(world)
    stale = Member.objects.select_related("team", "tier", "user").get(pk=fay.pk)
    if how == "demoted":
        place(world, fay.user, None, is_admin=False)
    elif how == "deactivated":
        place(world, fay.user, None, is_active=False)
    else:
        User.objects.filter(pk=fay.user_id).update(is_active=False)
    before = AuditEvent.objects.filter(team=world.team).count()
    for change in changes(world, stale):
        with pytest.raises(NotAllowed) as refusal:
            change()
        assert refusal.value.code == "admins-only"
    assert AuditEvent.objects.filter(team=world.team).count() == before


def test_ids_of_another_team_are_not_found(world: World) -> None:
    erin, charlie = world.member(world.erin), Member.objects.get(team=world.other, user=world.charlie)
    mine = group_of(world, "security")
    theirs = RoleGroup.objects.create(team=world.other, name="security")
    tier = world.other.tiers.get(name="lead")
    for change in (
        lambda: change_member(admin=erin, member_id=charlie.pk, tier=None, is_admin=False, is_active=True),
        lambda: join_group(admin=erin, group_id=mine.pk, member_id=charlie.pk),
        lambda: join_group(admin=erin, group_id=theirs.pk, member_id=world.member(world.alice).pk),
        lambda: leave_group(admin=erin, group_id=theirs.pk, member_id=charlie.pk),
        lambda: set_ceiling(admin=erin, member_id=charlie.pk, asked=CeilingAsked()),
        lambda: move_tier(admin=erin, tier_id=tier.pk, up=False),
        lambda: change_member(admin=erin, member_id=uuid4(), tier=None, is_admin=False, is_active=True),
    ):
        with pytest.raises(NotFound):
            change()


def test_every_change_is_audited_once_and_a_repeat_not_at_all(world: World) -> None:
    group = group_of(world, "security")
    erin, alice = world.member(world.erin), world.member(world.alice)
    before = AuditEvent.objects.filter(team=world.team).count()
    for _ in range(2):
        join_group(admin=erin, group_id=group.pk, member_id=alice.pk)
        set_ceiling(admin=erin, member_id=alice.pk, asked=CeilingAsked(amount="5.00", currency="EUR"))
        set_cooldown(admin=erin, seconds=60)
    verbs = AuditEvent.objects.filter(team=world.team).order_by("seq").values_list("verb", flat=True)
    assert list(verbs)[before:] == ["group_changed", "ceiling_changed", "team_changed"]
