"""Groups beside the ladder, such as security and finance. Names are permanent: policies, votes and the log refer to them."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import UUID

from django.db import IntegrityError, transaction

from inbox.errors import FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Member, RoleGroup
from inbox.policy.need import ADMINS
from inbox.services.people import actor_of, admin_held
from inbox.services.teams import record

MOST_GROUPS = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def add_group(*, admin: Member, name: str) -> RoleGroup:
    """A new group with nobody in it. Raises Invalid when the name is taken, reserved or no identifier."""
    if not _NAME.fullmatch(name):
        raise _wrong_name("invalid-group-name", "Use lower-case letters, digits and dashes, at most 40.")
    if name == ADMINS:
        raise _wrong_name("group-reserved", f"{ADMINS} is the group of the team's admins: it fills itself.")
    with transaction.atomic():
        admin = admin_held(admin)
        if RoleGroup.objects.filter(team=admin.team).count() >= MOST_GROUPS:
            raise _wrong_name("too-many-groups", f"A team has at most {MOST_GROUPS} groups.")
        try:
            with transaction.atomic():
                group = RoleGroup.objects.create(team=admin.team, name=name)
        except IntegrityError:
            raise _wrong_name("group-taken", f"There is a group {name} already.") from None
        record(admin.team, "group_changed", actor_of(admin.user), {"group": name, "made": True})
    return group


def join_group(*, admin: Member, group_id: UUID, member_id: UUID) -> None:
    """Put a member into a group; who is in it already stays. Nobody puts themselves into one."""
    _change(admin, group_id, member_id, lambda group, member: group.members.add(member), joins=True)


def leave_group(*, admin: Member, group_id: UUID, member_id: UUID) -> None:
    """Take a member out of a group; who is not in it stays out."""
    _change(admin, group_id, member_id, lambda group, member: group.members.remove(member), joins=False)


def _change(
    admin: Member,
    group_id: UUID,
    member_id: UUID,
    change: Callable[[RoleGroup, Member], None],
    *,
    joins: bool,
) -> None:
    with transaction.atomic():
        # Both rows at once, by key: a vote of this member waits here or is seen by nobody after.
        pair = Member.objects.select_for_update(no_key=True).filter(
            team=admin.team_id, pk__in=[admin.pk, member_id]
        )
        list(pair.order_by("pk").values_list("pk"))
        admin = admin_held(admin)
        group = RoleGroup.objects.filter(team=admin.team, pk=group_id).first()
        member = Member.objects.select_related("user").filter(team=admin.team, pk=member_id).first()
        if group is None or member is None:
            raise NotFound()
        if joins and member.pk == admin.pk:
            raise NotAllowed("own-group", "Not changed: another admin must put you into a group.")
        before = _names(group)
        change(group, member)
        after = _names(group)
        if after != before:
            record(
                admin.team,
                "group_changed",
                actor_of(admin.user),
                {
                    "group": group.name,
                    "person": member.user.get_username(),
                    "joined": joins,
                    "before": before,
                    "after": after,
                },
            )


def _names(group: RoleGroup) -> list[str]:
    return list(group.members.order_by("user__username").values_list("user__username", flat=True))


def _wrong_name(code: str, message: str) -> Invalid:
    return Invalid(code, message, errors=[FieldError("/name", code, message)])
