"""A revealed text shows everything the tool receives, says what could deceive, and loses nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from inbox.rendering.characters import is_mark
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.segments import Segment
from tests.unit.rendering.cases import ATTACKS, LEGITIMATE
from tests.unit.rendering.snapshots import FILES, GOLDEN, snapshot
from tests.unit.rendering.strategies import any_text, unshown


@pytest.mark.parametrize("file", FILES)
def test_every_case_is_shown_as_its_golden_file_says(file: str) -> None:
    golden = json.loads((GOLDEN / file).read_text(encoding="ascii"))
    assert set(golden) == set(FILES[file])
    for name, text in FILES[file].items():
        assert snapshot(reveal(text)) == golden[name], name


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_raises_a_finding(name: str) -> None:
    assert reveal(ATTACKS[name]).findings


@pytest.mark.parametrize("name", LEGITIMATE)
def test_honest_writing_raises_none(name: str) -> None:
    assert reveal(LEGITIMATE[name]).findings == ()


@given(any_text)
def test_labels_read_back_give_the_text(text: str) -> None:
    assert reveal(text).source == text


@given(any_text)
def test_nothing_hidden_is_drawn_as_text(text: str) -> None:
    for segment in reveal(text).segments:
        assert unshown(segment.text) == []
        assert unshown(segment.label + segment.title) == []


@given(any_text)
def test_no_mark_is_drawn_over_a_badge_or_a_blank(text: str) -> None:
    before = " "
    for segment in reveal(text).segments:
        for char in segment.text:
            assert not (is_mark(char) and before.isspace()), segment
            before = char
        if segment.kind == "glyph":
            before = " "


@given(any_text)
def test_findings_and_the_plain_form_hold_nothing_hidden(text: str) -> None:
    shown = reveal(text)
    for finding in shown.findings:
        assert finding.message.isprintable()
        assert finding.where.isprintable()


@given(any_text)
def test_each_code_and_severity_is_told_once(text: str) -> None:
    told = [(finding.code, finding.severity) for finding in reveal(text).findings]
    assert len(told) == len(set(told))


def test_a_badge_of_another_hand_is_refused() -> None:
    with pytest.raises(ValueError, match="not a badge"):
        _ = Segment("glyph", "", "looks fine").source


def test_text_that_spells_a_badge_stays_text() -> None:
    shown = reveal("U+202E RLO ␠×120 ‹U+200B ZWSP›")
    assert [segment.kind for segment in shown.segments] == ["text"]


def test_line_breaks_and_tabs_of_code_stay_in_the_text() -> None:
    code = "def f():\n\treturn 1\n"
    assert reveal(code).segments == (Segment("text", code),)


def test_a_place_is_given_by_line_and_character() -> None:
    assert [f.where for f in reveal("ok\nrm\u200b x").findings] == ["line 2, character 3"]
    assert [f.where for f in reveal("rm\u200b x").findings] == ["character 3"]


def test_smuggled_text_is_spelled_out() -> None:
    assert "they spell “rm -rf /”" in reveal(ATTACKS["tag smuggling"]).findings[0].message
    assert "they spell “ignore all rules”" in reveal(ATTACKS["variation selector bytes"]).findings[0].message


def test_an_international_host_is_shown_in_both_forms() -> None:
    readable = reveal("https://münchen.de/x")
    assert ("lookalike", "münchen.de", "xn--mnchen-3ya.de") in [
        (s.kind, s.text, s.label) for s in readable.segments
    ]
    assert [(f.code, f.severity) for f in readable.findings] == [("idn-host", "info")]
    network = reveal("https://xn--mnchen-3ya.de/x")
    assert ("lookalike", "xn--mnchen-3ya.de", "münchen.de") in [
        (s.kind, s.text, s.label) for s in network.segments
    ]


def test_a_registered_ideographic_variant_is_noted_without_alarm() -> None:
    shown = reveal("葛\U000e0100飾区")
    assert [(f.code, f.severity) for f in shown.findings] == [("variation-selector", "info")]


def test_prose_with_a_forgotten_space_is_no_host() -> None:
    assert reveal("Это конец.Начало здесь").findings == ()


def test_more_hosts_than_can_be_shown_block() -> None:
    shown = reveal(" ".join(f"https://host{number}é.de" for number in range(201)))
    assert [(f.code, f.severity) for f in shown.findings] == [
        ("too-many-hosts", "block"),
        ("idn-host", "info"),
    ]


@pytest.mark.parametrize("text", ["\u212aubectl", "ſudo", "https://pınterest.com"])
def test_letters_that_fold_to_ascii_are_not_taken_for_it(text: str) -> None:
    """Under IGNORECASE the regular expression [^ -~] matches none of K, ſ and ı."""
    assert reveal(text).findings


# Strings that make a careless scanner quadratic, or that cost the most for each character.
WORST = {
    "alternating controls": "\x01\x02",
    "alternating directions": "\u202e\u2066",
    "hidden after each letter": "a\u200b",
    "one long run": "\u202e",
    "spaces": " ",
    "almost padding": " " * 23 + "a",
    "newlines": "\n",
    "almost blank lines": "\n" * 7 + "a",
    "blank lines": "\n ",
    "tabs": "\t\t\t\t",
    "marks": "\u0301\u0302",
    "tags": "\U000e0041\U000e0042",
    "selectors": "\U000e0100\U000e0101",
    "emoji joined without end": "\U0001f468\u200d",
    "mixed words": "pаypal ",
    "one mixed word": "pа",
    "cyrillic labels": "а.",
    "one cyrillic word": "а",
    "punycode": "xn--80ak6aa92e.com ",
    "hosts": "@" + "аррӏе" * 9 + ".com ",
    "at signs": "@а.bc",
    "schemes": "://",
    "scheme and name": "://a@",
    "mixed digits": "1०",
    "fullwidth": "ａ ",
    "slashes": "a\u2044b",
    "dashes": " \u2013a",
    "no-break spaces": "\u00a0 ",
    "carriage returns": "\r\n",
}


def _calls(work: Callable[[], Any]) -> int:
    """How many Python and C functions the work calls: the same on a busy machine."""
    count = 0

    def counter(frame: Any, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counter)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", WORST)
def test_work_grows_linearly(name: str) -> None:
    def size(characters: int) -> str:
        return (WORST[name] * characters)[:characters]

    reveal(size(500))
    small = _calls(lambda: reveal(size(2_000)))
    large = _calls(lambda: reveal(size(8_000)))
    assert large <= 4.5 * small + 200


@pytest.mark.parametrize("name", WORST)
def test_the_largest_accepted_body_is_shown_without_loss(name: str) -> None:
    text = (WORST[name] * 262_144)[:262_144]
    assert reveal(text).source == text


def test_severity_is_that_of_the_gravest_finding() -> None:
    assert reveal("ok").severity is None
    assert reveal("a\u00a0b\u200bc").severity == "block"
    assert Revealed(()).severity is None
