"""A description that loosens waits for a second admin; one that tightens is saved at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inbox.errors import Conflict
from inbox.models import AuditEvent, ChangeRequest, Tool
from inbox.policy.words import Effect, Risk
from inbox.services.sweep import sweep
from inbox.services.teams import add_member
from inbox.services.tools import ToolDescription, description_of, save_tool
from tests.factories import World, vote

HARMLESS = ToolDescription("read_mail", Effect.READ, harmless=True, template="Read the mailbox of {user}")


@pytest.fixture
def two_admins(world: World) -> World:
    """Charlie administers this team too, and decides by no tier."""
    add_member(team=world.team, user=world.charlie, tier=None, is_admin=True)
    return world


def proposed(world: World, tool: ToolDescription = HARMLESS) -> ChangeRequest:
    change = save_tool(admin=world.member(world.erin), tool=tool)
    assert change is not None
    assert change.request is not None
    return change


def known(world: World, name: str = "read_mail") -> ToolDescription:
    return description_of(Tool.objects.get(team=world.team, name=name))


def test_what_loosens_is_asked_with_before_and_after_and_applied_once(two_admins: World) -> None:
    change = proposed(two_admins)
    assert change.request is not None
    assert (change.request.risk, change.request.state) == ("critical", "pending")
    assert "Change what is known of read_mail" in change.request.sentence
    body: Any = change.body
    assert (body["before"]["harmless"], body["after"]["harmless"]) == (False, True)
    assert not known(two_admins).harmless
    vote(two_admins, change.request, two_admins.charlie)
    sweep()
    sweep()
    assert known(two_admins).harmless
    assert AuditEvent.objects.filter(team=two_admins.team, verb="tool_changed").count() == 1


def test_a_rejected_change_leaves_the_tool_as_it_is(two_admins: World) -> None:
    change = proposed(two_admins)
    assert change.request is not None
    vote(two_admins, change.request, two_admins.charlie, "reject", message="No.")
    sweep()
    change.refresh_from_db()
    assert (change.state, known(two_admins).harmless) == ("rejected", False)


def test_a_description_that_came_between_makes_it_outdated(two_admins: World) -> None:
    change = proposed(two_admins)
    assert change.request is not None
    tighter = replace(known(two_admins), risk_floor=Risk.HIGH)
    assert save_tool(admin=two_admins.member(two_admins.erin), tool=tighter) is None
    vote(two_admins, change.request, two_admins.charlie)
    sweep()
    change.refresh_from_db()
    assert (change.state, known(two_admins)) == ("not_applied", tighter)
    assert "anew" in change.detail


def test_one_change_of_a_tool_waits_at_a_time(two_admins: World) -> None:
    proposed(two_admins)
    with pytest.raises(Conflict):
        proposed(two_admins)


def test_the_only_admin_is_not_locked_out_and_the_log_says_alone(world: World) -> None:
    change = save_tool(admin=world.member(world.erin), tool=HARMLESS)
    assert change is not None
    assert change.alone
    assert known(world).harmless


def test_the_page_leads_to_the_request_and_keeps_the_tool(client: Client, two_admins: World) -> None:
    tool = Tool.objects.get(team=two_admins.team, name="read_mail")
    client.force_login(two_admins.erin)
    page = reverse("tool", args=[two_admins.team.slug, tool.pk])
    sent = {"name": "read_mail", "effect": "read", "harmless": "on", "template": "Read {user}"}
    answer = client.post(page, sent)
    change = ChangeRequest.objects.get(team=two_admins.team)
    assert answer.status_code == 303
    assert answer["Location"] == reverse("request", args=[two_admins.team.slug, change.request_id])
    assert "another admin decides it in the inbox" in client.get(answer["Location"]).content.decode()
    again = client.post(page, sent)
    assert again.status_code in (409, 422)
    assert ChangeRequest.objects.count() == 1
    tool.refresh_from_db()
    assert not tool.harmless
