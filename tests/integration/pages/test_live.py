"""The live socket and what pages fetch after its hints."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from inbox import heartbeat
from inbox.consumers import BURST, STRIKES
from inbox.heartbeat import watch_of
from inbox.models import Member, TeamStream
from inbox.selectors.changes import MOST_EVENTS
from inbox.services import converse
from inbox.services.undo import undo
from tests.factories import World, ask, vote
from tests.integration.core.test_conversation import answers
from tests.integration.core.test_pauses import pause
from tests.integration.pages.cast import ask_for_a_look, inbox_of, signed_in
from tests.integration.pages.sockets import ORIGIN, Line
from tests.policies import enforce

Frame = dict[str, Any]


def cookie_of(person: User) -> str:
    return f"sessionid={signed_in(person).cookies['sessionid'].value}"


@asynccontextmanager
async def line(world: World, person: User | None = None) -> AsyncIterator[Line]:
    """An accepted socket whose hello was read."""
    cookie = await sync_to_async(cookie_of)(person or world.alice)
    socket = Line(world.team.slug, cookie)
    assert await socket.connect()
    assert (await socket.hear())["type"] == "hello"
    try:
        yield socket
    finally:
        await socket.hang_up()


async def head(world: World) -> int:
    return int(await TeamStream.objects.values_list("seq", flat=True).aget(team=world.team))


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.example",
        "",
        ORIGIN + ".evil.example",
        ORIGIN + "/",
        "http://127.0.0.1",
        "file://",
    ],
)
async def test_a_page_that_is_not_ours_gets_no_socket(real_world: World, origin: str | None) -> None:
    cookie = await sync_to_async(cookie_of)(real_world.alice)
    assert not await Line(real_world.team.slug, cookie, origin=origin).connect()


async def test_a_host_we_do_not_answer_to_cannot_vouch_for_itself(real_world: World) -> None:
    cookie = await sync_to_async(cookie_of)(real_world.alice)
    socket = Line(real_world.team.slug, cookie, origin="http://rebound.example", host="rebound.example")
    assert not await socket.connect()


async def test_a_further_name_of_this_server_may_vouch_for_itself(real_world: World, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    cookie = await sync_to_async(cookie_of)(real_world.alice)
    socket = Line(real_world.team.slug, cookie, origin="http://localhost:8000", host="localhost:8000")
    assert await socket.connect()
    await socket.hang_up()


async def test_strangers_the_anonymous_and_unknown_protocols_get_no_socket(real_world: World) -> None:
    world = real_world
    stranger, alice = (
        await sync_to_async(cookie_of)(world.charlie),
        await sync_to_async(cookie_of)(world.alice),
    )
    for socket in (
        Line(world.team.slug, ""),
        Line(world.team.slug, stranger),
        Line("no-such-team", alice),
        Line(world.team.slug, "sessionid=made-up"),
        Line(world.team.slug, alice, protocols=("graphql-ws",)),
    ):
        assert not await socket.connect()


async def test_a_request_is_hinted_at_within_a_second_and_without_content(real_world: World) -> None:
    async with line(real_world) as socket:
        await sync_to_async(ask)(real_world)
        async with asyncio.timeout(1):
            frame = await socket.hear()
        assert frame == {"type": "hint", "seq": await head(real_world)}


async def test_other_teams_hear_nothing(real_world: World) -> None:
    cookie = await sync_to_async(cookie_of)(real_world.charlie)
    socket = Line(real_world.other.slug, cookie)
    await socket.connect()
    await socket.hear()
    await sync_to_async(ask)(real_world)
    assert await socket.hears_nothing(0.8)
    await socket.hang_up()


async def test_many_changes_are_few_hints(real_world: World) -> None:
    async with line(real_world) as socket:
        for _ in range(25):
            await sync_to_async(ask)(real_world)
        last, seqs = await head(real_world), []
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(10):
            while not seqs or seqs[-1] < last:
                seqs.append((await socket.hear())["seq"])
        spent = asyncio.get_running_loop().time() - began
        assert seqs == sorted(seqs)
        assert len(seqs) <= 4 * spent + 26 / 4 + 2


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type":"nonsense"}', "unknown-type"),
        ("{}", "unknown-type"),
        ('{"type":["since"]}', "unknown-type"),
        ("not json", "malformed-json"),
        ("[]", "malformed-json"),
        ('{"type":"since","type":"since"}', "malformed-json"),
        ("", "malformed-json"),
        (b"\x00\xff", "no-binary"),
        ('{"a":' * 200 + "1" + "}" * 200, "too-deep"),
        ('{"a":' * 20 + "1" + "}" * 20, "too-deep"),
        ('{"type":"since","pad":"' + "x" * 5000 + '"}', "too-large"),
        ('{"type":"since","seq":-1}', "invalid-seq"),
        ('{"type":"since","seq":"abc"}', "invalid-seq"),
        ('{"type":"since","seq":1.5}', "invalid-seq"),
        ('{"type":"since","seq":9223372036854775808}', "invalid-seq"),
        ('{"type":"since","seq":true}', "invalid-seq"),
        ('{"type":"since"}', "invalid-seq"),
        ('{"type":"since","seq":9000000}', "resync-required"),
        ('{"type":"subscribe","topics":["a","b","c","d","e","f","g","h","i","j","k"]}', "too-many-topics"),
        ('{"type":"subscribe"}', "malformed-json"),
    ],
)
async def test_a_frame_it_cannot_use_is_answered_and_the_socket_stays(
    real_world: World, frame: str | bytes, code: str
) -> None:
    async with line(real_world) as socket:
        await socket.say(frame)
        assert (await socket.hear())["code"] == code
        await socket.say('{"type":"since","seq":0}')
        assert (await socket.hear())["type"] == "hint"


async def test_since_answers_with_the_head_of_the_stream(real_world: World) -> None:
    await sync_to_async(ask)(real_world)
    async with line(real_world) as socket:
        await socket.say('{"type":"since","seq":0}')
        assert await socket.hear() == {"type": "hint", "seq": await head(real_world)}


async def test_asking_for_another_team_ends_the_socket(real_world: World) -> None:
    async with line(real_world) as socket:
        await socket.say(json.dumps({"type": "subscribe", "topics": [real_world.other.slug]}))
        assert (await socket.hear())["code"] == "forbidden"
        assert (await socket.end())[1] == 4403


async def test_nonsense_without_end_ends_the_socket(real_world: World) -> None:
    async with line(real_world) as socket:
        for _ in range(STRIKES + 1):
            await socket.say("nonsense")
        assert (await socket.end())[1] == 4429


async def test_a_flood_is_warned_of_once_then_ends_the_socket(real_world: World) -> None:
    async with line(real_world) as socket:
        for _ in range(4 * BURST):
            await socket.say('{"type":"since","seq":0}')
        frames, code = await socket.end()
        assert code == 4429
        assert [frame.get("code") for frame in frames].count("slow-down") == 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heart beats ten times as fast."""
    monkeypatch.setattr(heartbeat, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.6)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (lambda member: Session.objects.all().delete(), 4401),
        (lambda member: Member.objects.filter(pk=member.pk).update(is_active=False), 4403),
        (lambda member: User.objects.filter(pk=member.user_id).update(is_active=False), 4403),
        (lambda member: User.objects.filter(pk=member.user_id).update(password="another"), 4401),
    ],
)
async def test_a_socket_ends_with_its_session_or_membership(
    real_world: World, ending: Callable[[Member], object], code: int
) -> None:
    async with line(real_world) as socket:
        member = await sync_to_async(real_world.member)(real_world.alice)
        await sync_to_async(ending)(member)
        async with asyncio.timeout(25 * heartbeat.LOOK_SECONDS):
            assert (await socket.end())[1] == code


