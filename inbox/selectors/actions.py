"""The actions of requests, as far as deciding needs them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from inbox.models import Action, ApprovalRequest


def action_keys(requests: Iterable[ApprovalRequest]) -> dict[UUID, list[str]]:
    """The keys of each request's current actions in the order asked; one query."""
    numbers = {request.pk: request.revision_number for request in requests}
    keys: dict[UUID, list[str]] = {}
    rows = Action.objects.filter(revision__request_id__in=numbers).order_by("position")
    for request_id, number, key in rows.values_list("revision__request_id", "revision__number", "key"):
        if numbers[request_id] == number:
            keys.setdefault(request_id, []).append(key)
    return keys
