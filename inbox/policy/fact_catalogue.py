"""Every name a condition or an expression may read: who vouches for it, its type, and what it means.

A claim may only raise what is asked. Which facts rest on claims is said here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from agents.contract import Context
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.windows import DAYS

# What an agent may be required to fill in.
CONTEXT_FIELDS: Final = frozenset(Context.model_fields)
UNKNOWN_EFFECT: Final = "unknown"


class Kind(StrEnum):
    """Who vouches for a fact: the server and its admins; the server by computing it; the agent alone."""

    VOUCHED = "vouched"
    COMPUTED = "computed"
    CLAIMED = "claimed"


class Type(StrEnum):
    """What a fact's value is. `any` is whatever the agent's JSON holds there."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXTS = "texts"
    ANY = "any"


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Fact:
    """A name rules may use. `read` gives its value for one action, or MISSING; a family's name ends in `.*`."""

    name: str
    kind: Kind
    type: Type
    doc: str
    read: Callable[[ActionFacts, Facts], Any]
    # Whether it says something about what is done, and not only about when or how often.
    grounds: bool = True


def find(name: str) -> Fact | None:
    """The fact of this name; `args.` and `context.` names find their family. None when there is none."""
    root, dot, rest = name.partition(".")
    if dot and root == "args":
        return _ARGS
    if dot and root == "context":
        return _CONTEXT if rest in CONTEXT_FIELDS else None
    return _BY_NAME.get(name)


def value_of(name: str, action: ActionFacts, facts: Facts) -> Any:
    """The value of a known fact, or MISSING. A `*` in an `args.` name gathers one value of every item."""
    root, _, rest = name.partition(".")
    if root == "args":
        return _inside(action.args, rest.split("."))
    if root == "context":
        return rest in facts.claims.context
    return _BY_NAME[name].read(action, facts)


def _inside(value: Any, path: list[str]) -> Any:
    for place, step in enumerate(path):
        if step == "*":
            items = list(value.values()) if isinstance(value, Mapping) else value
            if not isinstance(items, list | tuple):
                return MISSING
            found = [_inside(item, path[place + 1 :]) for item in items]
            # One item without the field is not a shorter list: what is not there cannot be judged.
            return MISSING if any(one is MISSING for one in found) else _flat(found)
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif (
            isinstance(value, list | tuple)
            and step.isascii()
            and step.isdecimal()
            and int(step[:6]) < len(value)
        ):
            value = value[int(step[:6])]
        else:
            return MISSING
    return MISSING if value is None else value


def _flat(found: list[Any]) -> list[Any]:
    return [item for one in found for item in (one if isinstance(one, list | tuple) else (one,))]


def _or_missing(value: Any) -> Any:
    return MISSING if value is None else value


def _shell(name: str) -> Callable[[ActionFacts, Facts], Any]:
    def read(action: ActionFacts, _: Facts) -> Any:
        shell = action.computed.shell
        return MISSING if shell is None or not (shell.parsed or name == "parsed") else getattr(shell, name)

    return read


def _sql(name: str) -> Callable[[ActionFacts, Facts], Any]:
    def read(action: ActionFacts, _: Facts) -> Any:
        sql = action.computed.sql
        return MISSING if sql is None or not (sql.parsed or name == "parsed") else getattr(sql, name)

    return read


def _effect(action: ActionFacts) -> str:
    return UNKNOWN_EFFECT if action.tool is None else action.tool.effect.value


_V, _C, _A = Kind.VOUCHED, Kind.COMPUTED, Kind.CLAIMED
_ARGS: Final = Fact(
    "args.*", _V, Type.ANY,
    "An argument, by its path: `args.to`, `args.items.0.price`, `args.items.*.price` for that of every item.",
    lambda action, _: action.args,
)  # fmt: skip
_CONTEXT: Final = Fact(
    "context.*", _A, Type.BOOLEAN,
    "Whether the agent filled in this field of its context, as `context.rationale`.",
    lambda _, facts: facts.claims.context,
)  # fmt: skip

