"""Forms that were sent before."""

from __future__ import annotations

from django.contrib.auth.models import User

from inbox.models import IdempotencyKey


def recorded(person: User, key: str) -> bool:
    """Whether this person's decision under this key is recorded: a form sent twice is answered as it was at first."""
    return IdempotencyKey.objects.filter(person=person, key=key).exists()
