"""How to reach Django's database without Django's connection, which belongs to the caller's transaction."""

from __future__ import annotations

from typing import Any

from django.db import connections

# Django's own wishes for its cursors; libpq would refuse them.
_DJANGO_ONLY = frozenset(
    {"cursor_factory", "context", "prepare_threshold", "client_encoding", "application_name"}
)


def connection_parameters() -> dict[str, Any]:
    """Arguments for psycopg.connect that reach the default database (in tests: the test database)."""
    parameters: dict[str, Any] = connections["default"].get_connection_params()
    return {name: value for name, value in parameters.items() if name not in _DJANGO_ONLY}
