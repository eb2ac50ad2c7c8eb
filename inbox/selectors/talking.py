"""Whether anybody answers what people ask about a request."""

from __future__ import annotations

from agents.hosting import asking
from inbox.models import ApprovalRequest


def can_answer(request: ApprovalRequest) -> bool:
    """Agents that call in do. A run hosted here does where a function beside its graph is named; one query."""
    if request.channel == "hosted":
        return asking.can_answer(agent_id=request.agent_id, thread=request.thread)
    return request.channel == "poll"
