from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from config.probe import answers
from tests.setup.machine import ROOT


@contextmanager
def server(status: int) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        try:
            yield httpd.server_address[1], asked
        finally:
            httpd.shutdown()
            thread.join()


def test_it_asks_under_the_public_name() -> None:
    with server(200) as (port, asked):
        assert answers("0.0.0.0", port, "https://placet.example:8443")  # noqa: S104 - the subject
        assert asked == ["placet.example:8443/healthz"]


def test_an_error_is_no_answer() -> None:
    with server(500) as (port, _):
        assert not answers("127.0.0.1", port, "http://a")
    assert not answers("127.0.0.1", port, "http://a")


def test_as_a_command_its_exit_code_is_the_answer() -> None:
    with server(200) as (port, _):
        command = [sys.executable, "-m", "config.probe", str(port)]
        assert (
            subprocess.run(command, cwd=ROOT, env={"PLACET_BASE_URL": "http://a"}, check=False).returncode
            == 0
        )
    assert subprocess.run(command, cwd=ROOT, env={"PLACET_BASE_URL": "http://a"}, check=False).returncode == 1
