"""Everything the server works out from one action's exact arguments. Linear in their size, capped, no network."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from inbox.canonical import JsonValue
from inbox.policy.computed.addresses import ADDRESS_WORDS, covering, email_domains, urls
from inbox.policy.computed.foreign import foreign, identifying
from inbox.policy.computed.money import currency
from inbox.policy.computed.paths import path_of
from inbox.policy.computed.shell import shell_facts
from inbox.policy.computed.sql import sql_facts
from inbox.policy.computed.values import Leaf, leaves
from inbox.policy.facts import Computed, ShellFacts, SqlFacts
from inbox.policy.impact import measure
from inbox.policy.naming import lexicon, words_of

# Words in the names of tools that are handed commands, and SQL.
SHELL_TOOLS: Final = lexicon("bash cmd command console powershell sh shell terminal zsh")
_COMMANDS: Final = frozenset({"command", "cmd", "commands", "bash", "script", "shell"})
SQL_TOOLS: Final = lexicon("bigquery database db mysql postgres postgresql snowflake sql sqlite")
_QUERIES: Final = frozenset({"query", "queries", "sql", "statement", "statements"})
_STARTS_SQL: Final = re.compile(
    r"(?is)^\s*(?:--[^\n]*\n\s*|/\*(?:[^*]|\*(?!/))*\*/\s*)*(?:select\b.+\bfrom\b|select\s+[\d'(*]|with\s+\w+\s+as\b|insert\s+into\b"
    r"|update\s+\S+\s+set\b|delete\s+from\b|(?:drop|alter|create|truncate)\s+(?:temp\w*\s+|unique\s+|or\s+replace\s+)*(?:table|view|index|database|schema|function|user|role|trigger|procedure|sequence)\b|merge\s+into\b|(?:grant|revoke)\s+\w+.+\b(?:to|from)\b)"
)
# More than this of anything is named no further: a rule asks whether, not which of thousands.
MOST_NAMED: Final = 200


def compute(
    name: str,
    args: Mapping[str, JsonValue],
    *,
    user_task: str = "",
    prior_output: str = "",
    own_domains: Collection[str] = (),
) -> Computed:
    """The computed facts of one action; `new_values` and `new_tool` are history's and stay as they are.

    `own_domains` are the team's: theirs and their subdomains are not external. Raises what the walks raise for
    arguments that are too large, too deep, or hold what JSON cannot.
    """
    impact = measure(args)
    every = list(leaves(args))
    words = frozenset(words_of(name))
    domains = _first(domain for leaf in every for domain in email_domains(leaf.text))
    addressed = [url for leaf in every for url in urls(leaf.text, whole=bool(leaf.words & ADDRESS_WORDS))]
    hosts = _first(url.host for leaf in every for url in urls(leaf.text) if url.host)
    return Computed(
        worked_out=True,
        recipients=_recipients(every),
        affected=math.ceil(impact.reach.number) if impact.reach else 0,
        amount=impact.amount.number if impact.amount else None,
        currency=currency(every) if impact.amount else "",
        domains=domains,
        hosts=hosts,
        external=tuple(one for one in dict.fromkeys((*domains, *hosts)) if not covering(one, own_domains)),
        carried_to=_first(
            url.host or url.text[:60]
            for url in addressed
            if url.carries and not covering(url.host, own_domains)
        ),
        paths=_first(path for leaf in every if (path := path_of(leaf)) is not None),
        shell=_shell(words, every),
        sql=_sql(words, every),
        secret=impact.secret or "",
        foreign=foreign(identifying(every), user_task, prior_output),
    )


def _recipients(every: list[Leaf]) -> int:
    return sum(
        max(1, leaf.text.count("@"))
        for leaf in every
        if leaf.words & {"to", "cc", "bcc", "recipient", "recipients", "attendees", "participants"}
        and leaf.text
    )


def _shell(words: frozenset[str], every: list[Leaf]) -> ShellFacts | None:
    """The command lines among the arguments, judged together."""
    is_shell = bool(words & SHELL_TOOLS)
    texts = [
        leaf.text
        for leaf in every
        if leaf.text
        and (
            leaf.name in {"command", "cmd", "shell_command", "bash_command"}
            or (is_shell and leaf.words & _COMMANDS)
        )
    ]
    if not texts:
        return None
    # A list of words may be one command or several; joined by lines it is read as several, which sees the most.
    return shell_facts("\n".join(texts))


def _sql(words: frozenset[str], every: list[Leaf]) -> SqlFacts | None:
    is_sql = bool(words & SQL_TOOLS)
    texts = [
        leaf.text
        for leaf in every
        if leaf.text
        and ((is_sql and leaf.words & _QUERIES) or leaf.name == "sql" or _STARTS_SQL.match(leaf.text[:2_000]))
    ]
    return sql_facts(";\n".join(texts)) if texts else None


def _first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for _, one in zip(range(MOST_NAMED), dict.fromkeys(found), strict=False))
