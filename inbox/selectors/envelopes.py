"""The bytes people decide about, read back: a request's current revision, and what its agent proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from inbox import canonical
from inbox.models import ApprovalRequest, Revision

Envelope = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bytes:
    """`current` is what a decision is about. `proposed` is what the agent sent last: another where a person edited it.

    `set_aside` are the lines that the edit took out.
    """

    current: Envelope
    proposed: Envelope
    set_aside: tuple[Mapping[str, Any], ...] = ()

    @property
    def actions(self) -> Mapping[str, Mapping[str, Any]]:
        """The current actions by key, in their order."""
        return {action["key"]: action for action in self.current["actions"]}

    def edited(self, key: str) -> bool:
        """Whether people changed this action's arguments."""
        before = next((action for action in self.proposed["actions"] if action["key"] == key), None)
        # By their bytes: to Python true is 1, and the agent would be told that its own arguments were approved.
        return before is None or canonical.dumps(before["args"]) != canonical.dumps(self.actions[key]["args"])


def bytes_of(requests: Iterable[ApprovalRequest]) -> dict[UUID, Bytes]:
    """Per request; one query."""
    numbers = {request.pk: request.revision_number for request in requests}
    current: dict[UUID, tuple[bytes, list[Mapping[str, Any]]]] = {}
    proposed: dict[UUID, bytes] = {}
    for revision in Revision.objects.filter(request_id__in=numbers).order_by("number"):
        if revision.number > numbers[revision.request_id]:
            continue
        if revision.number == numbers[revision.request_id]:
            current[revision.request_id] = bytes(revision.payload), revision.set_aside
        if revision.author_id is None:
            proposed[revision.request_id] = bytes(revision.payload)
    found = {}
    for request_id, (raw, set_aside) in current.items():
        # Revisions hold what `loads` accepted, so the plain reader gives the same value back.
        now = canonical.read(raw)
        sent = now if proposed[request_id] == raw else canonical.read(proposed[request_id])
        found[request_id] = Bytes(now, sent, tuple(set_aside))
    return found
