"""People's own bearer tokens for the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from agents import bearer
from agents.bearer import Unauthenticated
from agents.services import TOKEN_MARK
from inbox.audit import SYSTEM, Actor
from inbox.models import PersonalToken
from inbox.permissions import teams_of
from inbox.services.people import actor_of
from inbox.services.teams import record

MARK: Final = "plp"
WHOSE: Final = "a personal"


def issue(*, person: User, name: str, lifetime: timedelta) -> tuple[PersonalToken, str]:
    """A new token and its text, which is shown now and never again. Audited in each of the person's teams."""
    prefix, digest, text = bearer.mint(MARK)
    with transaction.atomic():
        token = PersonalToken.objects.create(
            person=person, name=name, prefix=prefix, digest=digest, expires_at=timezone.now() + lifetime
        )
        # Made at the server's terminal, which knows no person.
        _record(person, SYSTEM, {"token": prefix, "expires_at": token.expires_at.isoformat()})
    return token, text


def revoke(*, person: User, prefix: str) -> bool:
    """Revoke one of one's own tokens; False when there is no such live token."""
    with transaction.atomic():
        live = PersonalToken.objects.filter(person=person, prefix=prefix, revoked_at=None)
        revoked = live.update(revoked_at=Now()) == 1
        if revoked:
            _record(person, actor_of(person), {"token": prefix, "revoked": True})
    return revoked


def _record(person: User, actor: Actor, facts: dict[str, object]) -> None:
    # In the order of their ids: two streams are never taken in opposite orders.
    for team in teams_of(person).order_by("pk"):
        record(team, "token_changed", actor, {"person": person.get_username(), **facts})


def authenticate(header: str | None) -> User:
    """The person behind a bearer token.

    Raises Unauthenticated: 401 unauthenticated, invalid-token, token-expired or token-revoked; 403
    agents-cannot-decide for a token that has an agent's form.
    """
    sent = bearer.read(header, whose=WHOSE)
    if sent.mark == TOKEN_MARK:
        raise Unauthenticated("agents-cannot-decide", "An agent's token can never decide.", 403)
    if sent.mark != MARK:
        raise Unauthenticated("invalid-token", f"This is not {WHOSE} token.")
    row = PersonalToken.objects.select_related("person").filter(prefix=sent.prefix).first()
    token = bearer.check(sent, row, whose=WHOSE)
    if not token.person.is_active:
        raise Unauthenticated("token-expired", "This token has expired.")
    return token.person
