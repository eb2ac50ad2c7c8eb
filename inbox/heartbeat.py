"""What live sockets of a process share: per team one listener on the broker and one look at Postgres.

The listener brings hints at once. The look, every 5 s, asks whether each socket's session is still there and each
person still a member, and reads the stream's number, because the broker may lose hints or be gone without saying so.
Every 15 s sockets hear that number even if it is the same: a browser that hears nothing for longer says so.
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
from channels.layers import get_channel_layer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from inbox.events import group_of
from inbox.models import Member, TeamStream

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 15.0


class Socket(Protocol):
    """What a watch tells a socket."""

    def hint(self, seq: int) -> None: ...

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

    def __init__(self, key: tuple[int, UUID]) -> None:
        self._key = key
        self.team_id = key[1]
        self._seats: set[Seat] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._seq = 0

    async def take(self, seat: Seat) -> int:
        """Watch over a socket from now on; returns the stream's number."""
        self._seats.add(seat)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_around())]
        return await self.head()

    def leave(self, seat: Seat) -> None:
        """The socket is gone; the last one takes the tasks with it."""
        self._seats.discard(seat)
        if not self._seats:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            # A socket may leave twice, and by then others may sit in a new watch.
            if _watches.get(self._key) is self:
                del _watches[self._key]

    async def head(self) -> int:
        """Where the team's stream stands, asked of Postgres."""
        seq: int = await database_sync_to_async(_head)(self.team_id)
        return seq

    def _heard(self, seq: int) -> None:
        if seq > self._seq:
            self._seq = seq
            for seat in tuple(self._seats):
                seat.socket.hint(seq)

    async def _listen(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                if layer is None:
                    return
                channel = await layer.new_channel()
                await layer.group_add(group_of(self.team_id), channel)
                # What was said between the last look and now.
                self._heard(await self.head())
                while True:
                    self._heard(int((await layer.receive(channel))["seq"]))
            except Exception as error:  # noqa: BLE001 - whatever ails the broker, the looks go on
                log.warning("hints_unheard", error=f"{type(error).__name__}: {error}"[:200])
                await asyncio.sleep(LOOK_SECONDS)

    async def _look_around(self) -> None:
        beaten = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            seats = tuple(self._seats)
            try:
                seq, endings = await database_sync_to_async(_look)(self.team_id, seats)
            except DatabaseError as error:
                # No heartbeat then: after 30 s without one the pages say that they are stale, which is true.
                log.warning("look_failed", error=f"{type(error).__name__}: {error}"[:200])
                continue
            self._heard(seq)
            due = time.monotonic() - beaten >= BEAT_SECONDS - LOOK_SECONDS / 2
            if due:
                beaten = time.monotonic()
                self._seq = seq
            await asyncio.gather(*(self._tell(seat, seq, endings.get(seat), due=due) for seat in seats))

    async def _tell(self, seat: Seat, seq: int, ending: int | None, *, due: bool) -> None:
        try:
            # A browser that takes nothing more must not take the others' heartbeat away.
            async with asyncio.timeout(LOOK_SECONDS):
                if ending is not None:
                    await seat.socket.end(ending)
                elif due:
                    await seat.socket.beat(seq)
        except Exception as error:  # noqa: BLE001 - whatever it was, the socket is of no use any more
            log.info("socket_gone", error=f"{type(error).__name__}: {error}"[:200])
            self.leave(seat)


_watches: dict[tuple[int, UUID], Watch] = {}


def watch_of(team_id: UUID) -> Watch:
    """The running loop's watch of a team; a process has one loop, tests have many."""
    key = (id(asyncio.get_running_loop()), team_id)
    if key not in _watches:
        _watches[key] = Watch(key)
    return _watches[key]


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
