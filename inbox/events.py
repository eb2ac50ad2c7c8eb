"""Telling live views and waiting agents that something changed: a team and a number, never content."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from uuid import UUID

from channels.layers import get_channel_layer

from agents.afterwards import after_commit

EVERYONE = "teams"
"""The group long polls listen to, one listener a process."""

_pending: dict[UUID, int] = {}
_guard = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_loop_owner = 0
_closed_until = 0.0
BREAKER_SECONDS = 2.0
SEND_SECONDS = 1.0


def group_of(team_id: UUID) -> str:
    """The Channels group of a team's live views."""
    return f"team.{team_id.hex}"


def announce(team_id: UUID, seq: int) -> None:
    """After commit, hint that the team's stream reached `seq`. Lost hints are healed by the heartbeat."""

    def note() -> None:
        with _guard:
            _pending[team_id] = max(seq, _pending.get(team_id, 0))
        _flush()

    after_commit(note)


def _flush() -> None:
    """Send what is pending, newest number per team. Runs on the background thread only."""
    global _closed_until, _loop, _loop_owner
    if time.monotonic() < _closed_until:
        return
    with _guard:
        batch = dict(_pending)
        _pending.clear()
    if not batch:
        return
    if _loop is None or _loop_owner != os.getpid():
        # One loop for the thread's life, because the layer keeps its connections per loop; a forked child its own.
        _loop, _loop_owner = asyncio.new_event_loop(), os.getpid()
    try:
        _loop.run_until_complete(asyncio.wait_for(_send(batch), SEND_SECONDS * 2))
    except Exception:
        _closed_until = time.monotonic() + BREAKER_SECONDS
        raise


async def _send(batch: dict[UUID, int]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    for team_id, seq in batch.items():
        message = {"type": "hint", "team": team_id.hex, "seq": seq}
        await layer.group_send(group_of(team_id), message)
        await layer.group_send(EVERYONE, message)
