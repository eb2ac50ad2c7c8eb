"""Which domains a team may call its own, and in which form they are kept."""

from __future__ import annotations

import pytest

from inbox.policy.domains import WrongDomain, read_domain


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Acme.Example. ", "acme.example"),
        ("mail.acme.co.uk", "mail.acme.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("ａｃｍｅ。example", "acme.example"),
        ("acme.github.io", "acme.github.io"),
        ("corp.internal", "corp.internal"),
    ],
)
def test_a_domain_is_kept_as_the_network_writes_it(typed: str, kept: str) -> None:
    assert read_domain(typed) == kept
    assert read_domain(kept) == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Give a domain"),
        ("*.acme.example", r"without \*"),
        ("ana@acme.example", "domain alone"),
        ("https://acme.example/x", "domain alone"),
        ("acme.example:8080", "domain alone"),
        ("com", "whole top level"),
        ("localhost", "whole top level"),
        ("co.uk", "registry's"),
        ("com.au", "registry's"),
        ("gmail.com", "public mail provider"),
        ("mail.yahoo.co.uk", "yahoo.co.uk is a public mail provider"),
        ("github.io", "Anybody may"),
        ("s3.amazonaws.com", "Anybody may"),
        ("x.webhook.site", "takes what anybody sends"),
        ("10.0.0.1", "no domain"),
        ("a..example", "no domain"),
        ("a_b.example", "no domain"),
        ("-a.example", "no domain"),
        ("xn--zzzz.example", "no domain"),
        ("\u202eacme.example", "^This is no domain"),
        (f"{'a' * 64}.example", "no domain"),
        (".".join(["a" * 50] * 5), "no domain"),
    ],
)
def test_what_others_can_have_or_what_is_no_domain_is_refused_with_a_sentence(typed: str, says: str) -> None:
    with pytest.raises(WrongDomain, match=says):
        read_domain(typed)
