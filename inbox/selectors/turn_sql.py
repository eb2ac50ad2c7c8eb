"""The parts of "may this person decide it" that SQL can say: needs held against what they bring, and ceilings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.sql.compiler import SQLCompiler

from inbox.policy.ceiling import Limits

_TEXTS = ArrayField(TextField())
# fnmatch's signs in LIKE's; the patterns allowed (docs/reference/policy.md) have no others.
_AS_LIKE = str.maketrans({"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"})


class _Filled(Func):
    """A boolean over its arguments, each standing once in `template` as %s."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments, output_field=BooleanField())

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, tuple[str | int, ...]]:
        compiled = [compiler.compile(argument) for argument in self.get_source_expressions()]
        sql = str(template or self.template) % tuple(part for part, _ in compiled)
        return sql, tuple(parameter for _, parameters in compiled for parameter in parameters)


class AsksFor(_Filled):
    """Whether some pinned need could be filled by a person of one of these tiers and in these groups."""

    template = (
        "EXISTS (SELECT FROM jsonb_array_elements(%s) AS need"
        " WHERE (need->>'tier' IS NULL OR need->>'tier' = ANY(%s))"
        " AND (need->>'group' IS NULL OR need->>'group' = ANY(%s)))"
    )

    def __init__(self, tiers: Sequence[str], groups: Sequence[str]) -> None:
        super().__init__(
            F("needs"), Value(list(tiers), output_field=_TEXTS), Value(list(groups), output_field=_TEXTS)
        )


class CallsOnly(_Filled):
    """Whether every tool of the request matches one of these patterns."""

    template = "NOT EXISTS (SELECT FROM unnest(%s) AS tool WHERE NOT tool LIKE ANY(%s))"

    def __init__(self, patterns: Sequence[str]) -> None:
        likes = [pattern.translate(_AS_LIKE) for pattern in patterns]
        super().__init__(F("tools"), Value(likes, output_field=_TEXTS))


def within(limits: Limits) -> Q:
    """Requests that are not above this ceiling."""
    clause = Q()
    if limits.amount is not None:
        clause &= Q(amount__isnull=True) | Q(amount__lte=limits.amount, currency=limits.currency)
    if limits.environments is not None:
        clause &= Q(environment__in=limits.environments)
    if limits.tools is not None:
        clause &= Q(CallsOnly(limits.tools))
    return clause
