"""What keeps live sockets honest: per process and team one look at Postgres serves all its sockets.

Every 5 s: is each socket's session still there and each person still a member? Every 15 s: the stream's number as
Postgres has it, because the broker may lose hints without saying so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from inbox.models import Member, TeamStream

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 15.0


class Socket(Protocol):
    """What a watch tells a socket."""

    async def beat(self, seq: int) -> None: ...

    async def end(self, code: int) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """One socket, whose it is, and the session it rests on."""

    socket: Socket
    person_id: int
    session_key: str


class Watch:
    """The sockets of one process on one team."""

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self._seats: set[Seat] = set()
        self._task: asyncio.Task[None] | None = None

    async def take(self, seat: Seat) -> int:
        """Watch over a socket from now on; returns the stream's number."""
        self._seats.add(seat)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await self.head()

    def leave(self, seat: Seat) -> None:
        """The socket is gone; the last one takes the task with it."""
        self._seats.discard(seat)
        if not self._seats and self._task is not None:
            self._task.cancel()
            self._task = None

    async def head(self) -> int:
        """Where the team's stream stands."""
        seq: int = await database_sync_to_async(_head)(self.team_id)
        return seq

    async def _run(self) -> None:
        beaten = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            seats = tuple(self._seats)
            try:
                seq, endings = await database_sync_to_async(_look)(self.team_id, seats)
            except DatabaseError as error:
                # No heartbeat then: after 30 s without one the pages say that they are stale, which is true.
                log.warning("heartbeat_failed", error=f"{type(error).__name__}: {error}"[:200])
                continue
            due = time.monotonic() - beaten >= BEAT_SECONDS - LOOK_SECONDS / 2
            if due:
                beaten = time.monotonic()
            for seat in seats:
                if seat in endings:
                    await _told(seat.socket.end(endings[seat]))
                elif due:
                    await _told(seat.socket.beat(seq))


_watches: dict[tuple[int, UUID], Watch] = {}


def watch_of(team_id: UUID) -> Watch:
    """The running loop's watch of a team; a process has one loop, tests have many."""
    key = (id(asyncio.get_running_loop()), team_id)
    if key not in _watches:
        _watches[key] = Watch(team_id)
    return _watches[key]


async def _told(call: object) -> None:
    try:
        await call  # type: ignore[misc]
    except Exception as error:  # noqa: BLE001 - a socket that just closed must not take the others' heartbeat away
        log.info("socket_gone", error=f"{type(error).__name__}: {error}"[:200])


def _head(team_id: UUID) -> int:
    return TeamStream.objects.values_list("seq", flat=True).get(team_id=team_id)


def _look(team_id: UUID, seats: Iterable[Seat]) -> tuple[int, dict[Seat, int]]:
    """The stream's number, and the close code of every socket that must end: 4401 signed out, 4403 no member."""
    seats = tuple(seats)
    members = {
        member.user_id: member
        for member in Member.objects.select_related("user").filter(
            team_id=team_id,
            user_id__in={seat.person_id for seat in seats},
            is_active=True,
            user__is_active=True,
        )
    }
    sessions = {
        session.session_key: session
        for session in Session.objects.filter(
            session_key__in={seat.session_key for seat in seats}, expire_date__gt=timezone.now()
        )
    }
    endings: dict[Seat, int] = {}
    for seat in seats:
        member = members.get(seat.person_id)
        if member is None:
            endings[seat] = 4403
        elif not _still_signed_in(sessions.get(seat.session_key), member):
            endings[seat] = 4401
    return _head(team_id), endings


def _still_signed_in(session: Session | None, member: Member) -> bool:
    if session is None:
        return False
    data = session.get_decoded()
    # A changed password ends sessions by their hash, not by deleting them.
    return str(data.get(SESSION_KEY)) == str(member.user_id) and constant_time_compare(
        data.get(HASH_SESSION_KEY, ""), member.user.get_session_auth_hash()
    )
