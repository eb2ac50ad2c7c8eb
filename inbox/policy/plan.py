"""A plan: the actions of one request, which of them need which, and what a decision on some does to the others.

Nothing runs on a step that was not approved. What is not approved takes with it whatever needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from inbox.policy.problems import pointer
from inbox.policy.reasons import printable
from inbox.policy.words import Risk

# An object with this key stands for a value known only at run time: {"$from": "<step key>", "path": "/id"}.
LATE: Final = "$from"


class StepVerdict(StrEnum):
    """What a person says to one step. DEFER: not now; the agent asks again when it gets there."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    RESPOND = "respond"
    CHOOSE = "choose"
    DEFER = "defer"


RUNS: Final = frozenset({StepVerdict.APPROVE, StepVerdict.EDIT})
_ANSWERS: Final = frozenset({StepVerdict.RESPOND, StepVerdict.CHOOSE})
_WORDS: Final[dict[StepVerdict | None, str]] = {
    None: "is not decided",
    StepVerdict.REJECT: "is rejected",
    StepVerdict.RESPOND: "is answered instead of run",
    StepVerdict.CHOOSE: "is answered instead of run",
    StepVerdict.DEFER: "is put off",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One action as a step.

    `depends_on` are the keys of the steps it needs. `sources` are the steps its arguments, as they would run,
    are taken from at run time (sources_of): an approval cannot approve such arguments. `asks` is true for a question
    or a choice: an answer completes it.
    """

    key: str
    depends_on: tuple[str, ...] = ()
    risk: Risk = Risk.LOW
    sources: tuple[str, ...] = ()
    asks: bool = False


class PlanProblemCode(StrEnum):
    """Why steps are no plan. docs/explanation/editing.md explains each; a test keeps it complete."""

    KEY_TWICE = "key-twice"
    UNKNOWN_KEY = "unknown-key"
    ON_ITSELF = "depends-on-itself"
    CYCLE = "cycle"
    UNDECLARED_SOURCE = "undeclared-source"


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One thing wrong with a plan: the step, a code, and a sentence for the agent's author."""

    key: str
    code: PlanProblemCode
    message: str


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


def problems(steps: Sequence[Step]) -> tuple[PlanProblem, ...]:
    """Everything that keeps the steps from being a plan, by step; of several cycles one. Empty when it is one."""
    return tuple(sorted(_problems(steps), key=lambda one: (one.key, one.code)))


def riskiest_first(steps: Sequence[Step]) -> tuple[str, ...]:
    """The keys, the highest risk first; among equals what cannot be verified, then the order of the plan."""
    ranked = sorted(steps, key=lambda step: (-step.risk.rank, step.risk is not Risk.UNVERIFIABLE))
    return tuple(step.key for step in ranked)


def falls(steps: Sequence[Step], verdicts: Mapping[str, StepVerdict]) -> dict[str, Fall]:
    """The steps said to hold that do not: something they need does not, or their arguments are not known yet.

    A step holds when it runs, or is a question and is answered. `steps` must be a plan (ValueError). A key without a
    verdict is not approved. The order of the steps does not matter.
    """
    found: dict[str, Fall] = {}
    holding: set[str] = set()
    for step in _by_need(steps):
        verdict = verdicts.get(step.key)
        if verdict not in RUNS and not (step.asks and verdict in _ANSWERS):
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


def settled(steps: Sequence[Step], verdicts: Mapping[str, StepVerdict]) -> dict[str, StepVerdict]:
    """The verdicts as they take effect: a step that falls is put off, for it was not refused for itself."""
    fallen = falls(steps, verdicts)
    return {key: StepVerdict.DEFER if key in fallen else verdict for key, verdict in verdicts.items()}


def stop_line(steps: Sequence[Step], at: int) -> dict[str, StepVerdict]:
    """Run the first `at` steps, then ask again: those after the line are put off, and so is what needs them.

    Raises ValueError when `at` is not 0 to the number of steps, or the steps are no plan.
    """
    if not 0 <= at <= len(steps):
        raise ValueError(f"no stop line at {at} of {len(steps)} steps")
    wanted = {
        step.key: StepVerdict.APPROVE if number < at else StepVerdict.DEFER
        for number, step in enumerate(steps)
    }
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


def _problems(steps: Sequence[Step]) -> Iterator[PlanProblem]:
    known = {step.key: step for step in steps}
    counted: set[str] = set()
    for step in steps:
        name = printable(step.key)
        if step.key in counted:
            yield PlanProblem(step.key, PlanProblemCode.KEY_TWICE, f"There are two steps {name}.")
        counted.add(step.key)
        for needed in sorted(set(step.depends_on) - known.keys()):
            message = f"{name} depends on {printable(needed)}, which is no step of this request."
            yield PlanProblem(step.key, PlanProblemCode.UNKNOWN_KEY, message)
        if step.key in step.depends_on:
            yield PlanProblem(step.key, PlanProblemCode.ON_ITSELF, f"{name} depends on itself.")
        for source in sorted(set(step.sources) - set(step.depends_on)):
            message = (
                f"{name} takes arguments from {printable(source) or 'no step'}, but does not depend on it."
            )
            yield PlanProblem(step.key, PlanProblemCode.UNDECLARED_SOURCE, message)
    needs = {key: sorted({*known[key].depends_on} & known.keys() - {key}) for key in sorted(known)}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        cycle = error.args[1]
        message = f"These steps wait for each other: {' → '.join(map(printable, cycle[::-1]))}."
        yield PlanProblem(min(cycle), PlanProblemCode.CYCLE, message)


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


def _why(key: str, verdicts: Mapping[str, StepVerdict], fallen: Mapping[str, Fall]) -> str:
    if key not in fallen:
        return f"needs {printable(key)}, which {_WORDS[verdicts.get(key)]}"
    if fallen[key].because:
        return f"needs {printable(key)}, which needs {', '.join(map(printable, fallen[key].because))}"
    return f"needs {printable(key)}, which will ask again"