FACTS: Final[tuple[Fact, ...]] = (
    Fact("agent", _V, Type.TEXT, "The agent's handle.", lambda _, facts: facts.agent),
    Fact("environment", _V, Type.TEXT, "The environment an admin set for the agent, empty when none.", lambda _, facts: facts.environment),
    Fact("checkpoint", _A, Type.TEXT, "At which point the agent says it is.", lambda _, facts: facts.checkpoint, grounds=False),
    Fact("tool.name", _V, Type.TEXT, "The tool's name.", lambda action, _: action.name),
    Fact("tool.known", _V, Type.BOOLEAN, "Whether the tool is in the catalogue.", lambda action, _: action.tool is not None),
    Fact("tool.effect", _V, Type.TEXT, "The catalogue's word: `read`, `write`, `irreversible`; `unknown` for an unknown tool.", lambda action, _: _effect(action)),
    Fact("tool.reversible", _V, Type.BOOLEAN, "The catalogue says it can be put back, or it only reads.", lambda action, _: action.can_be_undone),
    Fact("tool.harmless", _V, Type.BOOLEAN, "The catalogue says that it reads only, and harmlessly.", lambda action, _: action.is_harmless_read),
    _ARGS,
    Fact("recipients", _C, Type.NUMBER, "How many people or addresses it reaches.", lambda action, _: action.computed.recipients),
    Fact("affected", _C, Type.NUMBER, "How many things it touches.", lambda action, _: action.computed.affected),
    Fact("amount", _C, Type.NUMBER, "The money moved, in whole units; missing when none is found.", lambda action, _: _or_missing(action.computed.amount)),
    Fact("currency", _C, Type.TEXT, "The ISO 4217 code of the amount, empty when none is named.", lambda action, _: action.computed.currency),
    Fact("domains", _C, Type.TEXTS, "Domains of the addresses it names, in lower case.", lambda action, _: action.computed.domains),
    Fact("hosts", _C, Type.TEXTS, "Hosts of the URLs it names, in lower case.", lambda action, _: action.computed.hosts),
    Fact("external", _C, Type.TEXTS, "Those domains and hosts that are not the team's own.", lambda action, _: action.computed.external),
    Fact("carried_to", _C, Type.TEXTS, "Of those the hosts of URLs long, encoded or random enough to carry data.", lambda action, _: action.computed.carried_to),
    Fact("paths", _C, Type.TEXTS, "Paths it names, normalised.", lambda action, _: action.computed.paths),
    Fact("shell.parsed", _C, Type.BOOLEAN, "Whether its shell command was understood; missing when there is none.", _shell("parsed")),
    Fact("shell.programs", _C, Type.TEXTS, "The programs a shell command runs.", _shell("programs")),
    Fact("shell.writes", _C, Type.BOOLEAN, "A shell command writes files.", _shell("writes")),
    Fact("shell.destroys", _C, Type.BOOLEAN, "A shell command deletes or overwrites.", _shell("destroys")),
    Fact("shell.privileged", _C, Type.BOOLEAN, "A shell command asks for another user's rights.", _shell("privileged")),
    Fact("shell.network", _C, Type.BOOLEAN, "A shell command reaches the network.", _shell("network")),
    Fact("shell.hunts", _C, Type.BOOLEAN, "A shell command searches for passwords, keys or codes.", _shell("hunts")),
    Fact("sql.parsed", _C, Type.BOOLEAN, "Whether its SQL was understood; missing when there is none.", _sql("parsed")),
    Fact("sql.statements", _C, Type.TEXTS, "Kinds of SQL statements, in lower case.", _sql("statements")),
    Fact("sql.tables", _C, Type.TEXTS, "Tables its SQL names, in lower case.", _sql("tables")),
    Fact("sql.columns", _C, Type.TEXTS, "Columns its SQL names, in lower case.", _sql("columns")),
    Fact("sql.writes", _C, Type.BOOLEAN, "Its SQL changes data.", _sql("writes")),
    Fact("sql.unbounded", _C, Type.BOOLEAN, "Its SQL changes or deletes without a condition.", _sql("unbounded")),
    Fact("secret", _C, Type.TEXT, "The argument that seems to hold a password, key or token, empty when none does.", lambda action, _: action.computed.secret),
    Fact("foreign", _A, Type.TEXTS, "Arguments whose values are neither in the task nor in earlier results. Those two are the agent's words.", lambda action, _: action.computed.foreign),
    Fact("new_values", _C, Type.TEXTS, "Arguments with values this agent never used with this tool before.", lambda action, _: action.computed.new_values),
    Fact("new_destinations", _C, Type.TEXTS, "Those of them by which something goes out: an address or host outside, a phone, a payee.", lambda action, _: action.computed.new_destinations),
    Fact("new_tool", _C, Type.BOOLEAN, "This agent never used this tool before.", lambda action, _: action.computed.new_tool),
    Fact("history.approved", _V, Type.NUMBER, "How often people approved this agent with this tool.", lambda action, _: action.history.approved),
    Fact("history.rejected", _V, Type.NUMBER, "How often they rejected it.", lambda action, _: action.history.rejected),
    Fact("history.edited", _V, Type.NUMBER, "How often they changed it first.", lambda action, _: action.history.edited),
    Fact("history.agent_age_s", _V, Type.NUMBER, "Seconds since the agent was made.", lambda action, _: action.history.agent_age_s),
    Fact("now.hour", _V, Type.NUMBER, "The hour in UTC, 0 to 23. For local hours use a window.", lambda _, facts: facts.now.hour, grounds=False),
    Fact("now.weekday", _V, Type.TEXT, "The day in UTC: `mon` to `sun`.", lambda _, facts: DAYS[facts.now.weekday()], grounds=False),
    Fact("run.requests", _V, Type.NUMBER, "How many requests this run made before; it is counted up to 1,000.", lambda _, facts: facts.requests_in_run, grounds=False),
    Fact("run.lately", _V, Type.NUMBER, "How many of them came within the last minute.", lambda _, facts: facts.requests_lately, grounds=False),
    Fact("claims.risk", _A, Type.TEXT, "The risk the agent claims.", lambda _, facts: MISSING if facts.claims.risk is None else facts.claims.risk.value),
    Fact("claims.urgency", _A, Type.TEXT, "The urgency it claims.", lambda _, facts: _or_missing(facts.claims.urgency)),
    Fact("claims.confidence", _A, Type.NUMBER, "How sure it says it is, 0 to 1.", lambda _, facts: _or_missing(facts.claims.confidence)),
    Fact("claims.cost_usd", _A, Type.NUMBER, "What it says it will cost, in US dollars.", lambda _, facts: _or_missing(facts.claims.cost_usd)),
    Fact("claims.duration_s", _A, Type.NUMBER, "How many seconds it says it will take.", lambda _, facts: _or_missing(facts.claims.duration_s)),
    _CONTEXT,
)  # fmt: skip
_BY_NAME: Final = {fact.name: fact for fact in FACTS if not fact.name.endswith(".*")}
