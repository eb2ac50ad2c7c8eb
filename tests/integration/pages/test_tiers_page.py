"""Tiers and the ladder: moved, saved, refused with the reason."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from inbox.models import Tier
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of
from tests.factories import World
from tests.integration.pages.people import admin_with_tier, ladder, url


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
