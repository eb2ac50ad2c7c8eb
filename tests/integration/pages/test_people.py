"""People, tiers and the ladder: who may see, who may change, and what is said when a change is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEvent, Ceiling, Member, RoleGroup, Tier
from inbox.policy.document import parse_document
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of
from inbox.services import sign_in_links
from inbox.services.groups import add_group
from inbox.services.teams import add_member, write_version
from tests.factories import World, ask


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def ladder(**change: str) -> dict[str, str]:
    """The ladder form of a new team, with something changed."""
    sent = {"base": "1"}
    for risk, tier, count in (
        ("low", "reviewer", 1),
        ("medium", "senior", 1),
        ("high", "lead", 1),
        ("unverifiable", "lead", 1),
        ("critical", "lead", 2),
    ):
        sent |= {f"tier-{risk}": tier, f"count-{risk}": str(count)}
    return sent | change


def admin_with_tier(world: World, tier: str) -> User:
    user = User.objects.create_user(f"fay-{uuid4().hex[:8]}")
    add_member(team=world.team, user=user, tier=tier, is_admin=True)
    return user


def test_a_member_reads_people_tiers_and_ladder_without_any_form(client: Client, world: World) -> None:
    client.force_login(world.carol)
    text = client.get(url(world, "people")).content.decode()
    for person in (world.alice, world.dave, world.erin):
        assert person.get_username() in text
    assert "needs 2 different people of lead or above" in text
    assert reverse("person_invite", args=[world.team.slug]) not in text
    assert reverse("ladder_save", args=[world.team.slug]) not in text


@pytest.mark.parametrize("name", ["person_invite", "tier_add", "ladder_save"])
def test_a_member_who_posts_gets_a_403_page_and_changes_nothing(
    client: Client, world: World, name: str
) -> None:
    client.force_login(world.alice)
    before = AuditEvent.objects.filter(team=world.team).count()
    answer = client.post(
        url(world, name), {"username": "mallory", "email": "m@example.org", "name": "king"} | ladder()
    )
    assert answer.status_code == 403
    assert "Only admins" in answer.content.decode()
    assert AuditEvent.objects.filter(team=world.team).count() == before


def test_a_member_may_not_change_a_person_or_move_a_tier(client: Client, world: World) -> None:
    client.force_login(world.alice)
    dave, top = world.member(world.dave), Tier.objects.get(team=world.team, name="lead")
    assert client.post(url(world, "person", dave.pk), {"tier": "lead", "is_active": "on"}).status_code == 403
    assert client.post(url(world, "tier_move", top.pk), {"up": "0"}).status_code == 403
    dave.refresh_from_db()
    assert dave.tier is not None
    assert dave.tier.name == "reviewer"


def test_strangers_get_404_for_every_page_and_form(client: Client, world: World) -> None:
    client.force_login(world.charlie)
    member = world.member(world.dave)
    assert client.get(url(world, "people")).status_code == 404
    assert client.get(url(world, "person", member.pk)).status_code == 404
    for name in ("person_invite", "tier_add", "ladder_save"):
        assert client.post(url(world, name), {}).status_code == 404


def test_another_teams_member_is_not_found_even_for_an_admin(client: Client, world: World) -> None:
    foreign = Member.objects.get(team=world.other, user=world.charlie)
    client.force_login(world.erin)
    assert client.get(url(world, "person", foreign.pk)).status_code == 404
    assert client.post(url(world, "person", foreign.pk), {"tier": "lead"}).status_code == 404


def test_an_invited_person_gets_one_link_that_signs_them_in_once(client: Client, world: World) -> None:
    client.force_login(world.erin)
    name = f"grace-{uuid4().hex[:6]}"
    answer = client.post(
        url(world, "person_invite"), {"username": name, "email": "g@example.org", "tier": "senior"}
    )
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    link = re.search(r'id="invite-link">([^<]+)<', answer.content.decode())
    assert link is not None
    secret = link.group(1).rpartition("/")[2]
    found = sign_in_links.redeem(secret)
    assert found is not None
    assert found.get_username() == name
    assert sign_in_links.redeem(secret) is None
    assert secret not in client.get(url(world, "people")).content.decode()
    assert Member.objects.get(team=world.team, user=found).tier == Tier.objects.get(
        team=world.team, name="senior"
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"username": "bad name!", "email": "g@example.org"}, "Use letters a to z"),
        ({"username": "", "email": "g@example.org"}, "This field is required."),
        ({"username": "heidi", "email": "nonsense"}, "Enter a valid email address."),
        ({"username": "heidi", "email": "g@example.org", "tier": "king"}, "Select a valid choice."),
    ],
)
def test_a_refused_invitation_keeps_what_was_typed_and_says_why_at_the_field(
    client: Client, world: World, sent: dict[str, str], said: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "person_invite"), sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert f'value="{sent["email"]}"' in text
    assert not User.objects.filter(username="heidi").exists()


def test_inviting_a_member_again_is_refused(client: Client, world: World) -> None:
    client.force_login(world.erin)
    sent = {"username": world.dave.get_username(), "email": "d@example.org"}
    answer = client.post(url(world, "person_invite"), sent)
    assert answer.status_code == 422
    assert "is a member already" in answer.content.decode()


def test_someone_from_another_team_keeps_their_account_and_gets_no_link(client: Client, world: World) -> None:
    client.force_login(world.erin)
    world.charlie.email = "c@example.org"
    world.charlie.save()
    squatted = {"username": world.charlie.get_username(), "email": "someone-else@example.org"}
    assert client.post(url(world, "person_invite"), squatted).status_code == 422
    sent = {"username": world.charlie.get_username(), "email": "C@example.org"}
    answer = client.post(url(world, "person_invite"), sent)
    assert answer.status_code == 200
    assert "They have an account here already" in answer.content.decode()
    assert "invite-link" not in answer.content.decode()


def test_an_admin_changes_tier_admin_and_activity_and_it_is_audited(client: Client, world: World) -> None:
    client.force_login(world.erin)
    dave = world.member(world.dave)
    answer = client.post(
        url(world, "person", dave.pk), {"tier": "senior", "is_admin": "on", "is_active": "on"}
    )
    assert answer.status_code == 303
    dave.refresh_from_db()
    assert dave.tier is not None
    assert (dave.tier.name, dave.is_admin, dave.is_active) == ("senior", True, True)
    page = client.get(reverse("audit", args=[world.team.slug]), {"verb": "member_changed"}).content.decode()
    assert f"{world.dave.get_username()} · admin no → yes, tier reviewer → senior" in page


def test_a_deactivated_member_can_open_nothing(client: Client, world: World) -> None:
    client.force_login(world.erin)
    dave = world.member(world.dave)
    client.post(url(world, "person", dave.pk), {"tier": "reviewer"})
    client.force_login(world.dave)
    assert client.get(url(world, "people")).status_code == 404


def test_nobody_raises_their_own_tier(client: Client, world: World) -> None:
    fay = admin_with_tier(world, "reviewer")
    client.force_login(fay)
    me = world.member(fay)
    answer = client.post(url(world, "person", me.pk), {"tier": "lead", "is_admin": "on", "is_active": "on"})
    assert answer.status_code == 403
    assert "another admin must raise your tier" in answer.content.decode()
    me.refresh_from_db()
    assert me.tier is not None
    assert me.tier.name == "reviewer"


def test_the_last_admin_cannot_be_removed(client: Client, world: World) -> None:
    client.force_login(world.erin)
    me = world.member(world.erin)
    answer = client.post(url(world, "person", me.pk), {"tier": "", "is_active": "on"})
    assert answer.status_code == 409
    assert "this team would have no admin" in answer.content.decode()
    me.refresh_from_db()
    assert me.is_admin


def test_a_new_tier_stands_on_top_and_moves_down(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert client.post(url(world, "tier_add"), {"name": "board"}).status_code == 303
    board = Tier.objects.get(team=world.team, name="board")
    assert board.rank == 4
    assert client.post(url(world, "tier_move", board.pk), {"up": "0"}).status_code == 303
    board.refresh_from_db()
    assert board.rank == 3


@pytest.mark.parametrize(
    ("name", "said"), [("lead", "There is a tier lead already."), ("Großer Rat", "lower-case letters")]
)
def test_a_wrong_tier_name_is_refused_at_its_field(
    client: Client, world: World, name: str, said: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "tier_add"), {"name": name})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_move_that_would_make_the_ladder_fall_is_refused_with_the_reason(
    client: Client, world: World
) -> None:
    client.force_login(world.erin)
    lowest = Tier.objects.get(team=world.team, name="reviewer")
    answer = client.post(url(world, "tier_move", lowest.pk), {"up": "1"})
    assert answer.status_code == 422
    assert "Not moved." in answer.content.decode()
    lowest.refresh_from_db()
    assert lowest.rank == 1


def test_nobody_moves_their_own_tier_up(client: Client, world: World) -> None:
    client.force_login(admin_with_tier(world, "senior"))
    mine = Tier.objects.get(team=world.team, name="senior")
    assert client.post(url(world, "tier_move", mine.pk), {"up": "1"}).status_code == 403


def test_a_saved_ladder_is_a_new_policy_version_in_force(client: Client, world: World) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "ladder_save"), ladder(**{"tier-medium": "lead", "count-medium": "1"}))
    assert answer.status_code == 303
    version = current_version(world.team.pk)
    assert version.number == 2
    assert version.author == world.erin
    assert [need.tier for need in document_of(version).ladder[Risk.MEDIUM]] == ["lead"]


def test_the_only_admins_looser_ladder_goes_to_its_backtest(client: Client, world: World) -> None:
    client.force_login(world.erin)
    text = client.get(url(world, "people")).content.decode()
    assert "Any other stays a draft" in text
    assert "while you are the only admin" in text
    answer = client.post(url(world, "ladder_save"), ladder(**{"tier-medium": "reviewer"}))
    assert answer["Location"] == url(world, "policy") + "?version=2"
    text = client.get(answer["Location"]).content.decode()
    assert "Saved as a draft, not in force" in text
    assert "Back-test version 2" in text
    assert url(world, "policy_enable", 2) not in text
    assert current_version(world.team.pk).number == 1
    admin_with_tier(world, "lead")
    assert "once another admin has approved it" in client.get(url(world, "people")).content.decode()


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"tier-high": "reviewer"}, "high", "High risk asks for less than medium risk"),
        ({"count-low": "0"}, "low", "Choose a tier and a number"),
        ({"tier-low": "king"}, "low", "There is no tier king."),
        ({"count-critical": "six"}, "critical", "Choose a tier and a number"),
    ],
)
def test_a_wrong_ladder_is_refused_at_its_line_and_keeps_what_was_chosen(
    client: Client, world: World, change: dict[str, str], field: str, said: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "ladder_save"), ladder(**change, **{"tier-unverifiable": "senior"}))
    assert answer.status_code == 422
    text = answer.content.decode()
    shown = re.search(rf'id="ladder-{field}-error">([^<]+)<', text)
    assert shown is not None
    assert said in shown.group(1)
    assert current_version(world.team.pk).number == 1


def test_a_ladder_changed_from_an_old_version_is_refused(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert (
        client.post(
            url(world, "ladder_save"), ladder(**{"count-high": "2", "count-unverifiable": "2"})
        ).status_code
        == 303
    )
    answer = client.post(url(world, "ladder_save"), ladder(**{"count-critical": "3"}))
    assert answer.status_code == 422
    assert "version 2 came into force meanwhile" in answer.content.decode()


def test_a_ladder_nobody_can_climb_is_called_out(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert "Too few people" not in client.get(url(world, "people")).content.decode()
    client.post(url(world, "ladder_save"), ladder(**{"count-critical": "3"}))
    assert "Too few people" in client.get(url(world, "people")).content.decode()


def test_a_person_page_shows_what_they_did_last(client: Client, world: World) -> None:
    client.force_login(world.erin)
    client.post(url(world, "tier_add"), {"name": "board"})
    text = client.get(url(world, "person", world.member(world.erin).pk)).content.decode()
    assert "board added as step 4" in text


def test_the_page_costs_the_same_for_more_people(
    client: Client, world: World, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(world.carol)
    client.get(url(world, "people"))
    with django_assert_num_queries(14):
        client.get(url(world, "people"))
    for _ in range(20):
        admin_with_tier(world, "senior")
    with django_assert_num_queries(14):
        client.get(url(world, "people"))


@pytest.mark.parametrize("name", ["person_invite", "tier_add", "ladder_save"])
def test_changes_are_not_made_by_get(client: Client, world: World, name: str) -> None:
    client.force_login(world.erin)
    assert client.get(url(world, name)).status_code == 405


# Groups, ceilings and the wait before a raise counts


def made_group(world: World, name: str = "security") -> RoleGroup:
    return add_group(admin=world.member(world.erin), name=name)


def test_an_admin_makes_a_group_fills_it_and_empties_it(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert client.post(url(world, "group_add"), {"name": "security"}).status_code == 303
    group, carol = RoleGroup.objects.get(team=world.team), world.member(world.carol)
    for joins, inside in (("1", True), ("0", False)):
        sent = {"member": str(carol.pk), "joins": joins}
        assert client.post(url(world, "group_member", group.pk), sent).status_code == 303
        assert group.members.filter(pk=carol.pk).exists() is inside
    page = client.get(reverse("audit", args=[world.team.slug]), {"verb": "group_changed"}).content.decode()
    for said in (
        "security made",
        f"{world.carol.get_username()} joined security",
        f"{world.carol.get_username()} left security",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Big Group", "Use lower-case letters, digits and dashes"),
        ("admins", "it fills itself"),
        ("security", "There is a group security already."),
        ("", "This field is required."),
    ],
)
def test_a_wrong_group_name_is_refused_at_its_field(
    client: Client, world: World, name: str, said: str
) -> None:
    made_group(world)
    client.force_login(world.erin)
    answer = client.post(url(world, "group_add"), {"name": name})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert RoleGroup.objects.filter(team=world.team).count() == 1


def test_an_admin_does_not_put_themselves_into_a_group(client: Client, world: World) -> None:
    group, erin = made_group(world), world.member(world.erin)
    client.force_login(world.erin)
    answer = client.post(url(world, "group_member", group.pk), {"member": str(erin.pk), "joins": "1"})
    assert answer.status_code == 403
    assert "another admin must put you into a group" in answer.content.decode()


def test_foreign_and_broken_ids_are_not_found(client: Client, world: World) -> None:
    group = made_group(world)
    foreign = Member.objects.get(team=world.other, user=world.charlie)
    theirs = RoleGroup.objects.create(team=world.other, name="security")
    client.force_login(world.erin)
    for target, member in ((group.pk, foreign.pk), (theirs.pk, world.member(world.dave).pk), (group.pk, "x")):
        sent = {"member": str(member), "joins": "1"}
        assert client.post(url(world, "group_member", target), sent).status_code == 404
    assert client.post(url(world, "person_ceiling", foreign.pk), {"amount": ""}).status_code == 404


def test_an_admin_sets_and_lifts_a_ceiling(client: Client, world: World) -> None:
    client.force_login(world.erin)
    alice = world.member(world.alice)
    sent = {"amount": "500", "currency": "eur", "environments": "staging, test", "tools": "send_*"}
    assert client.post(url(world, "person_ceiling", alice.pk), sent).status_code == 303
    text = client.get(url(world, "people")).content.decode()
    for clause in ("at most 500.00 EUR", "only in staging or test", "only send_*"):
        assert clause in text
    shown = client.get(url(world, "person", alice.pk)).content.decode()
    assert 'value="staging, test"' in shown
    assert client.post(url(world, "person_ceiling", alice.pk), {}).status_code == 303
    assert "at most 500.00 EUR" not in client.get(url(world, "people")).content.decode()


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"amount": "-5", "currency": "EUR"}, "amount", "Give a number from 0 up"),
        ({"amount": "NaN", "currency": "EUR"}, "amount", "Give a number from 0 up"),
        ({"amount": "5", "currency": "ZZZ"}, "currency", "three letters"),
        ({"environments": "pro duction"}, "environments", "Use names such as staging"),
        ({"tools": "[a]"}, "tools", "Use names of tools"),
    ],
)
def test_what_is_no_ceiling_is_refused_at_its_field_and_kept(
    client: Client, world: World, sent: dict[str, str], field: str, said: str
) -> None:
    client.force_login(world.erin)
    alice = world.member(world.alice)
    answer = client.post(url(world, "person_ceiling", alice.pk), sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    shown = re.search(rf'id="id_{field}_error">([^<]+)<', text)
    assert shown is not None
    assert said in shown.group(1)
    assert f'value="{next(iter(sent.values()))}"' in text
    assert not Ceiling.objects.filter(member=alice).exists()


def test_a_raise_says_from_when_it_counts(client: Client, world: World) -> None:
    client.force_login(world.erin)
    dave = world.member(world.dave)
    client.post(url(world, "person", dave.pk), {"tier": "senior", "is_active": "on"})
    for page in (url(world, "people"), url(world, "person", dave.pk)):
        assert "counts as reviewer; as senior from" in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("minutes", "status"), [("0", 303), ("90", 303), ("-1", 422), ("x", 422), ("43201", 422)]
)
def test_the_wait_before_a_raise_counts(client: Client, world: World, minutes: str, status: int) -> None:
    client.force_login(world.erin)
    assert client.post(url(world, "cooldown_save"), {"minutes": minutes}).status_code == status
    world.team.refresh_from_db()
    assert world.team.cooldown_seconds == (int(minutes) * 60 if status == 303 else 3600)


def test_members_change_no_group_ceiling_or_wait(client: Client, world: World) -> None:
    group, dave = made_group(world), world.member(world.dave)
    client.force_login(world.alice)
    before = AuditEvent.objects.filter(team=world.team).count()
    for path, sent in (
        (url(world, "group_add"), {"name": "finance"}),
        (url(world, "group_member", group.pk), {"member": str(dave.pk), "joins": "1"}),
        (url(world, "person_ceiling", dave.pk), {"tools": "x"}),
        (url(world, "cooldown_save"), {"minutes": "0"}),
    ):
        assert client.post(path, sent).status_code == 403
        assert client.get(path).status_code == 405
    assert AuditEvent.objects.filter(team=world.team).count() == before


# Who could decide this, and what could they decide


def test_a_person_page_says_what_they_could_decide_and_why_not(client: Client, world: World) -> None:
    ask(world)
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    client.force_login(world.dave)
    text = client.get(url(world, "person", world.member(world.dave).pk)).content.decode()
    assert "1 of the 2 requests that are due first" in text
    assert "no: is reviewer" in text
    owner = client.get(url(world, "person", world.member(world.erin).pk)).content.decode()
    assert "0 of the 2 requests" in owner
    assert "no: has no tier" in owner


def test_a_request_says_who_could_decide_it_and_who_could_not(client: Client, world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    client.force_login(world.carol)
    text = client.get(url(world, "request", request.pk)).content.decode()
    section = text[text.index('id="who"') : text.index("</section>", text.index('id="who"'))]
    may, may_not = section.split("<details>")
    for person in (world.alice, world.bob):
        assert person.get_username() in may
    for person, why in ((world.carol, "is senior"), (world.dave, "is reviewer"), (world.erin, "has no tier")):
        assert person.get_username() in may_not
        assert why in may_not
    assert "Too few people" not in text


def test_slots_nobody_can_fill_are_flagged_on_the_request(client: Client, world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    client.force_login(world.carol)
    assert "Too few people are left" not in client.get(url(world, "request", request.pk)).content.decode()
    Member.objects.filter(team=world.team, user=world.bob).update(is_active=False)
    text = client.get(url(world, "request", request.pk)).content.decode()
    assert "Too few people are left to decide this: nobody for lead or above." in text


def test_a_level_that_asks_for_a_group_is_shown_and_kept_when_the_ladder_is_saved(
    client: Client, world: World
) -> None:
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    wanted["ladder"]["critical"] = [{"tier": "lead", "count": 2}, {"group": "security", "count": 1}]
    write_version(version.policy, parse_document(wanted), author=world.erin)
    client.force_login(world.erin)
    text = client.get(url(world, "people")).content.decode()
    assert "2 different people of lead or above, and 1 person in security" in text
    assert "Too few people" in text
    sent = {"base": "2", "tier-critical": "reviewer", "count-critical": "1", "tier-medium": "lead"}
    assert client.post(url(world, "ladder_save"), ladder(**sent)).status_code == 303
    saved = document_of(current_version(world.team.pk)).ladder
    assert [need.who for need in saved[Risk.CRITICAL]] == [("lead", ""), ("", "security")]
    assert [need.tier for need in saved[Risk.MEDIUM]] == ["lead"]


def test_a_policy_that_asks_for_people_there_are_not_says_so_on_its_page(
    client: Client, world: World
) -> None:
    client.force_login(world.erin)
    assert "Too few people" not in client.get(url(world, "policy")).content.decode()
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    wanted["ladder"]["critical"] = [{"tier": "lead", "count": 2}, {"group": "security", "count": 1}]
    write_version(version.policy, parse_document(wanted), author=world.erin)
    text = client.get(url(world, "policy")).content.decode()
    said = "Critical risk needs 2 different people of lead or above, and 1 person in security"
    assert f"{said}. Nobody is left who is in security." in text
