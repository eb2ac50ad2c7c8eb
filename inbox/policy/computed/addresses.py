"""Addresses and URLs in text: who is written to, which hosts are spoken with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

_EMAIL: Final = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@([A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24})"
)
# What stands behind an @, up to where prose or another address goes on. Two may stand side by side.
_BEHIND: Final = re.compile(
    r"""(?<=[\w.!#$%&'*+/=?^`{|}~"\\-])@(\[[^\]\s]{1,100}\]|[^\s@<>()\[\]{},;:"'|/?&#`\\]{1,300})"""
)
_QUOTED: Final = re.compile(r'"[^"\n]{0,64}"$')
_PLAIN: Final = re.compile(r"(?i)[a-z0-9](?:[a-z0-9-]{0,62}\.)+[a-z]{2,24}")
# Marks of prose that may follow an address at once.
_MARKS: Final = ".!?*_~=+$^%-"
_URL: Final = re.compile(
    r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>()\\\]}]{1,2000}|\b(?:data|javascript|https?):[^\s\"']{1,200}"
    # Without a scheme a reader of URLs takes its own; and a share of another machine sends a name and a password hash.
    r"|^//[a-z0-9-]+\.[^\s]{1,2000}|^\\\\[a-z0-9.-]+\\[^\s]{0,2000}"
)
_BARE_HOST: Final = re.compile(r"(?i)^(?:www\.)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}(?:[/?#][^\s]*)?$")
_HOST_ONLY: Final = re.compile(
    r"(?i)^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,6}\.[a-z]{2,24}(?:[/?#][^\s]*)?$"
)
_BROKEN: Final = re.compile(r"(?i)[a-z][a-z0-9+.-]{1,20}://[^ \t\r\n]*[\t\r\n][^ ]*")
# Services whose purpose is to receive what anybody sends, or to hide what an address stands for.
_DROP_BOXES: Final = re.compile(
    r"(?:^|\.)(?:webhook\.site|requestbin\.\w+|pipedream\.net|ngrok(?:-free)?\.(?:io|app)|burpcollaborator\.net|oast\.\w+"
    r"|interact\.sh|beeceptor\.com|hookbin\.com|postb\.in|transfer\.sh|file\.io|0x0\.st|paste\w*\.\w+|hastebin\.com"
    r"|dpaste\.\w+|bit\.ly|tinyurl\.com|t\.co|goo\.gl|is\.gd|trycloudflare\.com|loca\.lt|serveo\.net"
    # Names that stand for any address, private ones too.
    r"|nip\.io|sslip\.io|xip\.io|localtest\.me|lvh\.me)$"
)
MOST_LABELS: Final = 5
# The arguments whose text may be a host name and nothing else.
ADDRESS_WORDS: Final = frozenset({"url", "link", "host", "domain", "site", "website", "uri", "webpage"})
# Names are words, short numbers and short codes; more than this of anything else is data.
MOST_LETTERS: Final = 30
MOST_MIXED: Final = 11
# A card, an account, a phone: longer than a date.
_LONG_NUMBER: Final = re.compile(r"\d(?:[ -]?\d){8}")
_PIECES: Final = re.compile(r"[^\W_]+")
_UNSPEAKABLE: Final = re.compile(r"(?i)[bcdfghjklmnpqrstvwxz]{7}")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL and its host in lower case.

    `plain` says it names a public page and carries next to nothing out; `carries` that something in it is long, encoded
    or random enough to be data, or that its host is there to receive what anybody sends.
    """

    text: str
    host: str
    plain: bool
    carries: bool


def email_domains(text: str) -> tuple[str, ...]:
    """The domains of the addresses in a text, lower case, in order, each once.

    Where more stands behind an @ than a plain domain, that is named too, as a whole: `x@acme.example_x.evil.test`
    and `"x@acme.example"@evil.test` do not go to acme.example, and nobody's own domain covers what they go to.
    """
    if "@" not in text:
        return ()
    found = [one.lower() for one in _EMAIL.findall(text)]
    return tuple(dict.fromkeys((*found, *_odd(text))))


def _odd(text: str) -> Iterator[str]:
    """What stands behind an @ and is read by mail programs in ways that a pattern for plain domains does not see."""
    for match in _BEHIND.finditer(text):
        start = match.start()
        if text[start - 1] == '"' and not _QUOTED.search(text, max(0, start - 66), start):
            continue
        behind = match.group(1).rstrip(_MARKS).lower()
        if behind.startswith("[") or not behind.isascii() or ".xn--" in behind:
            yield behind
        elif _PLAIN.match(behind):
            # Plain ones are found again, for here also those behind a second @ or a quoted name.
            yield behind


def emails(text: str) -> tuple[str, ...]:
    """The e-mail addresses in a text, lower case."""
    if "@" not in text:
        return ()
    return tuple(dict.fromkeys(found.group(0).lower() for found in _EMAIL.finditer(text)))


def urls(text: str, *, whole: bool = False) -> tuple[Url, ...]:
    """The URLs in a text. With `whole`, a text that is nothing but a host name counts as one too."""
    found = [match.group(0).rstrip(".,;:!?") for match in _URL.finditer(text)]
    stripped = text.strip()
    if found and _BROKEN.fullmatch(stripped[:2_000]):
        # Readers of URLs take tabs and line ends out before they look for the host.
        found += [match.group(0) for match in _URL.finditer(re.sub(r"[\t\r\n]", "", stripped[:2_000]))]
    if (
        not found
        and len(stripped) < 2_000
        and (_BARE_HOST.match(stripped) or (whole and _HOST_ONLY.match(stripped)))
    ):
        found = ["http://" + stripped]
    return tuple(_url(one) for one in dict.fromkeys(found))


def covering(host: str, domains: Iterable[str]) -> str:
    """Which of these domains a host is or stands below; "" for none."""
    return next((one for one in domains if host == one or host.endswith("." + one)), "")


def is_drop_box(host: str) -> bool:
    """Whether this host, in lower case, takes what anybody sends or hides what an address stands for."""
    return bool(_DROP_BOXES.search(host))


def _url(text: str) -> Url:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port
    except ValueError:
        return Url(text, "", plain=False, carries=True)
    carries = (
        _DROP_BOXES.search(host) is not None
        or len(parts.path) > 200
        or len(parts.query) + len(parts.fragment) > 200
        or any(
            _is_data(part)
            for part in (*host.split("."), *re.split(r"[/?&=#;]", _after_host(text, parts.netloc)))
        )
    )
    plain = (
        parts.scheme in {"http", "https"}
        and port in (None, 80, 443)
        and parts.username is None
        and not parts.query
        and _public_name(host)
        and not carries
        and not ("%" in parts.path and unquote(parts.path) != unquote(parts.path).strip())
    )
    return Url(text, host, plain, carries)


def _after_host(text: str, netloc: str) -> str:
    return text.partition(netloc)[2] if netloc else text


def _is_data(part: str) -> bool:
    """Whether a label, a step of a path or a value of a query is no name: a token, a long number, an address, a sentence."""
    plain = unquote(part)
    if len(plain) > 60 or "@" in plain[1:] or len(plain.split()) > 4 or _LONG_NUMBER.search(plain):
        return True
    for piece in _PIECES.findall(plain):
        letters = piece.isalpha()
        if len(piece) > (MOST_LETTERS if letters else MOST_MIXED) or (letters and _UNSPEAKABLE.search(piece)):
            return True
    return False


def _public_name(host: str) -> bool:
    if "." not in host or not host.isascii() or "xn--" in host:
        return False
    if host.endswith((".local", ".internal", ".localhost", ".onion", ".lan", ".home", ".corp")):
        return False
    # A long or random label, or many of them, carry data out by themselves; 0x7f.1 is a number.
    labels = host.split(".")
    if len(host) > 60 or len(labels) > MOST_LABELS or re.fullmatch(r"0x[0-9a-f]*|\d+", labels[-1]):
        return False
    if any(len(label) > 30 or sum(c.isdigit() for c in label) > 8 for label in labels):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return not host.replace(".", "").isdigit()
    return False
