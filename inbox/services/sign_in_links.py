"""Single-use sign-in links: for the demo people of `manage.py up`, and for people an admin invites."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from inbox.models import SignInLink


def issue(username: str, *, minutes: int = 60) -> str:
    """The path of a new link for an existing person. Only its digest is kept.

    Raises User.DoesNotExist for an unknown name.
    """
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        digest=_digest(secret),
        person=User.objects.get(username=username),
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )
    return reverse("sign_in_link", args=[secret])


def peek(secret: str) -> User | None:
    """Whose link this is, if it would still work. Changes nothing."""
    link = _open(secret).select_related("person").first()
    return link.person if link is not None and link.person.is_active else None


def redeem(secret: str) -> User | None:
    """Use the link up. Of two calls at the same instant one gets the person, the other None."""
    person = peek(secret)
    if person is None or _open(secret).update(used_at=Now()) != 1:
        return None
    return person


def _open(secret: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(digest=_digest(secret), used_at=None, expires_at__gt=Now())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
