"""A plan: the actions of one request, which of them need which, and what a decision on some does to the others.

Nothing runs on a step that was not approved. What is not approved takes with it whatever needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from inbox.lifecycle import Verb
from inbox.policy.problems import pointer
from inbox.policy.reasons import printable
from inbox.policy.words import Risk

# An object with this key stands for a value known only at run time: {"$from": "<step key>", "path": "/id"}.
LATE: Final = "$from"


_WORDS: Final[dict[Verb | None, str]] = {
    None: "is not decided",
    Verb.REJECT: "is rejected",
    Verb.RESPOND: "is answered instead of run",
    Verb.CHOOSE: "is answered instead of run",
    Verb.DEFER: "is put off",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One action as a step.

    `depends_on` are the keys of the steps it needs. `sources` are the steps its arguments, as they would run,
    are taken from at run time (sources_of): an approval cannot approve such arguments. `asks` is true for a question
    or a choice: an answer completes it. That steps are a plan is checked when they are asked (agents.contract).
    """

    key: str
    depends_on: tuple[str, ...] = ()
    risk: Risk = Risk.LOW
    sources: tuple[str, ...] = ()
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Fall:
    """Why a step that was to run does not: the steps it needs that do not hold, and the reason in words."""

    because: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LateValue:
    """A place in arguments that is filled at run time: its RFC 6901 pointer, the step, and where in its result."""

    pointer: str
    step: str
    path: str


def riskiest_first(steps: Sequence[Step]) -> tuple[str, ...]:
    """The keys, the highest risk first; among equals what cannot be verified, then the order of the plan."""
    ranked = sorted(steps, key=lambda step: (-step.risk.rank, step.risk is not Risk.UNVERIFIABLE))
    return tuple(step.key for step in ranked)


def falls(steps: Sequence[Step], verdicts: Mapping[str, Verb]) -> dict[str, Fall]:
    """The steps said to hold that do not: something they need does not, or their arguments are not known yet.

    A step holds when it runs, or is a question and is answered. `steps` must be a plan (ValueError). A key without a
    verdict is not approved. The order of the steps does not matter.
    """
    found: dict[str, Fall] = {}
    holding: set[str] = set()
    for step in _by_need(steps):
        verdict = verdicts.get(step.key)
        if verdict is None or not (verdict.lets_run or (step.asks and verdict.answers)):
            continue
        because = tuple(key for key in sorted(set(step.depends_on)) if key not in holding)
        if because:
            reasons = [_why(key, verdicts, found) for key in because]
            found[step.key] = Fall(because, "; ".join(reasons))
        elif step.sources:
            found[step.key] = Fall((), "its arguments are decided at run time, so it will ask again")
        else:
            holding.add(step.key)
    return found


def settled(steps: Sequence[Step], verdicts: Mapping[str, Verb]) -> dict[str, Verb]:
    """The verdicts as they take effect: a step that falls is put off, for it was not refused for itself."""
    fallen = falls(steps, verdicts)
    return {key: Verb.DEFER if key in fallen else verdict for key, verdict in verdicts.items()}


def stop_line(steps: Sequence[Step], at: int) -> dict[str, Verb]:
    """Run the first `at` steps, then ask again: those after the line are put off, and so is what needs them.

    Raises ValueError when `at` is not 0 to the number of steps, or the steps are no plan.
    """
    if not 0 <= at <= len(steps):
        raise ValueError(f"no stop line at {at} of {len(steps)} steps")
    wanted = {step.key: Verb.APPROVE if number < at else Verb.DEFER for number, step in enumerate(steps)}
    return settled(steps, wanted)


def late_values(args: Any) -> Iterator[LateValue]:
    """The places in arguments that are filled at run time, in no particular order.

    Any object with the key `$from` counts, whatever else it holds: to take one for a value would approve what is
    not known.
    """
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), args)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            if LATE in value:
                step, path = value[LATE], value.get("path", "")
                yield LateValue(pointer(place), _text(step), _text(path))
                continue
            waiting += [((*place, key), below) for key, below in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, index), below) for index, below in enumerate(value)]


def concrete(args: Any) -> bool:
    """Whether arguments are known, so that approving them approves what will run."""
    return next(late_values(args), None) is None


def sources_of(args: Any) -> tuple[str, ...]:
    """The steps the arguments are taken from at run time, each once; empty when they are concrete."""
    return tuple(sorted({value.step for value in late_values(args)}))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _by_need(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps, each after those it needs."""
    known = {step.key: step for step in steps}
    try:
        order = list(TopologicalSorter({key: known[key].depends_on for key in sorted(known)}).static_order())
    except CycleError:
        raise ValueError("these steps are no plan") from None
    if len(order) > len(known):
        raise ValueError("these steps are no plan")
    return (known[key] for key in order)


def _why(key: str, verdicts: Mapping[str, Verb], fallen: Mapping[str, Fall]) -> str:
    if key not in fallen:
        return f"needs {printable(key)}, which {_WORDS[verdicts.get(key)]}"
    if fallen[key].because:
        return f"needs {printable(key)}, which needs {', '.join(map(printable, fallen[key].because))}"
    return f"needs {printable(key)}, which will ask again"
