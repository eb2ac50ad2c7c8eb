"""Which request puts back what another one did: the dedupe key says so, which no agent may write itself."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from inbox.models import ApprovalRequest

COMPENSATES_KEYS: Final = "compensates:"


def compensates(request: ApprovalRequest) -> str | None:
    """The id of the request whose effect this one puts back; None for any other."""
    key = request.dedupe_key
    return key.removeprefix(COMPENSATES_KEYS) if key.startswith(COMPENSATES_KEYS) else None


def compensation_of(request: ApprovalRequest) -> ApprovalRequest | None:
    """The request that puts this one's effect back, if somebody asked for it."""
    return ApprovalRequest.objects.filter(agent=request.agent_id, dedupe_key=key_of(request.pk)).first()


def key_of(request_id: UUID) -> str:
    """The dedupe key of what puts that request's effect back: there is at most one."""
    return f"{COMPENSATES_KEYS}{request_id}"
