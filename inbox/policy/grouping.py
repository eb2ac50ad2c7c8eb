"""Which requests are alike enough to be reviewed as one.

A glance covers two calls when what a reviewer would look at is the same: who acts with which tool, at what risk and
by which rule, what outside it reaches, which program or statement it runs on what, and which switches make it harder.
Wording, identifiers and amounts of the same risk differ from line to line and stand on the sheet.
"""

from __future__ import annotations

import hashlib
from typing import Final

from inbox import canonical
from inbox.canonical import JsonValue
from inbox.policy.computed.values import leaves
from inbox.policy.facts import ActionFacts
from inbox.policy.naming import lexicon

# More switches than this are no switches: the rest is one more value among many.
MOST_SWITCHES: Final = 50


def group_key(
    agent_id: object,
    action: ActionFacts,
    policy_rule: str | None,
    risk: str,
    reversible: bool,
    *,
    schema_digest: str | None = None,
) -> str:
    """64 hex digits that two requests share only when one glance can cover both.

    `schema_digest` is the tool's, where known: the same arguments mean something else to another version. Raises
    what the walk over the arguments raises.
    """
    parts: list[JsonValue] = [
        str(agent_id),
        action.name,
        policy_rule or "",
        str(risk),
        reversible,
        schema_digest or "",
        traits(action),
    ]
    return hashlib.sha256(canonical.dumps(parts)).hexdigest()


def traits(action: ActionFacts) -> dict[str, JsonValue]:
    """What of one call's arguments a reviewer would have to look at anew, by name: the same traits, the same group.

    What only makes a call riskier (much money, many people, a command that destroys) is in the risk already.
    """
    computed = action.computed
    shell, sql = computed.shell, computed.sql
    return {
        "outside": sorted(computed.external),
        "secret": bool(computed.secret),
        "switches": _switches(action),
        "program": "" if shell is None else (shell.programs or ("?",))[0],
        "statements": [] if sql is None else sorted({*sql.statements}),
        "tables": [] if sql is None else sorted({*sql.tables}),
    }


def _switches(action: ActionFacts) -> list[JsonValue]:
    """The switches that are on and make a call reach further or harder: `force`, `recursive`, `skip_checks`."""
    on = {leaf.name for leaf in leaves(action.args) if leaf.value is True and leaf.words & _HARDER}
    return [*sorted(on)[:MOST_SWITCHES]]


_HARDER: Final = lexicon("""
admin all allow anonymous bypass cascade delete destroy disable everyone external force hard ignore irreversible
no overwrite permanent permanently public purge recurse recursive root skip sudo unsafe without
""")
