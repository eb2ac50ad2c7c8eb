"""What the front answers before any thread is asked: slow, cut and doubtful calls, over real sockets."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from urllib.parse import urlencode

import httpx2
import pytest
import uvicorn
from django.contrib.auth.models import User
from django.core.cache import cache
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from config import processes
from config.asgi import THREADS
from config.front import BodyCap, Message, Receive, Scope, Send
from inbox.models import ApprovalRequest, Vote
from tests.factories import World, ask, body
from tests.integration.pages.cast import decision, page_of, signed_in
from tests.product import Product, until


def opened(site: Product, head: str, sent: bytes, length: int) -> socket.socket:
    """A connection on which a head and so many of the `length` declared bytes were sent."""
    line = socket.create_connection(("127.0.0.1", site.port), timeout=10)
    host = f"Host: 127.0.0.1:{site.port}\r\nContent-Length: {length}\r\n\r\n"
    line.sendall((head + host).encode() + sent)
    return line


def status_on(line: socket.socket) -> int:
    """The status of the answer that comes."""
    return int(line.recv(65_536).split(b" ", 2)[1])


class Form:
    """A decide form as a signed-in browser would send it, whole or in part."""

    def __init__(self, site: Product, world: World, person: User, request: ApprovalRequest) -> None:
        self.site = site
        browser = signed_in(person)
        session = f"sessionid={browser.cookies['sessionid'].value}"
        with httpx2.Client(trust_env=False, timeout=10) as client:
            shown = client.get(site.origin + page_of(world, request), headers={"Cookie": session})
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)
        assert token is not None
        cookies = f"{session}; csrftoken={shown.cookies['csrftoken']}"
        self.head = (
            f"POST {page_of(world, request, '/decide')} HTTP/1.1\r\nCookie: {cookies}\r\nOrigin: {site.origin}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
        )
        fields = {"csrfmiddlewaretoken": token[1], **decision(request, "approve")}
        self.body = urlencode(fields).encode()

    def send(self, length: int) -> socket.socket:
        """Send the form's bytes under a declared length of so many."""
        return opened(self.site, self.head, self.body, length)


