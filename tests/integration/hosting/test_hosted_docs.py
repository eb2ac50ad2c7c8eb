"""The graph in the how-to is run as a reader would run it, and what the pages name exists."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pytest_django import Settings

from agents import delivery, leases
from agents.contract import Claims, Context
from agents.hosting import asking
from agents.hosting.runs import claim, run, start_run
from agents.models import EffectEntry, HostedRun
from config.env import Env
from inbox import canonical
from tests.factories import World
from tests.integration.hosting.stage import approve, claimed, state, values, waiting

DOCS = Path(__file__).resolve().parents[3] / "docs"
HOW_TO = (DOCS / "how-to" / "host-a-langgraph-agent.md").read_text()
WHY = (DOCS / "explanation" / "exactly-once.md").read_text()


@pytest.fixture
def greeting(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The how-to's graph and what answers for it as the module it says, named as it says."""
    graph, _, answer = re.findall(r"```python\n(.*?)```", HOW_TO, re.DOTALL)
    code = graph + answer
    setting, _ = re.findall(r"^PLACET_HOSTED_GRAPHS=(.+)$", HOW_TO, re.MULTILINE)
    (answers,) = re.findall(r"^PLACET_HOSTED_ANSWERS=(.+)$", HOW_TO, re.MULTILINE)
    module = ModuleType("my_agents.greeting")
    monkeypatch.setitem(sys.modules, "my_agents", ModuleType("my_agents"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, "host-a-langgraph-agent.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    settings.ENV = settings.ENV.model_copy(
        update={"placet_hosted_graphs": setting, "placet_hosted_answers": answers}
    )


@pytest.mark.parametrize(
    ("verdict", "result"), [("approve", "sent to ann@example.org"), ("reject", "not sent: ")]
)
def test_the_graph_of_the_how_to_runs(real_world: World, greeting: None, verdict: str, result: str) -> None:
    customer = {"customer": "ann@example.org"}
    thread = f"welcome-{real_world.team.slug}-{verdict}"
    queued = start_run(agent=real_world.agent, graph="greeter", input=customer, thread=thread)
    held = claim(queued.pk)
    assert held is not None
    run(held)
    queued.refresh_from_db()
    (action,) = canonical.read(bytes(waiting(queued)[0].revisions.get().payload))["actions"]
    said = asking.ask(queued, asking.Asked("question", "Why?", [action], []))
    assert said.text == "ann@example.org signed up this morning."
    draft = asking.ask(queued, asking.Asked("regenerate", "Warmer.", [action], [])).actions
    assert draft is not None
    assert draft[0].args["subject"] == "Hello!"
    delivery.deliver(claimed(approve(real_world, waiting(queued)[0], verdict=verdict)))
    assert state(queued) == "done"
    assert values(queued)["result"] == result


def test_every_field_an_interrupt_takes_is_in_the_how_to() -> None:
    for field in (*Context.model_fields, *Claims.model_fields, "actions", "context", "claims", "expires_in"):
        assert f"`{field}`" in HOW_TO, field


def test_the_variables_and_states_the_pages_name_exist() -> None:
    for name in re.findall(r"PLACET_[A-Z_]+", HOW_TO + WHY):
        assert name.lower() in Env.model_fields
    labels = {str(label).split()[0].lower() for label in HostedRun.State.values}
    assert {"failed", "outcome_unknown"} <= labels
    assert {f"`{entry}`" for entry in ("started", "done", "failed")} <= set(re.findall(r"`[a-z_]+`", WHY))
    assert set(EffectEntry.State.values) == {"started", "done", "failed", "outcome_unknown"}
    assert leases.MAX_ATTEMPTS == 12, "both pages say twelve"


def test_the_tests_the_explanation_names_exist() -> None:
    root = DOCS.parent
    named = re.findall(r"`((?:tests|agents)/[a-z_/]+\.py)`", WHY + HOW_TO)
    assert len(named) >= 3
    for path in named:
        assert (root / path).is_file(), path
