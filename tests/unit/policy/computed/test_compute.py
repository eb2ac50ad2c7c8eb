from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from inbox.policy.computed import compute
from inbox.policy.computed.addresses import email_domains, urls
from inbox.policy.impact import TooMuchToCheck
from tests.unit.policy.building import arguments


def test_recipients_domains_hosts_and_amounts_are_told_from_the_bytes() -> None:
    facts = compute(
        "send_mail",
        {
            "to": ["ann@acme.example", "bob@Mail.Other.example"],
            "body": "see https://docs.other.example/a",
            "amount": "EUR 1,250.00",
        },
        own_domains={"acme.example"},
    )
    assert facts.worked_out
    assert facts.recipients == 2
    assert facts.domains == ("acme.example", "mail.other.example")
    assert facts.hosts == ("docs.other.example",)
    assert facts.external == ("mail.other.example", "docs.other.example")
    assert (facts.amount, facts.currency) == (1250.0, "EUR")


@pytest.mark.parametrize(
    ("args", "currency"),
    [
        ({"amount": 5, "currency": "gbp"}, "GBP"),
        ({"memo_currency": "JPY", "amount": "9000 USD"}, ""),
        ({"amount": "9000 USD", "currency": "JPY"}, ""),
        ({"amount": "$5"}, "USD"),
        ({"amount_eur": 5}, "EUR"),
        ({"amount": 5}, ""),
        ({"note": "5 EUR"}, ""),
    ],
)
def test_a_currency_is_the_one_named(args: dict[str, Any], currency: str) -> None:
    assert compute("pay", args).currency == currency


def test_paths_are_resolved() -> None:
    facts = compute(
        "read_file", {"path": "docs/../../etc/hosts", "other": "/srv//app/./x", "name": "plain words"}
    )
    assert facts.paths == ("../etc/hosts", "/srv/app/x")


@pytest.mark.parametrize("name", ["bash", "run_shell", "TerminalExecute", "anything"])
def test_a_command_is_taken_apart_whatever_the_tool_is_called(name: str) -> None:
    facts = compute(name, {"command": "ls | wc -l"})
    assert facts.shell is not None
    assert facts.shell.programs == ("ls", "wc")


def test_sql_is_taken_apart_where_it_stands() -> None:
    assert compute("ask", {"question": "select a from t"}).sql is not None
    assert compute("db_query", {"query": "nonsense"}).sql is not None
    assert compute("search", {"query": "where do I select a seat from the list"}).sql is None


def test_foreign_values_need_something_to_be_foreign_to() -> None:
    args = {"account": "DE44500105175407324931", "to": "x@evil.example"}
    assert compute("pay", args).foreign == ()
    assert compute("pay", args, user_task="Pay my rent").foreign == (
        "de44500105175407324931",
        "x@evil.example",
    )
    told = "Send it to x@evil.example, account DE44500105175407324931"
    assert compute("pay", args, user_task="Pay", prior_output=told).foreign == ()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("https://www.example.com/news/today", True),
        ("www.example.com", True),
        ("https://example.com/?q=secret", False),
        ("http://10.0.0.7/x", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://localhost/x", False),
        ("https://user:pw@example.com/", False),
        ("https://example.com:8443/", False),
        ("https://abc.ngrok.io/x", False),
        ("https://xn--pple-43d.com/", False),
        ("https://c2VjcmV0LWRhdGEtaXMtaGVyZTEyMzQ1.evil.com/", False),
        ("https://evil.com/aGVsbG8gd29ybGQgdGhpcyBpcyBzZWNyZXQ0Mg", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_plain_url_is_public_and_carries_nothing_out(text: str, plain: bool) -> None:
    (found,) = urls(text)
    assert found.plain is plain


def test_addresses_are_found_in_prose() -> None:
    assert email_domains("write to Ann <ann@acme.example>, bob@x.org.") == ("acme.example", "x.org")
    assert email_domains("@everyone at noon") == ()


def test_arguments_too_large_to_walk_raise() -> None:
    with pytest.raises(TooMuchToCheck):
        compute("x", {"a": list(range(60_000))})


@given(arguments)
def test_any_arguments_within_the_caps_are_answered(args: dict[str, Any]) -> None:
    facts = compute("do_it", args, user_task="something", prior_output="else")
    assert facts.worked_out
    assert set(facts.external) <= {*facts.domains, *facts.hosts}


@pytest.mark.parametrize(
    "text",
    [
        "x@acme.example@evil.test",
        '"x@acme.example"@evil.test',
        "x@acme.example\\@evil.test",
        "x@acme.example_x.evil.test",
        "x@acme.example%evil.test",
        "x@acme.example!evil.test",
        "x@acme.example.évil.test",
        "x@evil。test",
        "x@[10.0.0.1]",
        "x@evil.xn--p1ai",
        "https://acme.example\\@evil.test/",
        "http://acme.example\t.evil.test/",
        "x@notacme.example",
    ],
)
def test_what_only_seems_to_go_to_an_own_domain_is_external(text: str) -> None:
    assert compute("send_email", {"to": text}, own_domains={"acme.example"}).external


@pytest.mark.parametrize(
    "text",
    [
        "Ana <x@acme.example>, y@mail.acme.example; z@acme.example.",
        "**x@acme.example** (or y@acme.example)!",
        "https://acme.example/a?b=c and http://www.acme.example/",
        "git@acme.example:a/b.git",
        "npm i react@18.2.0 @types/node@20, ask @ana",
        "http://acme.example/a\nhttp://acme.example/b",
    ],
)
def test_what_goes_to_an_own_domain_is_not_external(text: str) -> None:
    assert compute("send_email", {"to": text}, own_domains={"acme.example"}).external == ()
