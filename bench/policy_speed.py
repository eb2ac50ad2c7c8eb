"""How fast policy judges, beside what its parts can do at the most.

    python -m bench.policy_speed

Prints microseconds an evaluation for documents of up to 500 rules, for a rule that matches by name, by condition and
by expression, and the raw rate of the expression engine; then the dearest expressions and what stops them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cel

from inbox.policy.document import PolicyDocument, default_document, parse_document
from inbox.policy.evaluate import evaluate
from inbox.policy.expressions import compiled
from inbox.policy.facts import ActionFacts, Claims, Computed, Facts, ToolFacts
from inbox.policy.meter import MOST_STEPS, Meter, Unanswerable
from inbox.policy.words import Effect

SECONDS = 0.5
WRITE = ToolFacts("write_file", Effect.WRITE, reversible=True, harmless=False, risk_floor=None)
KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "by name": lambda number: {"tool": f"other_{number}_*"},
    "by condition": lambda number: {"when": [{"fact": "recipients", "op": "gt", "value": 1_000 + number}]},
    "by window": lambda number: {
        "window": {"from": "03:00", "to": f"04:{number % 60:02}", "timezone": "Asia/Tokyo"}
    },
    "by expression": lambda number: {"expression": f"args.count > {1_000 + number} && agent == 'nobody'"},
}
DEAR: dict[str, tuple[str, dict[str, Any]]] = {
    "4,000 values read once": ("args.l.all(x, x >= 0)", {"l": [1] * 4_000}),
    "100 x 100 values": ("args.l.all(x, args.l.all(y, x + y >= 0))", {"l": list(range(100))}),
    "a list copied for each item": ("args.l.all(x, size(args.l) > 0)", {"l": [1] * 300}),
    "five regex classes": (r"args.s.matches('\\w+\\w+\\w+\\w+\\w+@')", {"s": "a" * 10_000}),
}


def main() -> None:
    print(f"{'rules':>6} {'kind':<14} {'us an evaluation':>17} {'a second':>9}")
    asked = _facts({"count": 3, "path": "/srv/data/a.txt"})
    for kind, rule in KINDS.items():
        for count in (0, 10, 100) if kind == "by expression" else (0, 10, 100, 500):
            made = _document([{"id": f"r{i}", "then": "deny", **rule(i)} for i in range(count)])
            per_call = _timed(lambda made=made: evaluate(made, asked, policy="p", version=1))  # type: ignore[misc]
            print(f"{count:>6} {kind:<14} {per_call * 1e6:>17,.0f} {1 / per_call:>9,.0f}")
    raw = cel.compile("args.count > 1000 && agent == 'nobody'")
    variables = {"args": {"count": 3}, "agent": "clerk"}
    per_call = _timed(lambda: raw.execute(variables))
    print(f"\nraw limit: the expression engine alone {per_call * 1e6:.1f} us, {1 / per_call:,.0f} a second\n")
    print(f"{'of ' + format(MOST_STEPS, ',') + ' steps':<30} {'steps':>9} {'ms':>8} {'us a step':>10}")
    for name, (text, args) in DEAR.items():
        _dear(name, text, args)


def _dear(name: str, text: str, args: dict[str, Any]) -> None:
    expression, asked, meter = compiled(text), _facts(args), Meter()
    began = time.perf_counter()
    try:
        expression(asked.actions[0], asked, meter)
    except Unanswerable as error:
        print(f"{name:<30} {error}")
        return
    took = time.perf_counter() - began
    steps = MOST_STEPS - meter.left
    print(f"{name:<30} {steps:>9,} {took * 1e3:>8.2f} {took / steps * 1e6:>10.3f}")


def _timed(work: Callable[[], object]) -> float:
    """Seconds a call, the best of five rounds."""
    work()
    best = float("inf")
    for _ in range(5):
        calls, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < SECONDS / 5:
            work()
            calls += 1
        best = min(best, spent / calls)
    return best


def _document(rules: list[dict[str, Any]]) -> PolicyDocument:
    base = default_document(("reviewer", "senior", "lead")).model_dump(mode="json", exclude_none=True)
    return parse_document({**base, "rules": rules})


def _facts(args: dict[str, Any]) -> Facts:
    action = ActionFacts(
        key="k",
        name="write_file",
        kind="tool_call",
        args=args,
        description="",
        tool=WRITE,
        verifiable=True,
        findings=(),
        computed=Computed(recipients=3),
    )
    return Facts(
        "clerk", "acme", "run", "pre_execution", (action,), Claims(), datetime(2026, 11, 21, 12, tzinfo=UTC)
    )


if __name__ == "__main__":
    main()
