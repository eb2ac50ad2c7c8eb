"""An answer 2xx means that the decision survives a crash. These three Postgres settings make that true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.conf import settings

# A standby's acknowledgement comes on top of the local flush, so those values are safe too.
SAFE: Mapping[str, tuple[str, ...]] = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
}
QUESTION = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"


class UnsafeDurability(Exception):
    """Postgres would acknowledge commits that a crash can take back."""


def unsafe_settings(found: Mapping[str, str]) -> list[str]:
    """Those of `found` (name to value, as this connection has them) that let commits be lost, as `name = value`."""
    return [f"{name} = {found.get(name, '?')}" for name, safe in SAFE.items() if found.get(name) not in safe]


def require_durable_commits() -> None:
    """Called as the web and live processes start: they must not serve on a database that forgets.

    Raises UnsafeDurability, or psycopg.OperationalError when the database cannot be asked.
    """
    if settings.ENV.placet_allow_unsafe_durability:
        return
    with psycopg.connect(**postgres_address(), connect_timeout=10) as connection:
        unsafe = unsafe_settings(dict(connection.execute(QUESTION, [list(SAFE)]).fetchall()))
    if unsafe:
        raise UnsafeDurability(
            f"Postgres runs with {', '.join(unsafe)}: a crash would lose decisions that were acknowledged. "
            "Set them on (ALTER SYSTEM, or ALTER ROLE for synchronous_commit) and start again."
        )


def postgres_address() -> dict[str, Any]:
    """The settings' database as psycopg's own keywords."""
    database = settings.DATABASES["default"]
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {key: database[name] for key, name in names.items() if database[name]}
