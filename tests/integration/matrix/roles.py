"""The cast of the matrix: who tries each verb, and by what they are known on each surface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.contrib.auth.models import User
from django.test import Client

from inbox.models import Member, Tool
from inbox.services import personal_tokens
from inbox.services.teams import add_member
from tests.factories import World, make_world
from tests.integration.pages.cast import signed_in
from tests.policies import enforce


class Role(StrEnum):
    """`ME` is who "by me" speaks of in the states, `PEER` the other one of the two who may decide."""

    ME = "tier enough, me"
    PEER = "tier enough, another"
    LOW = "tier too low"
    OWNER = "admin without a tier, owner of the agent"
    REQUESTER = "on whose behalf it is asked"
    INACTIVE = "inactive member"
    STRANGER = "of another team"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Cast:
    """A world whose every request needs a senior and is held after its decision; `taker` is a further lead."""

    world: World
    people: dict[Role, User]
    tokens: dict[Role, str]
    browsers: dict[Role, Client]
    taker: User

    @property
    def me(self) -> User:
        return self.people[Role.ME]

    @property
    def peer(self) -> User:
        return self.people[Role.PEER]


def make_cast() -> Cast:
    """A new team, its people with their tokens and signed-in browsers."""
    world = make_world()
    tail = world.alice.get_username().partition("-")[2]
    further = {name: User.objects.create_user(f"{name}-{tail}") for name in ("rita", "fred", "lena")}
    for person in further.values():
        add_member(team=world.team, user=person, tier="lead")
    people = {
        Role.ME: world.alice,
        Role.PEER: world.bob,
        Role.LOW: world.dave,
        Role.OWNER: world.erin,
        Role.REQUESTER: further["rita"],
        Role.INACTIVE: further["fred"],
        Role.STRANGER: world.charlie,
    }
    lifetime = timedelta(days=1)
    tokens = {
        role: personal_tokens.issue(person=person, name="matrix", lifetime=lifetime)[1]
        for role, person in people.items()
    }
    browsers = {role: signed_in(person) for role, person in people.items()}
    Member.objects.filter(user=further["fred"]).update(is_active=False)
    ladder = {risk: [{"tier": "senior", "count": 1}] for risk in RISKS}
    enforce(world, release_at_once=None, ladder=ladder)
    Tool.objects.filter(team=world.team, name="write_file").update(
        inverse_tool="restore_file", inverse={"file": "path"}
    )
    return Cast(
        world,
        people,
        {**tokens, Role.ANONYMOUS: ""},
        {**browsers, Role.ANONYMOUS: Client()},
        further["lena"],
    )


RISKS = ("low", "medium", "high", "unverifiable", "critical")
