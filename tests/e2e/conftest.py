"""A real browser on the real product: uvicorn, Postgres and Valkey in processes of their own.

Every seat a test opens is checked when the test ends: no script error, no breach of the content security policy,
no request to anywhere but this product.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebSocket

from tests.factories import World, make_world
from tests.product import Product

# Playwright's sync API keeps an event loop in this thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

DESK, PHONE = (1280, 800), (360, 740)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; as root it refuses to start with its sandbox."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no browser found: install chromium to run the browser tests")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": found, "args": arguments}


@pytest.fixture
def world(django_db_blocker: Any, site: Product) -> Iterator[World]:
    """A team of its own for each test, committed."""
    with django_db_blocker.unblock():
        yield make_world()
        connections.close_all()


@dataclass
class Seat:
    """One person at one browser."""

    context: BrowserContext
    page: Page
    origin: str
    wrong: list[str] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)

    def watch(self) -> None:
        """Note whatever must never happen."""
        self.page.on("pageerror", lambda error: self.wrong.append(f"script error: {error}"))
        self.page.on("console", self._said)
        self.page.on("request", self._asked)
        self.page.on("websocket", self._dialled)

    def go(self, path: str) -> Page:
        """Open an address and wait until its live line is up, where scripts run."""
        self.page.goto(self.origin + path)
        return self.page

    def live(self, path: str) -> Page:
        """Open an address and wait until the page has caught up with the team's stream."""
        self.go(path)
        self.page.wait_for_selector("body[data-live=on]")
        return self.page

    def posts(self, ending: str = "") -> list[Request]:
        """The forms sent so far. That one looks, an open page says by itself."""
        sent = [request for request in self.sent if request.method == "POST" and request.url.endswith(ending)]
        return [request for request in sent if not request.url.endswith("/look")]

    def _said(self, message: ConsoleMessage) -> None:
        text = message.text
        # The browser logs every 4xx it gets as an error; refusals are part of what is tested.
        if message.type == "error" and "Failed to load resource" not in text and "WebSocket" not in text:
            self.wrong.append(f"console: {text}")

    def _asked(self, request: Request) -> None:
        self.sent.append(request)
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.wrong.append(f"request elsewhere: {request.url}")

    def _dialled(self, socket: WebSocket) -> None:
        if urlsplit(socket.url).netloc != urlsplit(self.origin).netloc:
            self.wrong.append(f"socket elsewhere: {socket.url}")


Sit = Callable[..., Seat]


@pytest.fixture
def sit(browser: Browser, site: Product, world: World) -> Iterator[Sit]:
    """Open a browser for a person: `sit(world.alice)`, with `scripts=False`, a size, a colour scheme."""
    seats: list[Seat] = []

    def open_seat(
        person: User | None = None,
        *,
        scripts: bool = True,
        size: tuple[int, int] = DESK,
        theme: str = "light",
        **options: Any,
    ) -> Seat:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            **options,
        )
        context.set_default_timeout(10_000)
        if person is not None:
            client = Client()
            client.force_login(person, backend=BACKEND)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": site.origin}])
        seat = Seat(context, context.new_page(), site.origin)
        seat.watch()
        seats.append(seat)
        return seat

    yield open_seat
    wrong = [thing for seat in seats for thing in seat.wrong]
    for seat in seats:
        seat.context.close()
    assert not wrong


def inbox(world: World, tail: str = "") -> str:
    """The address of the world's inbox."""
    return f"/t/{world.team.slug}/{tail}"
