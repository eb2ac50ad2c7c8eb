"""What a tool nobody described does, and how much there is to be said against its call."""

from __future__ import annotations

from inbox.policy.inference.judge import judge

__all__ = ["judge"]
