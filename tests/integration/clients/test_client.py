"""The typed client against the running product, also over a line that loses answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx2
import pytest
from django.contrib.auth.models import User

from inbox.models import Vote
from inbox.services import personal_tokens
from inbox.services.teams import add_member
from placet import Client, Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from placet.transport import Transport
from tests.factories import World, ask
from tests.product import Product


def token_of(person: User) -> str:
    return personal_tokens.issue(person=person, name="program", lifetime=timedelta(days=1))[1]


@contextmanager
def losing(origin: str, answers: int) -> Iterator[str]:
    """A line to the product that passes every call on and loses the first `answers` answers to a POST."""
    left = [answers]

    class Line(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {
                name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]
            }
            with httpx2.Client(trust_env=False) as http:
                answer = http.request(self.command, f"{origin}{self.path}", content=sent, headers=headers)
            if self.command == "POST" and left[0]:
                left[0] -= 1
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _pass

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Line) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def test_a_program_reads_and_decides_by_digest(world: World, site: Product) -> None:
    mail = ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    files = [ask(world) for _ in range(2)]
    with Client(site.origin, token_of(world.alice)) as client:
        group = client.groups()["lanes"][0]["groups"][0]
        lines = client.group(group["id"])["items"]
        report = client.batch(
            [{"id": line["id"], "digest": line["digest"]} for line in lines], "reject", note="No"
        )
        assert {item["id"] for item in report["items"]} == {str(file.pk) for file in files}
        assert {item["outcome"] for item in client.read_batch(report["id"])["items"]} == {"rejected"}

        review = client.show(str(mail.pk))
        with pytest.raises(Conflict, match="changed") as changed:
            client.approve({**review, "digest": "sha256:" + "0" * 64})
        assert changed.value.code == "digest-mismatch"
        with pytest.raises(Invalid) as wrong:
            client.approve(review, read_back="nonsense")
        assert wrong.value.code == "read-back"
        assert client.approve(review)["outcome"] == "approved"
        with pytest.raises(NotFound):
            client.show(str(uuid4()))
        with pytest.raises(NotFound):
            client.show("../inbox")
    with Client(site.origin, world.token) as agent, pytest.raises(NotAllowed):
        agent.inbox()
    with Client(site.origin, "plp_0123456789ab_no") as nobody, pytest.raises(NotSignedIn):
        nobody.inbox()


def test_a_lost_answer_is_asked_for_again_under_the_same_key(world: World, site: Product) -> None:
    request = ask(world)
    token = token_of(world.alice)
    with losing(site.origin, answers=2) as url:
        pauses: list[float] = []
        with Client(url, token, transport=Transport(url, token, sleep=pauses.append)) as client:
            decided = client.approve(client.show(str(request.pk)))
    assert (decided["outcome"], decided["repeated"], len(pauses)) == ("approved", True, 2)
    assert Vote.objects.filter(request=request).count() == 1


def test_who_is_in_two_teams_names_one(world: World, site: Product) -> None:
    mine = ask(world)
    add_member(team=world.other, user=world.alice, tier="lead")
    token = token_of(world.alice)
    with Client(site.origin, token) as client, pytest.raises(Invalid) as unnamed:
        client.inbox()
    assert unnamed.value.code == "team-required"
    with Client(site.origin, token, team=world.team.slug) as client:
        assert [row["id"] for row in client.inbox("all")["lanes"][0]["items"]] == [str(mine.pk)]
