"""The main job, by README's first command and a real browser: agents ask, people decide, Celery resumes them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.product import ROOT, until

pytestmark = pytest.mark.e2e
READY_SECONDS = 120


class Up:
    """`manage.py up` in a directory of its own, as its own process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "up.log"
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "REDIS_URL", "PLACET_DATA_DIR")
        }
        self.environment = {
            **environment,
            "PLACET_DATA_DIR": str(home / "data"),
            "PLACET_SWEEP_SECONDS": "1",
            "PLACET_LEASE_SECONDS": "3",
        }
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", "0"],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self._ready, READY_SECONDS, f"`up` was not ready: {self.said()}")

    def said(self) -> str:
        """Everything it printed so far."""
        return self.log.read_text(errors="replace")

    def link(self, name: str) -> str:
        """The single-use sign-in link of a demo person."""
        match = re.search(rf"^\s*{name}\s+(http\S+)", self.said(), re.MULTILINE)
        assert match, self.said()
        return match[1]

    def manage(self, *arguments: str) -> str:
        """Another terminal: a management command against the running product."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """A question to its database."""
        with psycopg.connect(self._run()["database_url"]) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def _run(self) -> dict[str, str]:
        return json.loads((self.home / "data" / "run.json").read_text())  # type: ignore[no-any-return]

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.said()
        return "Ready after" in self.said() and "Ada" in self.said()

    def stop(self) -> None:
        """SIGTERM, as a service manager would; it must end by itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One running product for this module."""
    running = Up(tmp_path_factory.mktemp("main job"))
    yield running
    running.stop()


@contextmanager
def signed_in(page: Page, up: Up, name: str) -> Iterator[Page]:
    """The page, signed in as a demo person by the link `up` printed."""
    page.goto(up.link(name))
    page.get_by_role("button", name=re.compile(f"sign in as {name}", re.IGNORECASE)).click()
    expect(page.get_by_role("link", name="Inbox").first).to_be_visible()
    yield page


def test_a_request_arrives_live_is_approved_and_the_run_finishes_with_its_effect(up: Up, page: Page) -> None:
    with signed_in(page, up, "Sam"):
        until(
            lambda: up.rows("SELECT 1 FROM agents_hostedrun WHERE state IN ('queued', 'running')") == [], 60
        )
        page.reload()
        before = up.rows("SELECT count(*) FROM inbox_approvalrequest")[0][0]
        up.manage("demo", "--background", "0")
        expect(page.get_by_text(re.compile(r"\d+ new"))).to_be_visible(timeout=30_000)
        until(
            lambda: (
                int(str(up.rows("SELECT count(*) FROM inbox_approvalrequest")[0][0])) >= int(str(before)) + 8
            ),
            30,
        )
        page.reload()
        page.get_by_role("link", name=re.compile("^Email ")).first.click()
        request_id = page.url.rstrip("/").rsplit("/", 1)[1].split("?")[0]
        _approve(page)
        until(
            lambda: (
                up.rows(
                    "SELECT 1 FROM demos_ledgerentry l JOIN inbox_decision d ON l.effect_key LIKE d.id || ':%%'"
                    f" WHERE d.request_id = '{request_id}'"
                )
                != []
            ),
            30,
            "the approved mail has no effect in the ledger",
        )
        thread = up.rows(f"SELECT thread FROM inbox_approvalrequest WHERE id = '{request_id}'")[0][0]
        until(
            lambda: up.rows(f"SELECT state FROM agents_hostedrun WHERE thread = '{thread}'") == [("done",)],
            30,
        )


def test_a_batch_sheet_approves_a_group_and_each_agent_gets_its_own_result(up: Up, page: Page) -> None:
    with signed_in(page, up, "Dana"):
        waiting = "SELECT 1 FROM inbox_requestgroup WHERE tool = 'issue_refund' AND pending >= 20"
        until(lambda: up.rows(waiting) != [], 60, f"the background did not arrive: {up.said()}")
        page.reload()
        page.locator("a[href*='/g/']").filter(has_text="issue_refund").first.click()
        expect(page.get_by_role("heading", name=re.compile("issue_refund"))).to_be_visible()
        page.wait_for_timeout(500)
        page.locator("button.approve").click()
        page.wait_for_url(re.compile("/b/"), timeout=20_000)
        expect(page.get_by_text(re.compile(r"All 2\d recorded"))).to_be_visible(timeout=20_000)
        until(
            lambda: (
                int(
                    str(
                        up.rows(
                            "SELECT count(DISTINCT thread) FROM demos_ledgerentry WHERE tool = 'issue_refund'"
                        )[0][0]
                    )
                )
                >= 20
            ),
            60,
            "the refunds of the batch have no effects",
        )
    doubled = up.rows("SELECT effect_key FROM demos_ledgerentry GROUP BY effect_key HAVING count(*) > 1")
    assert doubled == []


def test_recorded_calls_are_replayed_beside_it_and_nothing_is_lost(up: Up, shared: Path) -> None:
    figures = json.loads(
        up.manage(
            "replay",
            str(shared / "traces" / "dev"),
            "--team",
            "traces",
            "--limit",
            "600",
            "--describe-tools",
            "--json",
        )
    )
    assert figures["calls"] == 600
    assert (figures["server_errors"], figures["lost"], figures["unanswered"]) == (0, 0, 0)
    assert figures["stored"] == 600 - figures["refused"]


def test_the_chain_holds(up: Up, page: Page) -> None:
    with signed_in(page, up, "Ines"):
        page.get_by_role("link", name="Audit").first.click()
        page.get_by_role("link", name=re.compile("verify chain", re.IGNORECASE)).or_(
            page.get_by_role("button", name=re.compile("verify chain", re.IGNORECASE))
        ).click()
        expect(page.get_by_text(re.compile(r"holds|intact|verified", re.IGNORECASE)).first).to_be_visible(
            timeout=20_000
        )


def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    running = Up(tmp_path)
    children = _family(running.process.pid)
    assert len(children) >= 6
    running.stop()
    assert running.process.returncode == 0, running.said()
    until(lambda: not any(Path(f"/proc/{pid}").exists() and _state(pid) != "Z" for pid in children), 10)


def _approve(page: Page) -> None:
    """A medium risk takes two steps; each ignores input for the first 400 ms it is shown."""
    page.wait_for_timeout(500)
    page.get_by_role("button", name=re.compile("^Approve")).first.click()
    expect(page.get_by_role("link", name="Not now")).to_be_visible(timeout=20_000)
    page.wait_for_timeout(500)
    page.get_by_role("button", name=re.compile("^Approve")).first.click()
    expect(page.get_by_text(re.compile("approved by", re.IGNORECASE)).first).to_be_visible(timeout=20_000)


def _family(pid: int) -> set[int]:
    children = {
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    }
    return children | {grandchild for child in children for grandchild in _family(child)}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "Z"
