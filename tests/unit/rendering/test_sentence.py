"""The system's sentence is the admin's words with the payload's values in them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inbox.rendering.characters import hidden
from inbox.rendering.sentence import Sentence, TemplateError, compile_template, render
from tests.unit.rendering.strategies import any_text, arguments, unshown


def said(template: str, **args: Any) -> str:
    return render(compile_template(template), "tool", args).text


def complete(template: str, **args: Any) -> bool:
    return render(compile_template(template), "tool", args).complete


def test_paths_reach_into_objects_and_lists() -> None:
    args = {"customer": {"name": "Ines"}, "items": [{"sku": "A1"}]}
    assert said("{customer.name} gets {items.0.sku} and {items[0].sku}", **args) == "Ines gets A1 and A1"


def test_values_keep_their_exact_form() -> None:
    assert said("{a} {b} {c} {d}", a=True, b=None, c=1e21, d=0.1) == "true null 1e+21 0.1"


def test_doubled_braces_stand_for_themselves() -> None:
    assert said("{{{a}}} {{a}}", a=1) == "{1} {a}"


def test_what_is_missing_is_a_dash() -> None:
    assert said("{a}, {b.c}, {d.7}, {e.x}", b=1, d=[1], e=[1]) == "—, —, —, —"


def test_counts_are_grouped_and_only_of_lists_and_objects() -> None:
    assert said("Send to {to|count} people", to=["x"] * 2_451) == "Send to 2,451 people"
    assert said("{to|count} {n|count} {o|count}", to="all_customers", n=5, o={"a": 1}) == "— — 1"


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (640, "USD", "$640.00"),
        (640.5, "EUR", "€640.50"),
        (1234567.891, "USD", "$1,234,567.891"),
        (-5, "GBP", "-£5.00"),
        ("38.00", "USD", "$38.00"),
        (1200, "JPY", "1,200 JPY"),
        (0.125, "CHF", "0.125 CHF"),
        (640, "usd", "640.00 usd"),
        (640, ["USD"], "640.00 list of 1"),
        ("007", "USD", "007 USD"),
        ("1e3", "USD", "1e3 USD"),
        (1e300, "USD", "1e+300 USD"),
        (True, "USD", "true USD"),
        (None, "USD", "null USD"),
        ([1], "USD", "list of 1 USD"),
        ("6\u200b40", "USD", "6‹U+200B ZWSP›40 USD"),
    ],
)
def test_money_is_never_rounded_or_guessed(amount: Any, currency: Any, expected: str) -> None:
    assert said("{amount|money:currency}", amount=amount, currency=currency) == expected


def test_money_takes_a_fixed_currency_and_shows_a_missing_one() -> None:
    assert said("{amount|money:USD}", amount=5) == "$5.00"
    assert said("{amount|money:pay.currency}", amount=5) == "5.00 —"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://api.example.com:8443/v1?x=1", "api.example.com"),
        ("https://paypal.com@evil.example/x", "evil.example"),
        ("https://user:pw@evil.example", "evil.example"),
        ("ines@example.org", "example.org"),
        ("example.org:443", "example.org"),
        ("https://аррӏе.com/x", "аррӏе.com‹xn--80ak6aa92e.com›"),
        ("https://münchen.de", "münchen.de‹xn--mnchen-3ya.de›"),
        ("https://good.example\\@evil.example/", "—"),
        ("two words", "—"),
        ("", "—"),
        (5, "—"),
    ],
)
def test_the_host_is_what_the_network_would_reach(value: Any, expected: str) -> None:
    assert said("{url|host}", url=value) == expected


def test_a_whole_number_has_its_thousands_apart_and_digits_in_a_text_do_not() -> None:
    assert said("{n|number} people", n=2_451) == "2,451 people"
    assert complete("{n|number}", n=-1_000)
    assert said("{n|number}", n="2451") == said("{n}", n="2451")
    assert said("{n|number}", n=True) == said("{n}", n=True)


def test_the_first_line_says_that_there_are_more_only_by_not_being_complete() -> None:
    assert said("{body|first_line}", body="Hi\r\nthere") == "Hi"
    assert not complete("{body|first_line}", body="Hi\nthere")
    assert complete("{body|first_line}", body="Hi")


def test_a_list_shows_whole_elements_and_how_many_more() -> None:
    assert said("{to|list}", to=["a@x.example", "b@y.example"]) == "a@x.example, b@y.example"
    assert said("{to|list}", to=[]) == "none"
    assert said("{to|list}", to=[f"person{n:03}@example.org" for n in range(90)]) == (
        "person000@example.org, person001@example.org, person002@example.org, … 87 more"
    )
    assert said("{to|list}", to=["a, b", "c"]) == "“a, b”, c"


def test_without_a_template_the_sentence_says_so() -> None:
    assert render(None, "send_email", dict.fromkeys("abcdefg")) == Sentence(
        "Call send_email · 7 arguments · no template", False
    )
    assert render(None, "ping", {"a": 1}).text == "Call ping · 1 argument · no template"
    assert render(None, "pay\u202e", {}).text == "Call pay‹U+202E RLO› · 0 arguments · no template"


def test_a_value_cannot_pass_for_the_sentence_around_it() -> None:
    assert said("Pay {to}", to="Ines · approved by Dana") == "Pay “Ines · approved by Dana”"
    assert said("Pay {to}", to="Ines” now “") == "Pay “Ines‹U+201D QUOTE› now ‹U+201C QUOTE›”"
    assert said("Pay {to}", to="‹U+202E RLO›") == "Pay “‹U+2039 QUOTE›U+202E RLO‹U+203A QUOTE›”"
    assert said("Pay {to}", to="{amount}", amount=5) == "Pay {amount}"
    assert said("Pay {to} for {what}", to="", what=" ") == "Pay “” for ‹␠›"


def test_blanks_that_a_browser_would_fold_are_shown() -> None:
    assert said("{a}", a=" x  y\nz\t") == "‹␠›x‹␠×2›y‹⏎›z‹⇥›"


def test_a_long_value_is_cut_visibly() -> None:
    text = said("{a}", a="x" * 81)
    assert text == "x" * 80 + "…"
    assert complete("{a}", a="x" * 80)
    assert not complete("{a}", a="x" * 81)


def test_values_that_could_be_drawn_in_each_others_place_are_not_complete() -> None:
    assert not complete("{a} 5 {b}", a="\u05d0", b="\u05d1")
    assert not complete("{a}", a="\u0661")
    assert complete("{a}", a="é東Я")


def test_a_cut_leaves_no_joiner_behind() -> None:
    family = "\U0001f468\u200d\U0001f469"
    assert not any(map(hidden, said("{a}", a="x" * 78 + family)))


@pytest.mark.parametrize(
    ("template", "args", "expected"),
    [
        ("{a} {b}", {"a": 1, "b": "x"}, True),
        ("{a}", {"a": 1, "b": "x"}, False),
        ("{a}", {"a": 1, "b": []}, False),
        ("{a.b}", {"a": {"b": 1}}, True),
        ("{a.b}", {"a": {"b": 1, "c": 2}}, False),
        ("{a}", {"a": {"b": 1}}, False),
        ("{a|list}", {"a": [1, "x"]}, True),
        ("{a|list}", {"a": [1, [2]]}, False),
        ("{a|list}", {"a": ["x" * 90]}, False),
        ("{a|count}", {"a": [1]}, False),
        ("{a|count}", {"a": []}, True),
        ("{a.0} {a.1}", {"a": [1, 2]}, True),
        ("{a|money:c}", {"a": 1, "c": "USD"}, True),
        ("{a|money:USD}", {"a": 1, "c": "USD"}, False),
        ("{a|host}", {"a": "example.org"}, True),
        ("{a|host}", {"a": "https://example.org/x"}, False),
        ("{a} {gone}", {"a": 1}, True),
        ("{a}", {"a": ""}, True),
        ("Nothing to say", {}, True),
    ],
)
def test_complete_means_every_value_is_visible_in_full(
    template: str, args: dict[str, Any], expected: bool
) -> None:
    assert render(compile_template(template), "t", args).complete is expected


@pytest.mark.parametrize(
    ("template", "position", "says"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("Pay {to", 4, "never closed"),
        ("Pay to}", 6, "closes nothing"),
        ("Pay {}", 5, "names nothing"),
        ("Pay {a b}", 5, "no path"),
        ("Pay {a..b}", 5, "no path"),
        ("Pay {a!r}", 5, "no path"),
        ("Pay {a.__class__.x()}", 5, "no path"),
        ("Pay {a{b}}", 6, "inside another"),
        ("Pay {a|upper}", 7, "no filter"),
        ("Pay {a|}", 7, "no filter"),
        ("Pay {a|count|list}", 7, "no filter"),
        ("Pay {a|money}", 7, "needs a currency"),
        ("Pay {a|money:x y}", 13, "no path"),
        ("Pay {a|count:5}", 12, "takes nothing"),
        ("Pay\n{a}", 3, "U+000A does not show itself"),
        ("Pay \u202e{a}", 4, "U+202E does not show itself"),
        ("x" * 301, 300, "over 300"),
    ],
)
def test_a_template_error_says_where_and_what(template: str, position: int, says: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(template)
    assert caught.value.position == position
    assert says in caught.value.detail
    assert str(caught.value).startswith(f"At character {position + 1}: ")


def test_the_variables_of_a_template_are_listed_once() -> None:
    template = compile_template("{amount|money:pay.currency} to {to} and {to} {items[0]} {{no}}")
    assert template.variables == ("amount", "pay.currency", "to", "items.0")


TEMPLATES = [
    "Send {a} to {b|list}: {c|first_line} {d|host} {e|money:f} {a|count}",
    "{a.a} {a.0} {b.b.b} {c|money:USD}",
]


@given(
    st.sampled_from(TEMPLATES),
    arguments | st.dictionaries(st.sampled_from("abcdef"), any_text, max_size=6),
)
def test_a_sentence_is_one_line_without_hidden_characters(template: str, args: dict[str, Any]) -> None:
    text = render(compile_template(template), "tool", args).text
    assert "\n" not in text
    assert "\t" not in text
    assert unshown(text) == []


@given(st.text(max_size=40) | st.text("{}|.:[]ab0 ", max_size=20))
def test_any_text_compiles_or_is_refused_with_a_place(text: str) -> None:
    try:
        template = compile_template(text)
    except TemplateError as refused:
        error: TemplateError | None = refused
    else:
        error = None
        assert render(template, "tool", {}).text
    assert error is None or (0 <= error.position <= len(text) and error.detail.endswith("."))


@given(any_text, any_text)
def test_complete_sentences_of_different_values_differ(one: str, other: str) -> None:
    assume(one != other)
    template = compile_template("{a}")
    first, second = (render(template, "tool", {"a": text}) for text in (one, other))
    assert not (first.complete and second.complete) or first.text != second.text
