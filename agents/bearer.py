"""Bearer tokens, of agents and of people: `mark_prefix_secret`, found by prefix, checked against a SHA-256.

256 random bits need no slow hash; a slow one would cap the API at a few calls a second.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from django.utils import timezone

_FORM = re.compile(r"Bearer ([A-Za-z0-9]+)_([0-9a-f]{12})_([A-Za-z0-9_-]{20,100})")
_NOBODY = bytes(32)


@dataclass(slots=True)
class Unauthenticated(Exception):
    """The call has nobody behind it. `status` is 401, or 403 for someone known who may not call at all."""

    code: str
    detail: str
    status: int = 401


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token as it was sent."""

    mark: str
    prefix: str
    secret: str


class Kept(Protocol):
    """A token's row."""

    digest: bytes | memoryview[int]
    expires_at: datetime
    revoked_at: datetime | None


Row = TypeVar("Row", bound=Kept)


def mint(mark: str) -> tuple[str, bytes, str]:
    """A new token: its public prefix, the digest to keep, and the text to show once."""
    secret, prefix = secrets.token_urlsafe(32), secrets.token_hex(6)
    return prefix, digest_of(secret), f"{mark}_{prefix}_{secret}"


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def read(header: str | None, *, whose: str) -> Bearer:
    """The token of an Authorization header. Raises Unauthenticated (unauthenticated, invalid-token)."""
    if not header:
        raise Unauthenticated("unauthenticated", f"Send {whose} token: Authorization: Bearer …")
    match = _FORM.fullmatch(header)
    if match is None:
        raise Unauthenticated("invalid-token", f"This is not {whose} token.")
    return Bearer(match[1], match[2], match[3])


def check(bearer: Bearer, row: Row | None, *, whose: str) -> Row:
    """The row, if the secret is its own and it still holds.

    Raises Unauthenticated: invalid-token (the same for unknown and wrong), token-revoked, token-expired.
    """
    # Unknown prefixes are compared too, so that a guess costs the same as a near miss.
    kept = bytes(row.digest) if row is not None else _NOBODY
    if not hmac.compare_digest(digest_of(bearer.secret), kept) or row is None:
        raise Unauthenticated("invalid-token", f"This is not {whose} token.")
    if row.revoked_at is not None:
        raise Unauthenticated("token-revoked", "This token was revoked.")
    if row.expires_at <= timezone.now():
        raise Unauthenticated("token-expired", "This token has expired.")
    return row
