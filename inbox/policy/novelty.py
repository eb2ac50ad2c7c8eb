"""Which values of a call are worth remembering: who receives it, where it goes, whose account it touches.

Free text is new every time and says nothing; a recipient, host or account never used before does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inbox.canonical import JsonValue
from inbox.policy.computed.addresses import emails, urls
from inbox.policy.computed.values import leaves

MOST_VALUES: Final = 40
LONGEST_VALUE: Final = 120
LONGEST_NAME: Final = 80
# Arguments whose short values name somebody or some place.
_PARTIES: Final = frozenset({
    "account", "accounts", "address", "audience", "bcc", "beneficiary", "bucket", "cc", "channel", "channels", "customer",
    "database", "destination", "domain", "environment", "host", "hostname", "iban", "payee", "phone", "project",
    "recipient", "recipients", "repo", "repository", "server", "to", "user", "username", "vendor",
})  # fmt: skip


def telling(args: Mapping[str, JsonValue]) -> tuple[tuple[str, str], ...]:
    """Pairs of an argument's name and a value, lower case, each once; at most 40.

    Mail addresses and hosts of URLs wherever they stand, and short values of arguments that name a party. Raises
    what the walk over the arguments raises.
    """
    found: dict[tuple[str, str], None] = {}
    for leaf in leaves(args):
        text = leaf.text[:2_000]
        name = leaf.name[:LONGEST_NAME]
        values = [*emails(text), *(url.host for url in urls(text) if url.host)]
        if (
            not values
            and leaf.words & _PARTIES
            and not isinstance(leaf.value, bool)
            and leaf.value is not None
        ):
            whole = text if isinstance(leaf.value, str) else str(leaf.value)
            values = [whole.strip()] if 0 < len(whole.strip()) <= LONGEST_VALUE else []
        for value in values:
            found[name, value.lower()] = None
            if len(found) == MOST_VALUES:
                return tuple(found)
    return tuple(found)
