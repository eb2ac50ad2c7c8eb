"""A team's own domains as people type them: read into the form the network uses, or refused with a sentence.

What may be refused is what other people can have addresses or pages in: registries' suffixes, mail providers, hosting.
The lists name the usual ones; a second admin looks at every domain before it counts.
"""

from __future__ import annotations

import re
from typing import Final

import idna

from inbox.policy.computed.addresses import covering, is_drop_box
from inbox.policy.naming import lexicon

# A change that waits is named by it.
LONGEST: Final = 200
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Below a country's two letters these are the registry's, as in co.uk, com.au and ac.jp.
_REGISTRY: Final = lexicon("ac asn co com edu go gob gouv gov govt gv id info mil ne net nom or org sch web")
_MAIL: Final = lexicon(
    "126.com 163.com aol.com duck.com fastmail.com fastmail.fm free.fr gmail.com gmx.at gmx.ch gmx.com"
    " gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr hushmail.com"
    " icloud.com laposte.net libero.it live.com mac.com mail.com mail.ru mailbox.org me.com msn.com"
    " naver.com orange.fr outlook.com outlook.de pm.me posteo.de proton.me protonmail.ch protonmail.com"
    " qq.com rediffmail.com rocketmail.com seznam.cz sina.com t-online.de tuta.com tutanota.com web.de"
    " wp.pl yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.com yandex.ru ymail.com"
    " zohomail.com"
)
# Anybody may have a name of their own below these: such a name may be a team's, the place itself may not.
_SHARED: Final = lexicon(
    "amazonaws.com appspot.com azurefd.net azurewebsites.net bitbucket.org blob.core.windows.net"
    " blogspot.com cloudapp.net cloudfront.net core.windows.net docs.google.com drive.google.com"
    " dropbox.com duckdns.org fastly.net firebaseapp.com fly.dev github.com github.io"
    " githubusercontent.com gitlab.com gitlab.io glitch.me google.com googleapis.com herokuapp.com"
    " myshopify.com netlify.app no-ip.org onmicrosoft.com onrender.com pages.dev railway.app run.app"
    " s3.amazonaws.com sharepoint.com slack.com storage.googleapis.com surge.sh vercel.app web.app"
    " windows.net wixsite.com wordpress.com workers.dev zendesk.com"
)


class WrongDomain(ValueError):
    """No domain a team could have for itself; the message is for the person who typed it."""


def read_domain(text: str) -> str:
    """A domain in lower-case ASCII, without a dot at its end; names outside ASCII in punycode. Raises WrongDomain."""
    typed = text.strip().rstrip(".")
    if not typed:
        raise WrongDomain("Give a domain, such as acme.example.")
    if "*" in typed:
        raise WrongDomain("Give the domain without *: what is below it counts as yours too.")
    if re.search(r"[@:/\\\s?#]", typed):
        raise WrongDomain("Give the domain alone, such as acme.example: no address, no path, no port.")
    domain = _ascii(typed)
    labels = domain.split(".")
    if len(domain) > LONGEST or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        raise _no_domain()
    if len(labels) < 2:
        raise WrongDomain(f"{domain} is a whole top level: give a domain of your own, such as acme.example.")
    _refuse_shared(domain, labels)
    return domain


def _ascii(typed: str) -> str:
    try:
        return typed.lower() if typed.isascii() and "xn--" not in typed.lower() else _idna(typed)
    except (idna.IDNAError, UnicodeError):
        raise _no_domain() from None


def _idna(typed: str) -> str:
    ascii_form = idna.encode(typed, uts46=True, std3_rules=True).decode("ascii").lower()
    idna.decode(ascii_form)
    return ascii_form


def _refuse_shared(domain: str, labels: list[str]) -> None:
    if len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _REGISTRY:
        raise WrongDomain(f"{domain} is a registry's: everybody there would count as yours.")
    if covering(domain, _MAIL):
        raise WrongDomain(
            f"{covering(domain, _MAIL)} is a public mail provider: everybody there would count as yours."
        )
    if domain in _SHARED:
        raise WrongDomain(f"Anybody may have something at {domain}: give the name below it that is yours.")
    if is_drop_box(domain):
        raise WrongDomain(
            f"{domain} takes what anybody sends, or hides where it goes: it cannot count as yours."
        )


def _no_domain() -> WrongDomain:
    # Without what was typed: it may hold characters that turn the sentence round.
    return WrongDomain("This is no domain, such as acme.example. Addresses of numbers are none either.")
