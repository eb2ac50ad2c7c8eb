"""The order's moments as columns the database computes: whoever changes a risk or a deadline, no row goes stale.

They say in SQL what `inbox.policy.priority.schedule` says in Python, from the same constants; a property test holds
the two together. A change of a constant is a migration, because the columns are stored.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Case, DateTimeField, F, Func, Q, SmallIntegerField, Value, When
from django.db.models.functions import Least

from inbox.policy.priority import BY_RISK, WEIGHTS, Urgency


class Later(Func):
    """A moment some whole seconds later (negative: earlier). In UTC, or Postgres would not call it immutable."""

    template = "((%(expressions)s) AT TIME ZONE 'UTC' + %(seconds)s * INTERVAL '1 second') AT TIME ZONE 'UTC'"
    arity = 1

    def __init__(self, expression: Any, *, seconds: int) -> None:
        super().__init__(expression, output_field=DateTimeField(), seconds=seconds)


def _risks(urgency: Urgency) -> Q:
    return Q(risk__in=sorted(risk.value for risk, found in BY_RISK.items() if found is urgency))


def _serve_by(urgency: Urgency) -> Any:
    patience = WEIGHTS[urgency].patience
    if patience is None:
        return F("expires_at")
    return Least("expires_at", Later("created_at", seconds=int(patience)))


def urgency() -> Case:
    """The rank of the class, 0 first."""
    return Case(
        *(When(_risks(found), then=Value(found.rank)) for found in Urgency), output_field=SmallIntegerField()
    )


def serve_by() -> Case:
    """The deadline, or the end of the class's patience when that is sooner."""
    return Case(
        *(
            When(_risks(found), then=_serve_by(found))
            for found in Urgency
            if WEIGHTS[found].patience is not None
        ),
        default=F("expires_at"),
        output_field=DateTimeField(),
    )


def rises_at() -> Case:
    """From when a request stands above the calm ones; null for never."""
    return Case(
        When(_risks(Urgency.URGENT), then=F("created_at")),
        When(_risks(Urgency.HIGH), then=Later(_serve_by(Urgency.HIGH), seconds=-_rises(Urgency.HIGH))),
        *(
            When(
                _risks(found)
                & Q(expires_at__gte=Later("created_at", seconds=int(WEIGHTS[found].least_life))),
                then=Later("expires_at", seconds=-_rises(found)),
            )
            for found in (Urgency.NORMAL, Urgency.LOW)
        ),
        output_field=DateTimeField(),
    )


def _rises(urgency: Urgency) -> int:
    return int(WEIGHTS[urgency].rises)
