"""Long polls and event streams: `GET /api/v1/requests/{id}?wait=25&after=…` holds no thread and no database connection while it waits.

The front asks the ordinary view first (rights, existence, maybe the answer already), then parks the call here until
a hint says that the team changed, or a timed look, and asks the view again. All parked calls of a process share one
listener and one query a look; with the broker gone only the timed look remains.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from uuid import UUID

import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from psycopg import AsyncConnection
from psycopg import Error as PostgresError
from psycopg.conninfo import make_conninfo

from inbox.events import EVERYONE
from inbox.lifecycle import State

log = structlog.get_logger(__name__)
LOOK_SECONDS = 2.0
Parked = tuple[UUID, UUID | None]
# Messages of a request are ordered as they were recorded, under its lock. An agent is not woken by its own.
_WOKEN = """
    SELECT parked.id, parked.after
    FROM unnest(%s::uuid[], %s::uuid[]) AS parked (id, after)
    JOIN inbox_approvalrequest request ON request.id = parked.id
    WHERE (request.state <> ALL(%s) AND NOT EXISTS (
            SELECT FROM agents_pause pause
            WHERE pause.ended_at IS NULL AND request.state = 'decided'
              AND (pause.team_id IS NULL OR pause.team_id = request.team_id)
              AND (pause.agent_id IS NULL OR pause.agent_id = request.agent_id)
              AND (pause.tool = '' OR pause.tool = ANY (request.tools))))
       OR EXISTS (
            SELECT FROM inbox_message message
            WHERE message.request_id = parked.id AND message.kind <> 'answer'
              AND (parked.after IS NULL OR (message.created_at, message.id)
                   > (SELECT known.created_at, known.id FROM inbox_message known WHERE known.id = parked.after)))
"""


class WaitRoom:
    """The parked long polls of one process, by request id and the last message that is known."""

    def __init__(self) -> None:
        self._waiting: dict[Parked, set[asyncio.Future[None]]] = {}
        self._streams: set[tuple[UUID, int, asyncio.Future[None]]] = set()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def wait(self, request_id: UUID, seconds: float, after: UUID | None = None) -> None:
        """Return when the request is closed, when people said something after this message (None: anything), or after `seconds`."""
        self._ensure_running()
        parked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (request_id, after)
        self._waiting.setdefault(place, set()).add(parked)
        # Look at once: the request may have been closed between the caller's read and its parking here.
        self._woken.set()
        try:
            async with asyncio.timeout(seconds):
                await parked
        except TimeoutError:
            pass
        finally:
            others = self._waiting.get(place)
            if others is not None:
                others.discard(parked)
                if not others:
                    del self._waiting[place]

    async def wait_for_stream(self, team_id: UUID, after: int, seconds: float) -> None:
        """Return when a team's stream has come further than `after`, or after `seconds`."""
        self._ensure_running()
        parked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (team_id, after, parked)
        self._streams.add(place)
        self._woken.set()
        try:
            async with asyncio.timeout(seconds):
                await parked
        except TimeoutError:
            pass
        finally:
            self._streams.discard(place)

    def _ensure_running(self) -> None:
        if any(not task.done() for task in self._tasks):
            return
        self._tasks = [asyncio.create_task(self._look_around()), asyncio.create_task(self._listen())]

    async def close(self) -> None:
        """Stop listening; parked calls are answered with what is known."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        _wake(future for futures in self._waiting.values() for future in futures)
        _wake(future for _, _, future in self._streams)

    async def _look_around(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            if not self._waiting and not self._streams:
                continue
            try:
                woken, heads = await _look(list(self._waiting), list({team for team, _, _ in self._streams}))
                for place in woken:
                    _wake(self._waiting.get(place, ()))
                _wake(future for team, after, future in self._streams if heads.get(team, 0) > after)
            except (PostgresError, OSError) as error:
                log.warning("long_poll_look_failed", error=f"{type(error).__name__}: {error}"[:200])

    async def _listen(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                if layer is None:
                    return
                channel = await layer.new_channel()
                await layer.group_add(EVERYONE, channel)
                while True:
                    await layer.receive(channel)
                    self._woken.set()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever ails the broker, the timed look goes on
                log.warning("hints_unheard", error=f"{type(error).__name__}: {error}"[:200])
                await asyncio.sleep(LOOK_SECONDS)


def _wake(parked: Iterable[asyncio.Future[None]]) -> None:
    for future in list(parked):
        if not future.done():
            future.set_result(None)


async def _look(places: list[Parked], teams: list[UUID]) -> tuple[list[Parked], dict[UUID, int]]:
    """The parked calls that have something to hear, and how far some teams' streams have come."""
    # A connection for the moment of the look: parked calls must not hold one.
    connection = await AsyncConnection.connect(_address(), autocommit=True, connect_timeout=5)
    async with connection:
        # What was decided and is paused since reads as held: its agent goes on waiting.
        found = await connection.execute(
            _WOKEN,
            (
                [request_id for request_id, _ in places],
                [after for _, after in places],
                [State.PENDING.value, State.HELD.value],
            ),
        )
        woken = [(row[0], row[1]) for row in await found.fetchall()]
        if not teams:
            return woken, {}
        heads = await connection.execute(
            "SELECT team_id, seq FROM inbox_teamstream WHERE team_id = ANY(%s)", (teams,)
        )
        return woken, dict(await heads.fetchall())


def _address() -> str:
    database = settings.DATABASES["default"]
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return make_conninfo(**{key: str(database[name]) for key, name in names.items() if database.get(name)})
