"""Changes of people, groups, ceilings, tiers, own domains and where agents act: done at once, or proposed to another admin where they loosen.

Each kind says how it is done and what it would loosen. It is first done inside a savepoint, so whatever refuses it
refuses it before anybody is asked; when it loosens and somebody else could approve it, that is undone and proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from agents.ids import uuid7
from agents.models import Agent
from inbox.canonical import JsonObject
from inbox.clock import database_now
from inbox.errors import NotFound, Refused
from inbox.models import ChangeRequest, Member, RoleGroup, Team, Tier
from inbox.policy import ceiling
from inbox.policy.loosening import cooldown_loosens, membership_loosens, move_loosens
from inbox.selectors.rights import limits_of
from inbox.services import agents, ceilings, domains, groups, people, tiers
from inbox.services.ceilings import CeilingAsked
from inbox.services.changes import Outdated, governs, has_second_admin, note_alone, propose

Do = Callable[[Member, JsonObject], Sequence[str]]
State = Callable[[Team, JsonObject], Any]


@dataclass(frozen=True, slots=True)
class Governed:
    """`do` makes the change as this admin and returns what it loosens; `state` is what it is based on, as JSON."""

    do: Do
    state: State


GOVERNED: dict[str, Governed] = {}


class _Undo(Exception):
    """It loosens, so it is not done yet."""


def request_change(*, kind: str, subject: str, args: JsonObject, author: Member) -> ChangeRequest | None:
    """Make a change of this kind, or propose it. None when it was simply made, because it loosens nothing.

    Raises what making it raises, Conflict (already-proposed) while one like it waits.
    """
    governed = GOVERNED[kind]
    loose: Sequence[str] = ()
    with transaction.atomic():
        before = governed.state(author.team, args)
        # Asked before it is tried: the change itself may be what leaves nobody to object.
        second = has_second_admin(author)
        try:
            with transaction.atomic():
                loose = governed.do(author, args)
                if loose and second:
                    raise _Undo
        except _Undo:
            body = {**args, "before": before, "loosens": list(loose), "author": author.user.get_username()}
            return propose(kind=kind, subject=subject, body=body, author=author)
        if not loose:
            return None
        body = {**args, "before": before, "loosens": list(loose)}
        return note_alone(
            ChangeRequest(
                id=uuid7(), team=author.team, kind=kind, subject=subject, body=body, author=author.user
            )
        )


def _govern(name: str, *, tool: str, sentence: str, state: State) -> Callable[[Do], Do]:
    def register(do: Do) -> Do:
        GOVERNED[name] = Governed(do, state)

        @governs(name, tool=tool, sentence=sentence)
        def apply(change: ChangeRequest, person: User) -> None:
            author = Member.objects.select_related("team", "user", "tier").get(
                team=change.team, user=change.author
            )
            # As its author: whoever may not do this to themselves may not do it by asking either.
            if state(change.team, change.body) != change.body["before"]:
                raise Outdated("What it was based on changed meanwhile.")
            try:
                do(author, change.body)
            except Refused as refused:
                raise Outdated(refused.detail) from None

        return do

    return register


def _member(team: Team, args: JsonObject) -> Member:
    found = people.members_held(team).get(UUID(str(args["member"])))
    if found is None:
        raise NotFound()
    return found


def _place(team: Team, args: JsonObject) -> Any:
    member = _member(team, args)
    return {
        "tier": member.tier.name if member.tier else None,
        "admin": member.is_admin,
        "active": member.is_active,
    }


@_govern(
    "member",
    tool="change_member",
    sentence="Change what {person} is in this team, as {author} proposes",
    state=_place,
)
def _change_member(admin: Member, args: JsonObject) -> Sequence[str]:
    member, wanted = _member(admin.team, args), args["after"]
    name = member.user.get_username()
    tier = Tier.objects.filter(team=admin.team, name=wanted["tier"]).first() if wanted["tier"] else None
    loose = people.change_loosens(
        admin=admin,
        member=member,
        tier=tier,
        is_admin=wanted["admin"],
        is_active=wanted["active"],
        at=database_now(),
    )
    people.change_member(
        admin=admin,
        member_id=member.pk,
        tier=wanted["tier"],
        is_admin=wanted["admin"],
        is_active=wanted["active"],
    )
    if not loose:
        return ()
    lost = member.is_admin and member.is_active and not (wanted["admin"] and wanted["active"])
    return (
        f"{name} could no longer object as an admin."
        if lost
        else f"{name} could decide or change more than today.",
    )


@_govern(
    "group",
    tool="join_group",
    sentence="Put {person} into the group {group}, as {author} proposes",
    state=lambda team, args: RoleGroup.objects.filter(
        team=team, name=args["group"], members=args["member"]
    ).exists(),
)
def _join_group(admin: Member, args: JsonObject) -> Sequence[str]:
    group = RoleGroup.objects.filter(team=admin.team, name=args["group"]).first()
    if group is None:
        raise NotFound()
    _member(admin.team, args)
    already = group.members.filter(pk=args["member"]).exists()
    groups.join_group(admin=admin, group_id=group.pk, member_id=UUID(str(args["member"])))
    if already or not membership_loosens(joins=True):
        return ()
    return (f"{args['person']} could fill places of {group.name}.",)


def _limits(team: Team, args: JsonObject) -> Any:
    limits = limits_of(_member(team, args))
    return {
        "amount": None if limits.amount is None else str(limits.amount),
        "currency": limits.currency,
        "environments": None if limits.environments is None else list(limits.environments),
        "tools": None if limits.tools is None else list(limits.tools),
    }


@_govern(
    "ceiling",
    tool="set_ceiling",
    sentence="Set the ceiling of {person}, as {author} proposes",
    state=_limits,
)
def _set_ceiling(admin: Member, args: JsonObject) -> Sequence[str]:
    member, after = _member(admin.team, args), args["after"]
    before = limits_of(member)
    asked = CeilingAsked(after["amount"], after["currency"], after["environments"], after["tools"])
    limits = ceilings.set_ceiling(admin=admin, member_id=member.pk, asked=asked)
    return (
        (f"{args['person']} could decide what is above their ceiling today.",)
        if ceiling.loosens(before, limits)
        else ()
    )


@_govern(
    "cooldown",
    tool="set_cooldown",
    sentence="Let raises count after {seconds} seconds, as {author} proposes",
    state=lambda team, _: Team.objects.values_list("cooldown_seconds", flat=True).get(pk=team.pk),
)
def _set_cooldown(admin: Member, args: JsonObject) -> Sequence[str]:
    people.admin_held(admin)
    before = Team.objects.select_for_update(no_key=True).get(pk=admin.team_id).cooldown_seconds
    tiers.set_cooldown(admin=admin, seconds=args["seconds"])
    return ("A raised tier would count sooner.",) if cooldown_loosens(before, args["seconds"]) else ()


@_govern(
    "tier",
    tool="move_tier",
    sentence="Move the tier {tier} {direction}, as {author} proposes",
    state=lambda team, _: list(Tier.objects.filter(team=team).values_list("name", flat=True)),
)
def _move_tier(admin: Member, args: JsonObject) -> Sequence[str]:
    before = list(Tier.objects.filter(team=admin.team))
    tier = next((one for one in before if one.name == args["tier"]), None)
    if tier is None:
        raise NotFound()
    tiers.move_tier(admin=admin, tier_id=tier.pk, up=args["direction"] == "up")
    ranks = {one.pk: one.rank for one in Tier.objects.filter(team=admin.team)}
    risen = [one.pk for one in before if ranks[one.pk] > one.rank]
    rising = Member.objects.filter(team=admin.team, is_active=True, tier__in=risen).count()
    return (f"{rising} people would stand higher.",) if move_loosens(people_rising=rising) else ()


@_govern(
    "domain",
    tool="add_domain",
    sentence="Count {domain} as this team's own, as {author} proposes",
    state=lambda team, args: Team.objects.filter(pk=team.pk, domains__contains=[args["domain"]]).exists(),
)
def _add_domain(admin: Member, args: JsonObject) -> Sequence[str]:
    domains.add_domain(admin=admin, domain=args["domain"])
    return (f"What goes to {args['domain']}, or to anything below it, would no longer count as external.",)


def _environment(team: Team, args: JsonObject) -> str:
    found = Agent.objects.filter(team_id=team.pk, pk=args["agent_id"]).values_list("environment", flat=True)
    return next(iter(found), "")


@_govern(
    "environment",
    tool="set_environment",
    sentence="Let the agent {agent} act in {where}, as {author} proposes",
    state=_environment,
)
def _set_environment(admin: Member, args: JsonObject) -> Sequence[str]:
    before = _environment(admin.team, args)
    agents.set_environment(admin=admin, agent_id=UUID(str(args["agent_id"])), environment=args["environment"])
    if before == args["environment"]:
        return ()
    # Rules and ceilings name environments, so any other one may be the laxer.
    return (f"What is asked of {before or 'no environment'} would no longer be asked of {args['agent']}.",)
