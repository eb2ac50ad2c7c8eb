"""What is not documented is a red test: settings, states, audit verbs, refusals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from agents.models import Delivery, HostedRun
from config.env import Env
from inbox.audit import VERBS
from inbox.lifecycle import MEANING, TRANSITIONS, Outcome, State
from inbox.selectors.filters import WORDS

DOCS = Path(settings.BASE_DIR) / "docs"
STATES = (DOCS / "reference" / "states.md").read_text()


def test_every_setting_is_documented_with_its_description() -> None:
    page = (DOCS / "reference" / "settings.md").read_text()
    for name, field in Env.model_fields.items():
        assert f"| `{name.upper()}` |" in page, f"{name.upper()} is not in docs/reference/settings.md"
        assert field.description
        assert field.description in page, f"the description of {name.upper()} is out of date"


def test_every_word_of_the_inbox_filter_is_documented() -> None:
    page = (DOCS / "reference" / "filters.md").read_text()
    assert [word for word in WORDS if f"| `{word}:` | {WORDS[word]} |" not in page] == []


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_documented_with_its_moves(state: State) -> None:
    moves = ", ".join(f"`{target.value}`" for target in State if target in TRANSITIONS[state]) or "–"
    assert f"| `{state.value}` | {MEANING[state]} | {moves} |" in STATES


def test_every_outcome_and_inner_state_is_documented() -> None:
    for outcome in Outcome:
        assert f"`{outcome.value}`" in STATES
    for choices in (Delivery.State, HostedRun.State):
        for value, label in choices.choices:
            assert f"| `{value}` | {label} |" in STATES


def test_every_audit_verb_is_documented_and_used() -> None:
    page = (DOCS / "reference" / "audit-events.md").read_text()
    sources = "\n".join(path.read_text() for path in Path(settings.BASE_DIR, "inbox").rglob("*.py"))
    for verb, meaning in VERBS.items():
        assert f"| `{verb}` | {meaning} |" in page
        written = len(re.findall(rf'"{verb}"', sources)) + (1 if verb in {s.value for s in State} else 0)
        assert written >= 2, f"nothing records {verb}"


def test_every_refusal_of_the_services_is_documented() -> None:
    page = (DOCS / "reference" / "api.md").read_text()
    spoken = re.compile(
        r'(?:Conflict|NotAllowed|TooLarge|Invalid|Precondition|FieldError)\(\s*(?:where, )?"([a-z-]+)"'
    )
    inbox = Path(settings.BASE_DIR) / "inbox"
    services = (
        "submit",
        "decide",
        "withdraw",
        "outcomes",
        "batches",
        "edit",
        "revisions",
        "undo",
        "recall",
        "compensate",
        "feedback",
        "pauses",
        "pickups",
        "taking_back",
        "verbs",
        "ballot",
        "grants",
        "converse",
        "revise",
        "superseding",
        "snooze",
        "escalate_by_hand",
        "pass_on",
        "claims",
        "waiting",
    )
    for name in (
        *(f"services/{one}" for one in services),
        "lines",
        "api/ballots",
        "api/aftermath",
        "api/decisions",
    ):
        source = (inbox / f"{name}.py").read_text()
        for code in spoken.findall(source):
            if code in ("individual-only",):
                continue  # an item's outcome in a batch, never an answer of its own
            assert f"`{code}`" in page, f"{code} ({name}.py) is not in docs/reference/api.md"


def test_every_reason_that_closes_a_way_back_is_documented() -> None:
    page = (DOCS / "reference" / "api.md").read_text()
    codes = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', Path(settings.BASE_DIR, "inbox/ladder.py").read_text()))
    assert {"not-yours", "already-picked-up", "window-over"} <= codes
    for code in codes:
        assert f"`{code}`" in page, f"{code} (ladder.py) is not in docs/reference/api.md"


def test_links_between_the_docs_lead_somewhere() -> None:
    for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(DOCS.parent)} links to {target}"
