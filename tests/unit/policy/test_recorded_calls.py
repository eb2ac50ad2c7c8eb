"""Recorded calls of real agents, when they lie beside the repository: nothing real is an error or passes unknown."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from inbox.policy.evaluate import safe_evaluate
from inbox.policy.words import Outcome
from tests.unit.policy.building import DEFAULT, HARMLESS, action, document, facts


def test_every_recorded_call_is_judged_without_error(shared: Path) -> None:
    allowing = document({"id": "all", "then": "allow"})
    codes: Counter[str] = Counter()
    outcomes: Counter[Outcome] = Counter()
    for path in sorted((shared / "traces" / "dev").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            call = json.loads(line)
            args = call["args"] if isinstance(call["args"], dict) else {"value": call["args"]}
            unknown = safe_evaluate(
                allowing, facts(action(None, args, name=call["tool"])), policy="p", version=1
            )
            known = safe_evaluate(
                DEFAULT, facts(action(HARMLESS, args, name=call["tool"])), policy="p", version=1
            )
            codes.update(reason.code.value for reason in (*unknown.reasons, *known.reasons))
            outcomes[unknown.outcome] += 1
    assert codes["policy-error"] == 0
    assert set(outcomes) == {Outcome.REVIEW}
    # Money and secrets are rare in ordinary calls: a measure that cries at everything would be read by nobody.
    assert codes["amount"] + codes["reach"] + codes["secret"] < outcomes.total() / 10
