"""People: who may see and change them, invitations, and that the last admin stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEvent, Member, Tier
from inbox.services import sign_in_links
from tests.factories import World
from tests.integration.pages.people import admin_with_tier, ladder, url


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
    with django_assert_num_queries(15):
        client.get(url(world, "people"))
    for _ in range(20):
        admin_with_tier(world, "senior")
    with django_assert_num_queries(15):
        client.get(url(world, "people"))


@pytest.mark.parametrize("name", ["person_invite", "tier_add", "ladder_save"])
def test_changes_are_not_made_by_get(client: Client, world: World, name: str) -> None:
    client.force_login(world.erin)
    assert client.get(url(world, name)).status_code == 405
