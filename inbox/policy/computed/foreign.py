"""Values that came from nowhere the server can see: neither in the user's task nor in the last result.

Both texts are the agent's claims, so this may only raise: without them nothing is foreign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from inbox.policy.computed.addresses import emails, urls
from inbox.policy.computed.values import Leaf

MOST_NAMED: Final = 20
# Each is looked for in the user's task and in the last result.
MOST_IDENTIFIED: Final = 300
# What identifies something: a run with a digit in it, four characters or more.
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_#:/.+-]{3,60}")


def identifying(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """Addresses, URLs, account numbers and identifiers among the values, lower case, in order, each once."""
    found: dict[str, None] = {}
    for leaf in leaves:
        text = leaf.text[:2_000]
        if not text:
            continue
        if len(found) >= MOST_IDENTIFIED:
            break
        found.update(dict.fromkeys(emails(text)))
        found.update(
            dict.fromkeys(
                url.text.lower().removeprefix("http://").removeprefix("https://") for url in urls(text)
            )
        )
        if len(text) <= 80:
            found.update(
                (run.group(0).lower(), None)
                for run in _IDENTIFIER.finditer(text)
                if any(char.isdigit() for char in run.group(0))
            )
    return tuple(found)


def foreign(values: Iterable[str], *known: str) -> tuple[str, ...]:
    """Those of the values that no known text holds; none at all when nothing is known."""
    if not any(known):
        return ()
    texts = [text.lower() for text in known if text]
    unknown = (value for value in values if not any(value.rstrip("/") in text for text in texts))
    return tuple(value for _, value in zip(range(MOST_NAMED), unknown, strict=False))
