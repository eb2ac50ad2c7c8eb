"""The one clock: the database's, read after the locks are held."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """`clock_timestamp()`: unlike `now()` it moves inside a transaction, so waiting for a lock counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a SELECT of one expression has one row
    moment: datetime = row[0]
    return moment
