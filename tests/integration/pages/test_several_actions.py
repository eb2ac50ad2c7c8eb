"""Several actions on one page: each answered, chosen, edited or left as proposed in one form, and rows of lists moved."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inbox import canonical
from inbox.models import ApprovalRequest, Decision
from tests.factories import World
from tests.integration.core.test_verbs import asked
from tests.integration.pages.cast import page_of, signed_in
from tests.integration.pages.test_request import text_of
from tests.integration.pages.test_verbs_page import filled, nothing_recorded, say

NUMBERED = {
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "integer"}, "to": {"type": "array", "items": {"type": "string"}}},
}


@pytest.fixture
def world(real_world: World) -> World:
    return real_world


def told(request: ApprovalRequest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = canonical.read(bytes(Decision.objects.get(request=request).answer))[
        "actions"
    ]
    return found


def read_back(page: str, payload: dict[str, Any]) -> dict[str, str]:
    """What a page asks to be read back, looked up by the field it names."""
    asked_for = re.search(r'<label for="read-back">([^<]*)', page)
    if asked_for is None:
        return {}
    return {"read_back": next(value for name, value in payload.items() if f" {name}" in asked_for[1])}


def test_a_question_and_a_choice_inside_a_plan_are_answered_in_its_form(world: World) -> None:
    request = asked(
        world,
        {"key": "w", "name": "write_file", "args": {"path": "docs/a", "text": "x"}, "depends_on": ["q"]},
        {
            "key": "q",
            "kind": "question",
            "name": "ask",
            "description": "How\u202e many?",
            "answer_schema": NUMBERED,
        },
        {"key": "f", "kind": "question", "name": "ask", "description": "Why?"},
        {"key": "c", "kind": "choice", "name": "pick", "options": [{"value": "a"}, {"value": "b"}]},
        checkpoint="post_planning",
    )
    client = signed_in(world.alice)
    page = client.get(page_of(world, request, "?step=parts")).content.decode()
    assert "\u202e" not in page
    fields = filled(page)
    assert [fields[f"said-{n}"] for n in (2, 3, 4)] == ["defer"] * 3
    fields |= {
        "said-2": "respond",
        "a2.#/n": "three",
        "said-3": "respond",
        "text-3": "Because.",
        "said-4": "choose",
    }
    fields |= {"pick-4": "1"}
    refused = say(client, world, request, "parts", "preview", **fields)
    assert refused.status_code == 422
    assert "Write a number" in refused.content.decode()
    lost = say(client, world, request, "parts", "preview", **{**fields, "said-2": "defer"})
    assert "Step 2: it is filled in, but not said to be sent." in text_of(lost.content)
    assert nothing_recorded(request)
    more = say(
        client, world, request, "parts", "", op="add a2.#/to", **{**fields, "a2.#/n": "3"}
    ).content.decode()
    fields = filled(more) | {"a2.#/to/0": "x", "a2.#/to/1": "y"}
    shown = say(client, world, request, "parts", "preview", **fields).content.decode()
    assert "Approve all 4 steps" in shown
    back = read_back(shown, {"path of w": "docs/a"})
    assert say(client, world, request, "parts", "commit", **filled(shown), **back).status_code == 302
    answers = {one["key"]: one for one in told(request)}
    assert answers["q"]["value"] == {"n": 3, "to": ["x", "y"]}
    assert (answers["f"]["value"], answers["c"]["value"]) == ("Because.", ["b"])
    assert answers["w"]["type"] == "approve"


def test_of_several_actions_each_is_edited_or_left_and_the_page_says_which(world: World) -> None:
    refunds = [
        {"key": key, "name": "issue_refund", "args": {"amount": amount, "customer": f"cus_{key}"}}
        for key, amount in (("one", 20), ("two", 30), ("three", 40))
    ]
    request = asked(world, *refunds)
    client = signed_in(world.alice)
    page = client.get(page_of(world, request, "?step=edit&action=two")).content.decode()
    fields = filled(page)
    assert fields["said-2"] == "edit"
    assert not any(name.startswith(("e1.", "e3.")) for name in fields)
    unchanged = say(client, world, request, "edit", "preview", **fields)
    assert "Step 2: nothing is changed" in text_of(unchanged.content)
    both = filled(
        say(
            client, world, request, "edit", "", op="edit 3", **{**fields, "e2.#/amount": "31"}
        ).content.decode()
    )
    assert both["e2.#/amount"] == "31"
    # A browser sends one hidden field for each action that is open.
    both |= {"open": ["2", "3"], "e3.#/amount": "41", "said-1": "reject", "why-1": "Twice."}
    shown = say(client, world, request, "edit", "preview", **both).content.decode()
    said = text_of(shown.encode())
    assert "Action 1 (issue_refund) is rejected." in said
    assert "Action 2 (issue_refund) runs as edited. Action 3 (issue_refund) runs as edited." in said
    assert said.count("what crm-writer proposed beside what would run") == 2
    assert nothing_recorded(request)
    carried = {**filled(shown), "open": ["2", "3"]}
    asks = read_back(shown, {"amount of two": "31", "amount of three": "41"})
    done = say(client, world, request, "edit", "commit", **carried, **asks)
    assert done.status_code == 302, text_of(done.content)
    answers = {one["key"]: one for one in told(request)}
    assert answers["one"]["type"] == "reject"
    assert [answers[key]["args"]["amount"] for key in ("two", "three")] == [31, 41]


def test_rows_of_a_list_are_moved_by_buttons_and_keep_their_types(world: World) -> None:
    rows: list[Any] = ["a", 2, {"n": True}, None]
    request = asked(world, {"key": "k", "name": "issue_refund", "args": {"amount": 20, "rows": rows}})
    client = signed_in(world.alice)
    page = client.get(page_of(world, request, "?step=edit")).content.decode()
    assert 'aria-label="Move /rows/0 down"' in page
    fields = filled(page)
    wrong = say(client, world, request, "edit", "", op="up #/rows/2", **{**fields, "#/amount": "x"})
    assert wrong.status_code == 422
    assert filled(wrong.content.decode())["#/amount"] == "x"
    # The first is taken out: what was third goes one up, past what was second.
    moved = say(client, world, request, "edit", "", op="up #/rows/2", **{**fields, "remove": "#/rows/0"})
    focused = re.search(
        r'value="([^"]*)" aria-label="[^"]*" title="[^"]*" data-focus', moved.content.decode()
    )
    assert focused is not None
    assert focused[1] == "down #/rows/0"
    fields = filled(moved.content.decode())
    same = say(client, world, request, "edit", "", op="up #/rows/0", **fields)
    fields = filled(same.content.decode())
    fields = filled(
        say(client, world, request, "edit", "", op="nonsense #/rows/0", **fields).content.decode()
    )
    shown = say(client, world, request, "edit", "preview", **fields).content.decode()
    done = say(
        client,
        world,
        request,
        "edit",
        "commit",
        **filled(shown),
        **read_back(shown, {"amount": "20", "rows": "3"}),
    )
    assert done.status_code == 302, text_of(done.content)
    assert told(request)[0]["args"] == {"amount": 20, "rows": [{"n": True}, 2, None]}
