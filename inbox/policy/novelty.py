"""Which values of a call are worth remembering: who receives it, where it goes, whose account it touches.

Free text is new every time and says nothing; a recipient, host or account never used before does. What weighs is where
something goes for the first time, not whom it is about: every customer is new once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from inbox.canonical import JsonValue
from inbox.policy.computed.addresses import emails, urls
from inbox.policy.computed.values import leaves
from inbox.policy.facts import ActionFacts
from inbox.policy.inference import verbs
from inbox.policy.inference.effect import Guess, named_effect
from inbox.policy.naming import lexicon, words_of
from inbox.policy.words import Effect

MOST_VALUES: Final = 40
LONGEST_VALUE: Final = 120
LONGEST_NAME: Final = 80
# Arguments whose short values name somebody or some place.
_PARTIES: Final = frozenset({
    "account", "accounts", "address", "audience", "bcc", "beneficiary", "bucket", "cc", "channel", "channels", "customer",
    "database", "destination", "domain", "environment", "host", "hostname", "iban", "payee", "phone", "project",
    "recipient", "recipients", "repo", "repository", "server", "to", "user", "username", "vendor",
})  # fmt: skip
# Arguments that say where something goes, where something goes out at all.
_RECEIVERS: Final = lexicon("""
address addresses attendee attendees bcc beneficiary bucket cc destination domain email emails host hostname invitees
link participants recipient recipients server to uri url
""")
_PAYMENTS: Final = verbs.MONEY | lexicon("payment payments payout payouts remittance wire")
_PAYEES: Final = lexicon("beneficiary destination iban payee payees recipient recipients to vendor")
# Words of an argument or of the tool by which things go out from then on, whatever the tool does today.
_OUTLETS: Final = lexicon(
    "bcc callback collaborator collaborators forward forwarding invitee invitees redirect remote webhook webhooks"
)


def new_destinations(action: ActionFacts, fresh: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The arguments of `fresh` values (see `telling`) by which something goes out to where it never went before.

    That is an address or host outside the team, a phone or a payee, of a call that sends, pays or gives access. Nothing of
    a call that only reads, nor of one that changes a record which happens to name somebody.
    """
    named = named_effect(action.name)
    effect = action.tool.effect if action.tool is not None else None
    if effect is Effect.READ or (effect is None and named.guess in (Guess.READ, Guess.HAND_OVER)):
        return ()
    words = set(words_of(action.name))
    pays = named.verb in verbs.MONEY or (action.computed.amount is not None and bool(words & _PAYMENTS))
    # What nothing is known of may send.
    sends = named.verb in verbs.SEND | verbs.ACCESS or (named.verb == "" and effect is not Effect.WRITE)
    lasting = words & _OUTLETS
    external = frozenset(action.computed.external)
    found: dict[str, None] = {}
    for argument, value in fresh:
        role = set(words_of(argument))
        outside = value.rpartition("@")[2] in external
        if (
            (outside and (lasting or role & _OUTLETS or ((sends or pays) and role & _RECEIVERS)))
            or (pays and role & _PAYEES and ("@" not in value or outside))
            or (sends and "phone" in role)
        ):
            found[argument] = None
    return tuple(found)


def telling(args: Mapping[str, JsonValue], most: int = MOST_VALUES) -> tuple[tuple[str, str], ...]:
    """Pairs of an argument's name and a value, lower case, each once; at most `most`.

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
            if len(found) == most:
                return tuple(found)
    return tuple(found)
