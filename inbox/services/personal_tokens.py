"""People's own bearer tokens for the API."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from agents.auth import Unauthenticated
from agents.services import TOKEN_MARK, token_digest
from inbox.models import PersonalToken

MARK: Final = "plp"
_BEARER = re.compile(r"Bearer ([A-Za-z0-9]+)_([0-9a-f]{12})_([A-Za-z0-9_-]{20,100})")
_NOBODY = bytes(32)


def issue(*, person: User, name: str, lifetime: timedelta) -> tuple[PersonalToken, str]:
    """A new token and its text, which is shown now and never again."""
    secret, prefix = secrets.token_urlsafe(32), secrets.token_hex(6)
    token = PersonalToken.objects.create(
        person=person,
        name=name,
        prefix=prefix,
        digest=token_digest(secret),
        expires_at=timezone.now() + lifetime,
    )
    return token, f"{MARK}_{prefix}_{secret}"


def revoke(*, person: User, prefix: str) -> bool:
    """Revoke one of one's own tokens; False when there is no such live token."""
    return (
        PersonalToken.objects.filter(person=person, prefix=prefix, revoked_at=None).update(revoked_at=Now())
        == 1
    )


def authenticate(header: str | None) -> User:
    """The person behind a bearer token.

    Raises Unauthenticated: 401 unauthenticated, invalid-token, token-expired or token-revoked; 403
    agents-cannot-decide for a token that has an agent's form.
    """
    if not header:
        raise Unauthenticated("unauthenticated", "Send your personal token: Authorization: Bearer plp_…")
    match = _BEARER.fullmatch(header)
    if match is not None and match[1] == TOKEN_MARK:
        raise Unauthenticated("agents-cannot-decide", "An agent's token can never decide.", 403)
    if match is None or match[1] != MARK:
        raise Unauthenticated("invalid-token", "This is not a personal token.")
    token = PersonalToken.objects.select_related("person").filter(prefix=match[2]).first()
    if (
        not hmac.compare_digest(token_digest(match[3]), bytes(token.digest) if token else _NOBODY)
        or token is None
    ):
        raise Unauthenticated("invalid-token", "This is not a personal token.")
    if token.revoked_at is not None:
        raise Unauthenticated("token-revoked", "This token was revoked.")
    if token.expires_at <= timezone.now() or not token.person.is_active:
        raise Unauthenticated("token-expired", "This token has expired.")
    return token.person
