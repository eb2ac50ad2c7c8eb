"""What the server computes from an action's own bytes: the second of the three kinds of facts."""

from __future__ import annotations

from inbox.policy.computed.compute import compute

__all__ = ["compute"]
