"""Examples on a busy machine take as long as they take: growth is tested by counting calls, not by the clock."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
