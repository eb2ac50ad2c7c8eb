"""Saying that one looks at a request. Kept for seconds, outside the database: it is nobody's record."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.core.cache import caches
from redis.exceptions import RedisError

from inbox.models import Member
from inbox.selectors.looking import CACHE, SECONDS, key_of


def look(member: Member, request_id: UUID) -> None:
    """Be seen at a request for 45 s; an open page says so again every 20 s. Without a broker nobody is seen."""
    with suppress(RedisError, OSError):
        caches[CACHE].set(key_of(request_id, member.pk), 1, SECONDS)


def look_away(member: Member, request_id: UUID) -> None:
    """Be seen there no longer."""
    with suppress(RedisError, OSError):
        caches[CACHE].delete(key_of(request_id, member.pk))
