"""CEL expressions: refused when parsed if they could cost too much, and asked only within an evaluation's steps.

Whatever goes wrong while one is asked raises Unanswerable, and people are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from inbox.policy.expression_text import Reference, Refused, Shape, shape_of
from inbox.policy.fact_catalogue import CONTEXT_FIELDS, FACTS, MISSING, Type, value_of
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.meter import Meter, Unanswerable

if TYPE_CHECKING:
    import cel

# In steps of up to 0.5 µs, as measured by bench/policy_speed.py: handing one value over, a regular expression's class.
VALUE: Final = 20
REGEX: Final = 200
REGEX_CLASS: Final = 5_000
# Characters compared or searched in one step.
CHARACTERS: Final = 500
REGEX_CHARACTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression, and what it reads."""

    program: cel.Program
    shape: Shape
    keys: frozenset[str] | None

    def __call__(self, action: ActionFacts, facts: Facts, meter: Meter) -> bool:
        """Whether it is true. Raises Unanswerable for any error, for what is not true or false, and an overrun."""
        variables = self._variables(action, facts)
        meter.spend(_cost(self.shape, variables, meter.left))
        answer = _run(self.program, variables)
        if not isinstance(answer, bool):
            raise Unanswerable("its expression is neither true nor false")
        return answer

    def _variables(self, action: ActionFacts, facts: Facts) -> dict[str, Any]:
        variables: dict[str, Any] = {}
        for reference in self.shape.references:
            root, name = reference.path[0], ".".join(reference.path[:2])
            if root == "args":
                variables[root] = self._args(action)
            elif root == "context":
                variables[root] = {one: one in facts.claims.context for one in CONTEXT_FIELDS}
            elif len(reference.path) == 1:
                variables[root] = _plain(value_of(name, action, facts))
            else:
                inside = variables.setdefault(root, {})
                value = value_of(name, action, facts)
                # Absent, so that has() can ask for it.
                if value is not MISSING:
                    inside[reference.path[1]] = _plain(value)
        return variables

    def _args(self, action: ActionFacts) -> dict[str, Any]:
        # Only what it names: handing over a long list it never reads would cost all the same.
        if self.keys is None:
            return dict(action.args)
        return {key: action.args[key] for key in self.keys if key in action.args}


@lru_cache(maxsize=2_048)
def compiled(text: str) -> Expression:
    """The expression ready to be asked. Raises Refused, with the place, when a rule may not have it."""
    shape = shape_of(text)
    import cel  # here, for it brings its own command line along: half a second at every start

    try:
        program = cel.compile(text)
    except ValueError as error:
        raise Refused(f"It is not CEL: {_first_line(error)}.") from None
    if not set(program.variables()) <= shape.names | {reference.path[0] for reference in shape.references}:
        raise Refused("It can be read in two ways: write it more plainly.")
    for pattern in shape.regexes:
        try:
            cel.evaluate(f'"".matches({pattern})')
        except Exception:  # noqa: BLE001 - whatever it says, the pattern is none
            raise Refused(f"{pattern} is not a regular expression.") from None
    arguments = [reference.path for reference in shape.references if reference.path[0] == "args"]
    expression = Expression(
        program,
        shape,
        None if any(len(path) == 1 for path in arguments) else frozenset(path[1] for path in arguments),
    )
    _try_out(expression)
    return expression


def _try_out(expression: Expression) -> None:
    """Refuse what is plainly no condition: an expression that can be answered without arguments, by no truth value."""
    sample: dict[str, Any] = {"args": {}}
    for fact in FACTS:
        root, dot, name = fact.name.partition(".")
        if name == "*":
            continue
        value = _SAMPLES[fact.type]
        if dot:
            sample.setdefault(root, {})[name] = value
        else:
            sample[root] = value
    sample["context"] = dict.fromkeys(CONTEXT_FIELDS, False)
    try:
        answer = _run(expression.program, sample)
    except Unanswerable:
        return
    if not isinstance(answer, bool):
        raise Refused("It is neither true nor false, and a rule's expression must be one of them.")


_SAMPLES: Final[Mapping[Type, Any]] = {Type.TEXT: "", Type.NUMBER: 1.0, Type.BOOLEAN: False, Type.TEXTS: []}


def _run(program: cel.Program, variables: dict[str, Any]) -> Any:
    try:
        return program.execute(variables)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic of the engine comes as a BaseException
        # Never the engine's message: it can quote arguments.
        raise Unanswerable("its expression has no answer: something is missing or of another type") from None


def _plain(value: Any) -> Any:
    if value is MISSING:
        return None
    return list(value) if isinstance(value, tuple) else value


def _first_line(error: ValueError) -> str:
    lines = [line.partition("<input>:")[2] for line in str(error).splitlines() if "<input>:" in line]
    return (lines[0] if lines else "it cannot be read").rstrip(".")


def _cost(shape: Shape, variables: Mapping[str, Any], most: int) -> int:
    """The steps asking it could take at the most: a bound from its shape and the sizes of what it reads."""
    sizes = _Sizes(shape.longest_list)
    values = sizes.walk(variables, most // VALUE)
    times = sizes.longest
    text = 1 + sizes.text * (1 + shape.sums) // CHARACTERS
    steps = VALUE * values
    for depth, (operators, variables_read) in enumerate(zip(shape.operators, shape.variables, strict=True)):
        steps += operators * times**depth * text
        # The engine copies what a name stands for, so items read in turn cost all of the list together.
        steps += variables_read * times ** max(depth - 1, 0) * max(values, times)
    for reference in shape.references:
        steps += times**reference.depth * _Sizes(1).walk(_at(reference, variables), most)
    for pattern in shape.regexes:
        steps += REGEX + REGEX_CLASS * pattern.count("\\") + sizes.text // REGEX_CHARACTERS
    return steps


def _at(reference: Reference, variables: Mapping[str, Any]) -> Any:
    value: Any = variables
    for name in reference.path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


class _Sizes:
    def __init__(self, longest: int) -> None:
        self.longest = longest
        self.text = 0

    def walk(self, value: Any, most: int) -> int:
        """How many values there are, counted up to a little over `most`."""
        stack: list[Any] = [value]
        seen = 0
        while stack and seen <= most:
            one = stack.pop()
            seen += 1
            if isinstance(one, str):
                self.text = max(self.text, len(one))
            elif isinstance(one, Mapping):
                self.longest = max(self.longest, len(one))
                self.text = max([self.text, *(len(key) for key in one)])
                stack.extend(one.values())
            elif isinstance(one, list | tuple):
                self.longest = max(self.longest, len(one))
                stack.extend(one)
        return seen + len(stack)
