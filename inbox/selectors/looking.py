"""Who else looks at a request now. Names come from the team's members, so nothing but ids is kept at the broker."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.core.cache import caches
from redis.exceptions import RedisError

from inbox.models import Member

CACHE: Final = "looking"
SECONDS: Final = 45


def looking(member: Member, request_id: UUID) -> tuple[str, ...]:
    """The usernames of the other active members who looked in the last 45 s; nobody while the broker is out of reach."""
    others = dict(
        Member.objects.filter(team=member.team_id, is_active=True)
        .exclude(pk=member.pk)
        .order_by("user__username")
        .values_list("pk", "user__username")
    )
    keys = {key_of(request_id, pk): name for pk, name in others.items()}
    try:
        found = caches[CACHE].get_many(keys)
    except (RedisError, OSError):
        return ()
    return tuple(name for key, name in keys.items() if key in found)


def key_of(request_id: UUID, member_id: UUID) -> str:
    """One key a person and request: two who come at once do not overwrite each other."""
    return f"{request_id.hex}:{member_id.hex}"
