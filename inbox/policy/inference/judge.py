"""What an unknown tool's call amounts to: a list of factors, each with its weight and its sentence.

Everything but the name only adds: the description, the schema, the arguments, what the user asked and what the last
result said. So whatever an agent leaves out or puts in, only the tool's own name and the exact arguments can make a
call look harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from inbox.policy.computed.addresses import ADDRESS_WORDS, urls
from inbox.policy.computed.compute import SHELL_TOOLS, SQL_TOOLS
from inbox.policy.computed.foreign import identifying
from inbox.policy.computed.shell.sensitive import hunts, secret_file
from inbox.policy.computed.values import Leaf, leaves
from inbox.policy.factors import Factor, Weight
from inbox.policy.facts import ActionFacts, Claims
from inbox.policy.inference import verbs
from inbox.policy.inference.arguments import acting_argument
from inbox.policy.inference.concepts import confidential, personal
from inbox.policy.inference.effect import Guess, Named, named_effect
from inbox.policy.inference.instructions import gives_instructions
from inbox.policy.inference.relation import related
from inbox.policy.naming import lexicon, words_of
from inbox.policy.reasons import ReasonCode

LONGEST_DESCRIPTION: Final = 4_000
_WORD: Final = re.compile(r"[A-Za-z0-9]{2,30}")
# The arguments that hold commands or SQL, and those that may stand beside them without changing what runs.
_LANGUAGES: Final = lexicon("bash cmd command commands queries query shell sql statement statements")
_BESIDE: Final = lexicon(
    "database db description explanation reason schema thought timeout timeout_ms timeout_seconds"
)
_PIECE: Final = re.compile(r"[^/?&=.#:_]{6,}")
_EVERYTHING: Final = re.compile(r"^(?:\*|%|\.\*|all|everything|everyone)$", re.IGNORECASE)
_BULK: Final = frozenset({"export", "dump", "backup", "bulk", "mass", "everyone", "everything"})
_SOUGHT: Final = lexicon(
    "contains content filter filename keyword keywords match name needle path pattern phrase q query regex search sql statement subject term terms text title topic"
)


def judge(action: ActionFacts, claims: Claims) -> Iterator[Factor]:
    """The factors of one call of a tool the catalogue does not know."""
    named = named_effect(action.name)
    values = list(leaves(action.args))
    if not action.computed.worked_out:
        yield Factor(Weight.MEDIUM, ReasonCode.UNKNOWN_TOOL, "Tool is not in the catalogue")
        return
    if _runs(action, named):
        yield from _language(action, values)
    else:
        yield _effect(named)
        if named.guess is Guess.HAND_OVER:
            return
        yield from _disagreement(action, named, values)
    yield from _sensitivity(action, values, claims)
    yield from _addresses(values, claims)
    yield from _breadth(action, values)
    yield from _after_instructions(action, values, claims)


def _effect(named: Named) -> Factor:
    if named.guess is Guess.READ:
        return Factor(
            Weight.READ,
            ReasonCode.INFERRED_READ,
            f"Not in the catalogue; its name says that it only reads ({named.verb})",
        )
    if named.guess is Guess.HAND_OVER:
        return Factor(
            Weight.READ,
            ReasonCode.INFERRED_READ,
            "Not in the catalogue; its name says that it hands over to a person",
        )
    if named.guess is Guess.FINAL:
        return Factor(
            Weight.HIGH,
            ReasonCode.INFERRED_FINAL,
            f"Not in the catalogue; its name says that it cannot be taken back ({named.verb})",
        )
    if named.guess is Guess.WRITE:
        return Factor(
            Weight.MEDIUM,
            ReasonCode.INFERRED_WRITE,
            f"Not in the catalogue; its name says that it changes something ({named.verb})",
        )
    return Factor(Weight.MEDIUM, ReasonCode.UNKNOWN_TOOL, "Tool is not in the catalogue")


def _runs(action: ActionFacts, named: Named) -> bool:
    """A tool that is there to run commands or SQL, and whose name says nothing beyond that."""
    words = set(words_of(action.name))
    if action.computed.shell is None and (action.computed.sql is None or words & SHELL_TOOLS):
        return False
    if action.computed.sql is None and words & SQL_TOOLS:
        return False
    called_so = bool(words & (SHELL_TOOLS | SQL_TOOLS))
    return named.verb in verbs.RUN or (called_so and named.guess in (Guess.UNKNOWN, Guess.READ))


def _language(action: ActionFacts, values: list[Leaf]) -> Iterator[Factor]:
    """Such a tool does what it is told in that language, as far as all of it is told there."""
    shell, sql = action.computed.shell, action.computed.sql
    reads = (shell is None or shell.only_reads) and (sql is None or (sql.parsed and not sql.writes))
    beside = [
        leaf for leaf in values if leaf.text and not leaf.words & _LANGUAGES and leaf.name not in _BESIDE
    ]
    if not reads or beside:
        yield Factor(Weight.MEDIUM, ReasonCode.UNKNOWN_TOOL, "Tool is not in the catalogue")
        return
    what = "commands" if shell is not None else "SQL"
    text = f"Not in the catalogue; the {what} it is given only read"
    yield Factor(Weight.READ, ReasonCode.INFERRED_READ, text)


def _disagreement(action: ActionFacts, named: Named, values: list[Leaf]) -> Iterator[Factor]:
    """The name says read, and the description's first words or the arguments say otherwise."""
    if named.guess is not Guess.READ:
        return
    first = [word.lower() for word in _WORD.findall(action.description[:200])[:1]]
    acts = (
        verbs.WRITE | verbs.SEND | verbs.DESTROY | verbs.MONEY | verbs.ACCESS | verbs.RUN
    ) - verbs.NOUNS_TOO
    for word in first:
        if (
            word in acts
            or (word.endswith("s") and word[:-1] in acts)
            or (word.endswith("es") and word[:-2] in acts)
        ):
            yield Factor(
                Weight.MEDIUM,
                ReasonCode.CONFLICT,
                f"Its name says that it reads, its description begins with {word}",
            )
    acting = acting_argument(values)
    if acting:
        yield Factor(Weight.MEDIUM, ReasonCode.CONFLICT, f"Its name says that it reads, but {acting}")


