"""Several counts in one query, for a page that shows more than one."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def counts(*listed: QuerySet[Any, Any]) -> list[int]:
    """How many rows each of these has; slice each to the most that is to be counted."""
    parts: list[str] = []
    given: list[Any] = []
    for rows in listed:
        try:
            sql, parameters = rows.query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS counted)")  # noqa: S608 - Django's SQL, with placeholders
        given += parameters
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", given)
        return [*cursor.fetchone()]
