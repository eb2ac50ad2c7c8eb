"""Which values people approved before for a tool: what is new among like calls shows against it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from inbox import canonical
from inbox.lifecycle import Outcome, State
from inbox.models import ApprovalRequest, Revision

LATEST: Final = 200
# With fewer approvals than this nearly every value is new, and saying so would teach people to look past it.
ENOUGH: Final = 20


@dataclass(frozen=True, slots=True)
class ApprovedValues:
    """The values in the latest approved `calls` of one tool, each with its place."""

    calls: int
    values: frozenset[tuple[str, str]]

    def approved_before(self, pointer: str, value: Any) -> bool:
        """Whether this value under this RFC 6901 pointer was in an approved call."""
        return (pointer, _key(value)) in self.values


def approved_values(team_id: UUID, tool: str) -> ApprovedValues | None:
    """What was approved in the latest 200 closed requests of a tool; None with fewer than 20 approvals. Two queries."""
    closed = (
        ApprovalRequest.objects.filter(team_id=team_id, tool=tool)
        .filter(closed_at__isnull=False)
        .order_by("-closed_at")
        .values_list("pk", "state", "outcome", "digest")[:LATEST]
    )
    approved = {
        request_id: digest
        for request_id, state, outcome, digest in closed
        if state == State.DECIDED.value and outcome == Outcome.APPROVED.value
    }
    if len(approved) < ENOUGH:
        return None
    payloads = Revision.objects.filter(request_id__in=approved, digest__in=approved.values()).values_list(
        "payload", flat=True
    )
    values = {
        (pointer, _key(value))
        for payload in payloads
        for action in canonical.read(bytes(payload))["actions"]
        if action["name"] == tool
        for pointer, value in _leaves(action["args"])
    }
    return ApprovedValues(len(approved), frozenset(values))


def _leaves(args: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values by pointer, as the sheet's columns have them: objects are entered, lists are values."""
    waiting: list[tuple[str, Any]] = [("", args)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, Mapping) and (value or not pointer):
            waiting += [
                (f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", below)
                for key, below in value.items()
            ]
        else:
            yield pointer, value


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
