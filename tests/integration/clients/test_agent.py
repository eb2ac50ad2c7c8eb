"""The agent's side of the package against the running product, with people who decide meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from inbox.answers import Said
from inbox.lifecycle import Verb
from inbox.models import ApprovalRequest, ReportedOutcome
from inbox.services import personal_tokens
from inbox.services.halt import halt_due
from placet import Client
from placet.agent import Agent, Decision, Expired, MessageOut, Pending, Rejected, Withdrawn, requires_approval
from tests.factories import World, vote
from tests.integration.clients.conftest import SOURCES
from tests.product import Product

PAGE = Path(settings.BASE_DIR) / "docs" / "how-to" / "ask-from-python.md"


@pytest.fixture
def agent(world: World, site: Product) -> Iterator[Agent]:
    with Agent(site.origin, world.token) as made:
        yield made


@pytest.fixture
def work(agent: Agent) -> Iterator[ThreadPoolExecutor]:
    """Where the agent waits while the test is its people; a failed test does not leave it waiting."""
    with ThreadPoolExecutor(1) as pool:
        yield pool
        agent.close()


def found(world: World, until: Callable[[ApprovalRequest], bool] = lambda _: True) -> ApprovalRequest:
    """The team's latest request that waits, once it is so."""
    for _ in range(200):
        row = ApprovalRequest.objects.filter(team=world.team, state="pending").order_by("-created_at").first()
        if row is not None and until(row):
            return row
        time.sleep(0.1)
    raise AssertionError("nothing came")


def edited(world: World, text: str) -> None:
    row = found(world)
    args: dict[str, Any] = {"path": "docs/plan.md", "text": text}
    key = "call"
    vote(world, row, world.alice, actions={key: Said(Verb.EDIT, args)})


def test_the_example_of_the_page_runs_with_what_was_approved(world: World, site: Product) -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCES),
        "PYTHONUTF8": "1",
        "PLACET_URL": site.origin,
        "PLACET_TOKEN": world.token,
    }
    with subprocess.Popen(
        [sys.executable, "-c", example], env=environment, stdout=subprocess.PIPE, text=True
    ) as running:
        edited(world, "Reviewed")
        out, _ = running.communicate(timeout=60)
    assert out == "docs/plan.md says: Reviewed\n"
    assert ReportedOutcome.objects.get(request__team=world.team).status == "succeeded"


def test_an_agent_asks_answers_and_carries_on(
    world: World, site: Product, agent: Agent, work: ThreadPoolExecutor
) -> None:
    ran: list[str] = []

    @requires_approval(agent, tool="write_file")
    def write(path: str, text: str = "Draft") -> None:
        ran.append(text)
        raise OSError("disk full")

    calling = work.submit(write, "docs/plan.md")
    edited(world, "Better")
    with pytest.raises(OSError, match="disk full"):
        calling.result(60)
    assert ran == ["Better"]
    report = ReportedOutcome.objects.get(request__team=world.team)
    assert (report.status, report.detail) == ("failed", "OSError")

    calling = work.submit(write, "docs/plan.md")
    vote(world, found(world), world.alice, "reject", message="Not on a Friday")
    with pytest.raises(Rejected, match="Not on a Friday"):
        calling.result(60)
    assert ran == ["Better"]

    def redrafted(message: MessageOut, request: Any) -> Any:
        return [{"key": "call", "name": "write_file", "args": {"path": "docs/b.md", "text": message["text"]}}]

    asking = work.submit(
        agent.ask,
        "write_file",
        {"path": "docs/a.md", "text": "x"},
        on_question=lambda message: f"About {message['text']}",
        on_regenerate=redrafted,
    )
    _, token = personal_tokens.issue(person=world.alice, name="program", lifetime=timedelta(days=1))
    with Client(site.origin, token) as person:
        request_id = str(found(world).pk)
        person.say("ask", request_id, "the path")
        row = found(world, lambda one: one.messages.filter(text="About the path").exists())
        person.say("regenerate", request_id, "Shorter", digest=row.digest)
        row = found(world, lambda one: one.revision_number == 2)
        vote(world, row, world.alice)
    assert asking.result(60).args() == {"path": "docs/b.md", "text": "Shorter"}

    held = agent.ask("write_file", {"path": "docs/c.md", "text": "x"}, wait=0.2)
    assert isinstance(held, Pending)
    again = agent.pending(held.id)
    vote(world, found(world), world.alice)
    assert again.wait().args() == {"path": "docs/c.md", "text": "x"}

    unwanted = agent.ask("write_file", {"path": "docs/d.md", "text": "x"}, wait=0.2)
    assert isinstance(unwanted, Pending)
    unwanted.withdraw("Done otherwise")
    with pytest.raises(Withdrawn):
        unwanted.wait().args()

    late = agent.ask(
        "write_file", {"path": "docs/e.md", "text": "x"}, wait=0.2, expires_in=1, on_timeout="halt"
    )
    assert isinstance(late, Pending)
    time.sleep(1)
    halt_due()
    answer = late.wait(5)
    assert isinstance(answer, Decision)
    with pytest.raises(Expired) as over:
        answer.args()
    assert over.value.halt
