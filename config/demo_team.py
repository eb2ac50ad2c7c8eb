"""The demo team: its people, their tiers, the demo agents and what an admin would say of their tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from agents import services as gateway
from agents.demos.catalogue import AGENTS, TOOLS, ToolFacts
from agents.demos.rounds import start_round
from agents.models import Agent, HostedRun
from inbox.models import Member, Team
from inbox.policy.words import Effect
from inbox.services.teams import add_member, create_team
from inbox.services.tools import ToolDescription, import_tools

SLUG: Final = "demo"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone who can sign in to the demo team by a single-use link."""

    username: str
    name: str
    tier: str | None
    is_admin: bool
    says: str


PEOPLE: Final = (
    DemoPerson("dana", "Dana", "reviewer", False, "reviewer: decides what is low-risk"),
    DemoPerson("sam", "Sam", "senior", False, "senior: medium risk too"),
    DemoPerson("lena", "Lena", "lead", False, "lead: high risk, and half of a critical decision"),
    DemoPerson("ines", "Ines", "lead", True, "lead: the other half; and the second admin"),
    DemoPerson("ada", "Ada", None, True, "admin: people, tools, policy; owns the agents, so decides nothing"),
)


def seed() -> Team:
    """Make what is missing of the demo team; running it again changes nothing that is there."""
    with transaction.atomic():
        team = Team.objects.filter(slug=SLUG).first() or create_team(slug=SLUG, name="Demo")
        for person in PEOPLE:
            user, _ = User.objects.get_or_create(
                username=person.username,
                defaults={"first_name": person.name, "email": f"{person.username}@example.com"},
            )
            if not Member.objects.filter(team=team, user=user).exists():
                add_member(team=team, user=user, tier=person.tier, is_admin=person.is_admin)
        known = set(team.tools.values_list("name", flat=True))
        import_tools(team=team, tools=[_described(facts) for facts in TOOLS if facts.name not in known])
        owner = User.objects.get(username="ada")
        for facts in AGENTS:
            if not Agent.objects.filter(team_id=team.pk, handle=facts.handle).exists():
                gateway.register_agent(team_id=team.pk, handle=facts.handle, owner=owner, graph=facts.graph)
    return team


def first_round(team: Team) -> list[HostedRun]:
    """Set the agents off once; nothing when the team has had a round."""
    if HostedRun.objects.filter(team_id=team.pk).exists():
        return []
    return start_round(team.pk)


def _described(facts: ToolFacts) -> ToolDescription:
    return ToolDescription(
        name=facts.name,
        effect=Effect(facts.effect),
        reversible=facts.reversible,
        harmless=facts.harmless,
        template=facts.template,
        idempotent=facts.idempotent,
        rejection_presets=facts.rejection_presets,
    )