@pytest.mark.usefixtures("quick")
async def test_the_heartbeat_carries_the_number_postgres_has(real_world: World) -> None:
    async with line(real_world) as socket:
        # Moved behind the broker's back, as when a hint is lost.
        await TeamStream.objects.filter(team=real_world.team).aupdate(seq=41)
        frame = await socket.hear()
        while frame["type"] != "heartbeat":
            frame = await socket.hear()
        assert frame["seq"] == 41


@pytest.mark.usefixtures("quick")
async def test_without_a_broker_the_next_look_brings_the_news(real_world: World, settings: Any) -> None:
    layer = settings.CHANNEL_LAYERS["default"]
    nowhere = {**layer["CONFIG"], "hosts": [{"address": "unix:///nonexistent/valkey.sock"}]}
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": nowhere}}
    async with line(real_world) as socket:
        await sync_to_async(ask)(real_world)
        frame = await socket.hear()
        assert frame == {"type": "hint", "seq": await head(real_world)}


@pytest.mark.usefixtures("quick")
async def test_one_look_serves_all_sockets_of_a_team(
    real_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    real = heartbeat._look
    monkeypatch.setattr(
        heartbeat, "_look", lambda team, seats: (looks.append(len(tuple(seats))), real(team, seats))[1]
    )
    async with (
        line(real_world) as one,
        line(real_world, real_world.bob) as two,
        line(real_world, real_world.dave),
    ):
        for socket in (one, two):
            while (await socket.hear())["type"] != "heartbeat":
                pass
    assert max(looks) == 3
    assert not watch_of(real_world.team.pk)._tasks


def changes(world: World, since: int, person: User | None = None, view: str = "turn") -> Frame:
    answer = signed_in(person or world.alice).get(inbox_of(world, f"changes?since={since}&view={view}"))
    assert answer.status_code == 200
    found: Frame = answer.json()
    return found


def test_changes_name_what_is_new_what_ended_and_what_was_voted(real_world: World) -> None:
    world = real_world
    since = TeamStream.objects.get(team=world.team).seq
    new, grave, gone = ask(world), ask_for_a_look(world), ask_for_a_look(world)
    vote(world, gone, world.bob, "reject", message="SECRET-REASON")
    found = changes(world, since)
    assert set(found["new"]) == {str(new.pk), str(grave.pk)}
    assert found["grave"] == [str(grave.pk)]
    assert [(row["id"], row["text"]) for row in found["ended"]] == [
        (str(gone.pk), f"Rejected by {world.bob.username}")
    ]
    assert found["turn"] == 2
    after = found["seq"]
    critical = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    between = changes(world, after)["seq"]
    vote(world, critical, world.bob)
    needs = {
        "id": str(critical.pk),
        "needs": "1 of 2 lead",
        "for": "",
        "because": "",
        "what": "Someone voted while you read",
        "sentence": "",
    }
    assert changes(world, between)["voted"] == [needs]
    assert changes(world, between, world.bob)["voted"] == [{**needs, "needs": "1 of 2 lead · you voted"}]
    assert changes(world, changes(world, 0)["seq"]) == {**changes(world, 10**6), "resync": False}


def test_changes_belong_to_the_view_and_the_person(real_world: World) -> None:
    world = real_world
    look = ask_for_a_look(world)
    assert changes(world, 0, world.dave)["new"] == []
    assert changes(world, 0, world.dave, "waiting")["new"] == [str(look.pk)]
    assert changes(world, 0, world.alice, "waiting")["new"] == []
    assert changes(world, 0, world.dave, "all")["new"] == [str(look.pk)]
    assert changes(world, 0, world.dave, "done")["new"] == []


def test_changes_are_for_members_alone(world: World) -> None:
    assert signed_in(world.charlie).get(inbox_of(world, "changes?since=0")).status_code == 404
    for since in ("", "-1", "x", "1.5", "9" * 30):
        assert signed_in(world.alice).get(inbox_of(world, f"changes?since={since}")).status_code == 422


def test_too_much_or_a_stream_gone_back_asks_for_everything_again(world: World) -> None:
    ask(world)
    assert changes(world, 10**9)["resync"] is True
    for _ in range(MOST_EVENTS // 4):
        ask(world)
    assert changes(world, 0)["resync"] is False


def test_more_events_than_a_page_is_patched_with_ask_for_a_resync(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.selectors.changes.MOST_EVENTS", 5)
    for _ in range(6):
        ask(world)
    assert changes(world, 0)["resync"] is True


def test_what_comes_back_is_new_to_a_list_and_every_page_hears_of_pauses(world: World) -> None:
    enforce(world, release_at_once=None)
    client, request = signed_in(world.alice), ask(world, "issue_refund", {"amount": 20, "customer": "c"})
    vote(world, request, world.carol)
    held = changes(world, 0)
    assert held["new"] == []
    undo(person=world.carol, team=world.team, request_id=request.pk)
    assert changes(world, held["seq"])["new"] == [str(request.pk)]
    converse.ask(
        person=world.carol,
        team=world.team,
        request_id=request.pk,
        text="Why?",
        key="k",
        digest=request.digest,
    )
    asked = changes(world, 0)
    assert asked["new"] == []
    answers(world, request, "Because.")
    back = changes(world, asked["seq"])
    assert back["new"] == [str(request.pk)]
    page = client.get(inbox_of(world, "tools")).content.decode()
    assert re.search(r'<body[^>]* data-seq="\d+"', page)
    assert f'data-paused="{back["paused"]}"' in page
    pause(world, world.erin, tool="write_file")
    now = changes(world, back["seq"])
    line_over = client.get(inbox_of(world, "paused")).content.decode()
    assert f'data-paused="{now["paused"]}"' in line_over
    assert "tool write_file" in line_over
    assert now["paused"] != back["paused"]
