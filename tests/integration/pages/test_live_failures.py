"""Live sockets that fail: whatever the reason, nobody goes on looking after them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox import canonical, heartbeat
from inbox.consumers import STRIKES, LiveSocket
from inbox.heartbeat import Watch, watch_of
from tests.factories import World, ask
from tests.integration.pages.sockets import Line
from tests.integration.pages.test_live import cookie_of, line


def seats(watch: Watch) -> int:
    return len(watch._seats)


def fail(*arguments: Any, **named: Any) -> Any:
    raise RuntimeError("out of order")


async def emptied(watch: Watch) -> bool:
    """Whether the watch lets go of its sockets and tasks."""
    async with asyncio.timeout(5):
        while seats(watch) or watch._tasks:
            await asyncio.sleep(0.01)
    return watch not in heartbeat._watches.values()


async def test_a_frame_that_breaks_the_reader_is_answered_and_the_socket_stays(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(real_world) as socket:
        with monkeypatch.context() as broken:
            broken.setattr(canonical, "loads", fail)
            await socket.say('{"type":"since","seq":0}')
            assert (await socket.hear())["code"] == "failed"
        await socket.say('{"type":"since","seq":0}')
        assert (await socket.hear())["type"] == "hint"


@pytest.mark.parametrize("seq", ["0e99999999999999999999", "1e400", "-0", "1" * 3000, "0." + "0" * 3000])
async def test_no_number_ends_the_socket(real_world: World, seq: str) -> None:
    async with line(real_world) as socket:
        await socket.say(f'{{"type":"since","seq":{seq}}}')
        assert (await socket.hear())["type"] in ("error", "hint")
        await socket.say('{"type":"since","seq":0}')
        assert (await socket.hear())["type"] == "hint"


async def test_failing_without_end_ends_the_socket_and_frees_its_seat(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(real_world) as socket:
        watch = watch_of(real_world.team.pk)
        monkeypatch.setattr(canonical, "loads", fail)
        for _ in range(STRIKES + 1):
            await socket.say("{}")
        assert (await socket.end())[1] == 4429
    assert await emptied(watch)


async def test_a_socket_that_can_say_nothing_more_closes_and_frees_its_seat(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with line(real_world) as socket:
        watch = watch_of(real_world.team.pk)
        assert seats(watch) == 1
        monkeypatch.setattr(LiveSocket, "_say", fail)
        await socket.say('{"type":"since","seq":0}')
        assert (await socket.end())[1] == 1011
        assert await emptied(watch)


async def test_a_socket_that_cannot_be_greeted_closes_and_frees_its_seat(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = await sync_to_async(cookie_of)(real_world.alice)
    watch = watch_of(real_world.team.pk)
    monkeypatch.setattr(heartbeat, "_head", fail)
    socket = Line(real_world.team.slug, cookie)
    assert await socket.connect()
    assert (await socket.end())[1] == 1011
    assert await emptied(watch)


async def test_a_hint_nobody_takes_frees_the_seat(real_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(real_world):
        watch = watch_of(real_world.team.pk)
        monkeypatch.setattr(LiveSocket, "_say", fail)
        await sync_to_async(ask)(real_world)
        assert await emptied(watch)


async def test_leaving_late_takes_no_seat_from_those_who_came_since(real_world: World) -> None:
    async with line(real_world) as socket:
        old = watch_of(real_world.team.pk)
        (seat,) = old._seats
        old.leave(seat)
        async with line(real_world):
            new = watch_of(real_world.team.pk)
            assert new is not old
            await socket.hang_up()
            assert watch_of(real_world.team.pk) is new
            assert seats(new) == 1
