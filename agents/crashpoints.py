"""Places where the fault tests kill this process. Unarmed, passing one is a single dict lookup."""

from __future__ import annotations

import os
import signal
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NAMES: Final = (
    "decide.before_commit",
    "decide.after_commit",
    "batch.mid_chunk",
    "batch.between_chunks",
    "outbox.after_claim",
    "deliver.before_mark",
    "resume.after_started",
    "resume.after_effect",
    "resume.before_done",
    "run.after_claim",
    "run.before_done",
    "sweep.mid",
    "backtest.mid_chunk",
    "backtest.between_chunks",
)
"""Every crash point compiled in. A test loops over this tuple, so a new point is covered by being named."""


def parse(setting: str) -> dict[str, int]:
    """`name:n` as the hits left before the kill; empty for an empty setting.

    Raises ImproperlyConfigured for a name that no code passes or an n below 1.
    """
    if not setting:
        return {}
    name, _, count = setting.partition(":")
    if name not in NAMES or not count.isdigit() or int(count) < 1:
        raise ImproperlyConfigured(
            f"PLACET_CRASH_AT={setting}: expected name:n with n of 1 or more and name one of {', '.join(NAMES)}."
        )
    return {name: int(count)}


_left = parse(settings.ENV.placet_crash_at)


def crashpoint(name: str) -> None:
    """Die by SIGKILL if PLACET_CRASH_AT names this point and this is the n-th time it is passed."""
    left = _left.get(name)
    if left is None:
        return
    _left[name] = left - 1
    if left == 1:
        # SIGKILL, not an exception: no finally, no rollback by us, no goodbye to Postgres or the broker.
        os.kill(os.getpid(), signal.SIGKILL)
