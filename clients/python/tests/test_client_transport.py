"""When a call is tried again, and with what key."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from placet.client import Client
from placet.errors import Invalid, Unreachable
from placet.transport import LONGEST_PAUSE, PAUSES, Transport

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, b'{"outcome": "approved"}')
BUSY: Answer = (503, {"Retry-After": "2"}, b"{}")


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, list[bytes]]]]:
    """A server that gives these answers in turn; what it was sent."""
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> tuple[str, list[bytes]]:
        left, sent = list(answers), []

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                sent.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                status, headers, body = left.pop(0)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", sent

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def decide(url: str, pauses: list[float]) -> object:
    with Client(url, "t", transport=Transport(url, "t", sleep=pauses.append)) as client:
        return client.decide("one", digest="sha256:0", decisions={"call": "approve"})


def test_a_decision_is_tried_again_under_one_key(serve: Callable[..., tuple[str, list[bytes]]]) -> None:
    url, sent = serve(BUSY, (502, {}, b"<html>"), OK)
    pauses: list[float] = []
    assert decide(url, pauses) == {"outcome": "approved"}
    assert len({json.loads(body)["idempotency_key"] for body in sent}) == 1
    assert len(sent) == 3
    assert pauses == [2.0, PAUSES[1]]


def test_it_is_given_up_in_the_end_and_the_key_is_told(serve: Callable[..., tuple[str, list[bytes]]]) -> None:
    url, sent = serve(*[(503, {"Retry-After": "900"}, b"{}")] * (len(PAUSES) + 1))
    pauses: list[float] = []
    with pytest.raises(Unreachable) as lost:
        decide(url, pauses)
    assert lost.value.idempotency_key == json.loads(sent[0])["idempotency_key"]
    assert pauses == [LONGEST_PAUSE] * len(PAUSES)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((422, {}, b'{"code": "read-back", "detail": "No"}'), Invalid),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), Unreachable),
        ((404, {}, b"<html>not a Placet</html>"), Unreachable),
        ((200, {}, b"[1]"), Unreachable),
        ((500, {}, b'{"code": "x"}'), Unreachable),
    ],
)
def test_an_answer_is_final(
    serve: Callable[..., tuple[str, list[bytes]]], answer: Answer, error: type[Exception]
) -> None:
    url, sent = serve(answer)
    with pytest.raises(error):
        decide(url, [])
    assert len(sent) == 1
