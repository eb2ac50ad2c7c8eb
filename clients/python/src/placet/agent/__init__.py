"""For agents: ask people before you act, and run exactly what they approved."""

from __future__ import annotations

from placet.agent.agent import Agent, Pending
from placet.agent.approval import requires_approval
from placet.agent.decisions import Decision, Expired, NotApproved, Rejected, Withdrawn
from placet.agent.shapes import DecidedActionOut, MessageOut, ProposedAction, RequestOut

__all__ = [
    "Agent",
    "DecidedActionOut",
    "Decision",
    "Expired",
    "MessageOut",
    "NotApproved",
    "Pending",
    "ProposedAction",
    "Rejected",
    "RequestOut",
    "Withdrawn",
    "requires_approval",
]