def test_ten_slow_bodies_leave_the_threads_free(site: Product, real_world: World) -> None:
    # With a token that is good: without one the answer comes before the body is looked at.
    head = (
        f"POST /api/v1/requests HTTP/1.1\r\nAuthorization: Bearer {real_world.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    with ExitStack() as stack:
        for _ in range(THREADS + 2):
            stack.enter_context(opened(site, head, b"{", 1_000))
        with httpx2.Client(trust_env=False, timeout=5) as client:
            assert client.get(f"{site.origin}/healthz").status_code == 200
            answer = client.post(
                f"{site.origin}/api/v1/requests",
                content=json.dumps(body()).encode(),
                headers={"Authorization": f"Bearer {real_world.token}", "Content-Type": "application/json"},
            )
            assert answer.status_code == 201


def test_a_form_cut_short_decides_nothing(site: Product, real_world: World) -> None:
    cut, whole = ask(real_world), ask(real_world)
    form = Form(site, real_world, real_world.alice, cut)
    # All fields are there; only their sender had announced more.
    with form.send(len(form.body) + 10), httpx2.Client(trust_env=False, timeout=10) as client:
        # A later call is answered: by then the fields were read, and what is missing is waited for.
        for _ in range(3):
            assert client.get(f"{site.origin}/healthz").status_code == 200
    form = Form(site, real_world, real_world.alice, whole)
    with form.send(len(form.body)) as line:
        assert status_on(line) < 400
    until(lambda: Vote.objects.filter(request=whole).exists(), 10)
    assert not Vote.objects.filter(request=cut).exists()
    cut.refresh_from_db()
    assert cut.state == "pending"


def test_answers_of_the_front_are_sealed_like_all_others(site: Product) -> None:
    address = f"{site.origin}/api/v1/requests"
    with httpx2.Client(trust_env=False, timeout=10) as client:
        large = client.post(address, content=b"x" * 300_000)
        twice = client.get(address, headers=[("Authorization", "Bearer a"), ("Authorization", "Bearer b")])
    assert (large.status_code, twice.status_code) == (413, 400)
    for answer in (large, twice):
        assert_sealed(answer)


@pytest.mark.parametrize(
    "path", ["/", "/ws/", "/ws/t/", "/ws/t/a/b", "/ws/t/a%0Ab", "/api/v1/requests", "/ws/t/none"]
)
def test_a_socket_nowhere_is_refused_as_a_strangers_is(site: Product, path: str) -> None:
    address = f"ws://127.0.0.1:{site.port}{path}"
    with pytest.raises(InvalidStatus) as refused, connect(address, proxy=None, origin=None):
        pass
    assert refused.value.response.status_code == 403
    assert "Traceback" not in site.log("web")


def test_a_forged_address_does_not_escape_the_limit_on_sign_ins(site: Product) -> None:
    cache.clear()
    try:
        with httpx2.Client(trust_env=False, timeout=20, base_url=site.origin) as client:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/sign-in").text)
            assert token is not None
            for n in range(11):
                said = client.post(
                    "/sign-in",
                    data={"csrfmiddlewaretoken": token[1], "login": f"nobody-{n}", "password": "wrong"},
                    headers={"X-Forwarded-For": f"192.0.2.{n}", "Origin": site.origin},
                )
        assert "Too many failed" in said.text
    finally:
        cache.clear()


def test_the_embedded_server_believes_no_forwarded_headers() -> None:
    assert "--no-proxy-headers" in processes.web("127.0.0.1", 8000)


class Heard:
    """An application that answers 200 and keeps what it was called with."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message: Message = await receive()
        self.bodies.append((message["body"], dict(scope["headers"]).get(b"content-length", b"")))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def capped(heard: Heard, deadline: float) -> AsyncIterator[str]:
    """The origin of a server of `heard` behind a cap of 100 bytes."""
    app = BodyCap(heard, limit=100, bulk_limit=200, deadline=deadline)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None, proxy_headers=False)
    )
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@pytest.mark.parametrize(
    "framing",
    ["Content-Length: 10\r\n\r\n12345", "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"],
    ids=["declared", "chunked"],
)
async def test_a_body_that_does_not_come_is_answered_408(framing: str) -> None:
    heard = Heard()
    async with capped(heard, 0.2) as origin, httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(origin.rpartition(":")[2]))
        writer.write(f"POST / HTTP/1.1\r\nHost: here\r\n{framing}".encode())
        async with asyncio.timeout(10):
            # To the end: the connection is closed, for the rest of the body would read as the next call.
            head, _, problem = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert head.startswith(b"HTTP/1.1 408 ")
        assert json.loads(problem)["code"] == "body-too-slow"
        assert b"x-content-type-options: nosniff" in head
        assert heard.bodies == []
        assert (await client.post(origin, content=b"whole")).status_code == 200
    assert heard.bodies == [(b"whole", b"5")]


async def test_whole_bodies_arrive_with_their_length_however_they_were_framed() -> None:
    heard = Heard()

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"in ", b"pieces"):
            yield piece

    async with capped(heard, 10) as origin, httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        for content in (b"at once", pieces(), b""):
            assert (await client.post(origin, content=content)).status_code == 200
    assert heard.bodies == [(b"at once", b"7"), (b"in pieces", b"9"), (b"", b"")]


async def test_a_length_that_no_number_holds_is_refused() -> None:
    sent: list[Message] = []
    heard = Heard()

    async def never() -> Message:
        raise AssertionError("nothing should be read")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"9" * 5_000)]}
    await BodyCap(heard, limit=100, bulk_limit=200, deadline=1)(scope, never, send)
    assert sent[0]["status"] == 400
    assert heard.bodies == []


def assert_sealed(answer: httpx2.Response) -> None:
    """Nothing in it would run or be taken for another type."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
