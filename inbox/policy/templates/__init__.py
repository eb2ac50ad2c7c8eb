"""What common tools do, as data, and a description proposed for any tool. Pure: an admin reads and saves it."""

from __future__ import annotations

from inbox.policy.templates.impact import ImpactAdapter, adapted
from inbox.policy.templates.propose import Proposal, propose

__all__ = ["ImpactAdapter", "Proposal", "adapted", "propose"]
