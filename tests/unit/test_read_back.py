"""The value a reviewer reads back before a grave approval."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.policy.words import Risk
from inbox.selectors.read_back import ReadBack, read_back

DIGEST = "sha256:" + "0" * 64


def asked(args: dict[str, Any], risk: Risk = Risk.HIGH, digest: str = DIGEST) -> ReadBack | None:
    return read_back(risk, [{"key": "call_1", "args": args}], digest)


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.MEDIUM])
def test_below_high_risk_nothing_is_asked(risk: Risk) -> None:
    assert asked({"recipients": 2451}, risk) is None


@pytest.mark.parametrize("risk", [Risk.HIGH, Risk.CRITICAL, Risk.UNVERIFIABLE])
def test_from_high_risk_on_a_value_is_asked(risk: Risk) -> None:
    assert asked({"recipients": 2451}, risk) == ReadBack("Which number stands in recipients?", "2451")


def test_counts_and_numbers_are_asked_before_words() -> None:
    found = asked({"to": "billing@example.com", "accounts": ["a", "b", "c"]})
    assert found == ReadBack("How many entries has accounts?", "3")
    assert asked({"to": "billing@example.com"}) == ReadBack("What stands in to?", "billing@example.com")


def test_which_value_depends_on_the_request_and_is_the_same_each_time() -> None:
    args = {"one": 11, "two": 22, "three": 33}
    digests = [f"sha256:{n:064x}" for n in range(30)]
    first, again = ([asked(args, digest=digest) for digest in digests] for _ in range(2))
    assert {found.answer for found in first if found} == {"11", "22", "33"}
    assert first == again


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"flag": True},
        {"small": 3},
        {"text": "two words"},
        {"text": "in\u200bvisible"},
        {"text": "аррӏе"},
        {"n\u202ek": 500},
        {"list": ["a b"]},
        {"amount 5000": 5000},
    ],
)
def test_where_nothing_can_be_typed_without_doubt_the_end_of_the_digest_is_asked(
    args: dict[str, Any],
) -> None:
    digest = "sha256:" + "0" * 58 + "12e456"
    found = asked(args, digest=digest)
    assert found == ReadBack("What are the last 6 characters of the digest?", "12e456", literal=True)
    assert found.accepts(" 12E456 ")
    assert not found.accepts("120e455")


@pytest.mark.parametrize(
    ("args", "question", "answer"),
    [
        ({"total amount": 9000}, 'Which number stands in "total amount"?', "9000"),
        ({"a": {"b": {"c": {"d": {"e": {"f": 9000}}}}}}, "Which number stands in a.b.c.d.e.f?", "9000"),
        ({"x" * 500: 9000}, f"Which number stands in ...{'x' * 60}?", "9000"),
        ({"rows": [{"amount": 9000}]}, "Which number stands in rows[0].amount?", "9000"),
        ({"list": ["one"]}, "What stands in list[0]?", "one"),
    ],
)
def test_spaces_nesting_length_and_wrapping_hide_no_value(
    args: dict[str, Any], question: str, answer: str
) -> None:
    assert asked(args) == ReadBack(question, answer)


def test_decoys_in_front_do_not_push_a_value_out() -> None:
    args = {f"decoy_{n}": 1000 + n for n in range(500)} | {"amount": 9000}
    found = {asked(args, digest=f"sha256:{n:064x}") for n in range(501)}
    assert ReadBack("Which number stands in amount?", "9000") in found


def test_words_in_front_do_not_push_a_number_out() -> None:
    assert asked({f"w{n}": "word" for n in range(500)} | {"amount": 9000}) == ReadBack(
        "Which number stands in amount?", "9000"
    )


def test_of_several_actions_the_question_names_the_one() -> None:
    actions = [{"key": key, "args": {"amount": amount}} for key, amount in (("one", 100), ("two", 200))]
    found = read_back(Risk.HIGH, actions, DIGEST)
    assert found == ReadBack("Which number stands in amount of one?", "100")


@pytest.mark.parametrize("typed", ["2451", "2,451", " 2 451 ", "2_451", "2’451", "$2,451", "2451.0"])
def test_a_number_may_be_typed_as_people_write_it(typed: str) -> None:
    assert ReadBack("?", "2451").accepts(typed)


@pytest.mark.parametrize(
    "typed", ["", "2450", "24510", "two thousand", "NaN", "Infinity", "2451 people", "-2451"]
)
def test_another_value_is_not_accepted(typed: str) -> None:
    assert not ReadBack("?", "2451").accepts(typed)


def test_words_are_compared_without_case() -> None:
    assert ReadBack("?", "Production").accepts(" production ")
    assert not ReadBack("?", "production").accepts("staging")


@given(
    st.dictionaries(
        st.text(max_size=30),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
            lambda below: (
                st.lists(below, max_size=5) | st.dictionaries(st.text(max_size=20), below, max_size=5)
            ),
            max_leaves=30,
        ),
        max_size=10,
    )
)
def test_whatever_was_sent_a_plain_question_is_asked_and_its_answer_accepted(args: dict[str, Any]) -> None:
    for risk in (Risk.HIGH, Risk.CRITICAL, Risk.UNVERIFIABLE):
        found = asked(args, risk)
        assert found is not None
        assert found.answer
        assert found.accepts(found.answer)
        assert not found.accepts("")
        assert len(found.answer) <= 100
        assert found.question.isascii()
        assert found.question.isprintable()