def _sensitivity(action: ActionFacts, values: list[Leaf], claims: Claims) -> Iterator[Factor]:
    words = [*words_of(action.name), *(word for leaf in values for word in leaf.words)]
    described = [word.lower() for word in _WORD.findall(action.description[:LONGEST_DESCRIPTION])]
    thing = confidential(words_of(action.name)) or confidential(described)
    sql = action.computed.sql
    if not thing and sql is not None:
        thing = confidential([word for table in sql.tables for word in words_of(table)])
    if thing:
        yield Factor(Weight.SENSITIVE, ReasonCode.CONFIDENTIAL, f"What it looks at is confidential: {thing}")
    if any(hunts(leaf.text) for leaf in values if leaf.words & _SOUGHT and len(leaf.text) < 500) or any(
        secret_file(leaf.text)
        for leaf in values
        if leaf.text
        and len(leaf.text) < 500
        and ("/" in leaf.text or "." in leaf.text or leaf.words & {"file", "path", "filename"})
    ):
        yield Factor(Weight.SENSITIVE, ReasonCode.CONFIDENTIAL, "It looks for passwords, keys or codes")
    about = personal(words_of(action.name)) or personal(words)
    if about and claims.user_task and not _explained(action, values, claims):
        yield Factor(
            Weight.MEDIUM,
            ReasonCode.UNRELATED,
            f"Looks at something personal ({about}) of which the user's task says nothing",
        )


def _explained(action: ActionFacts, values: list[Leaf], claims: Claims) -> bool:
    """The task speaks of it, or the last result, where that only gave data, led to exactly these values."""
    known = identifying(values)
    if related(action.name, known, claims.user_task):
        return True
    output = claims.prior_output.lower()
    return (
        bool(known)
        and all(value in output for value in known)
        and not gives_instructions(claims.prior_output)
    )


def _addresses(values: list[Leaf], claims: Claims) -> Iterator[Factor]:
    for leaf in values:
        for url in urls(leaf.text, whole=bool(leaf.words & ADDRESS_WORDS)):
            if not url.plain:
                yield Factor(
                    Weight.MEDIUM,
                    ReasonCode.ADDRESS,
                    "It opens an address that could carry data away, or is not public",
                )
                return
            if _put_together(url.text, url.host, claims.prior_output):
                yield Factor(
                    Weight.MEDIUM,
                    ReasonCode.ADDRESS,
                    "It opens an address put together with what the last result held",
                )
                return
            if claims.user_task and url.host.removeprefix("www.") not in claims.user_task.lower():
                yield Factor(
                    Weight.MEDIUM,
                    ReasonCode.ADDRESS,
                    "It opens an address that the user's task does not name",
                )
                return


def _put_together(url: str, host: str, output: str) -> bool:
    """Whether an identifier of the last result stands in an address of a host that result does not name."""
    return host not in output.lower() and any(
        piece in output for piece in _PIECE.findall(url) if any(char.isdigit() for char in piece)
    )


def _breadth(action: ActionFacts, values: list[Leaf]) -> Iterator[Factor]:
    if set(words_of(action.name)) & _BULK or any(
        _EVERYTHING.match(leaf.text) for leaf in values if leaf.text
    ):
        yield Factor(Weight.HINT, ReasonCode.BULK, "It takes everything there is, not one thing")


def _after_instructions(action: ActionFacts, values: list[Leaf], claims: Claims) -> Iterator[Factor]:
    output = claims.prior_output
    if not output or not gives_instructions(output):
        return
    known = identifying(values)
    lower, task = output.lower(), claims.user_task.lower()
    if not task or not related(action.name, known, task):
        text = "The last result gave instructions, and the user's task does not ask for this"
        yield Factor(Weight.MEDIUM, ReasonCode.INSTRUCTED, text)
    elif any(value in lower and value not in task for value in known):
        text = "The last result gave instructions, and its values come from there"
        yield Factor(Weight.MEDIUM, ReasonCode.INSTRUCTED, text)
    else:
        yield Factor(Weight.HINT, ReasonCode.INSTRUCTED, "The last result gave instructions")
