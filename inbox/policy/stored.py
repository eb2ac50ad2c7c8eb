"""Reading a document as it was stored, by an earlier version of this code whose checks allowed more.

A rule that lets something pass for nothing but what the agent claims is no longer accepted. Where one is stored, it asks
people instead, so that the version is still read and nothing passes by it. Left out it could loosen: its limits and what it
required would be gone too, and a milder rule would speak in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from inbox import canonical
from inbox.policy.document import PolicyDocument, parse_document
from inbox.policy.problems import PolicyError, ProblemCode

_RULE: Final = re.compile(r"/rules/(\d+)/")
_OF_ALLOWING: Final = ("limits", "until")
NOTE: Final = "This rule let things pass for what the agent claims alone. It asks now: write it anew."


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored document as it is read; `asking` are the rules that allowed and ask now, by their ids."""

    document: PolicyDocument
    asking: tuple[str, ...] = ()


def read_stored(raw: bytes, now: datetime) -> Stored:
    """Read the bytes of a version. A rule of `asking` that was over by `now` says nothing, as before.

    Raises PolicyError with everything else that is wrong with it.
    """
    try:
        return Stored(parse_document(raw))
    except PolicyError as error:
        places = {
            int(found[1])
            for problem in error.problems
            if problem.code is ProblemCode.CLAIMS_ALONE and (found := _RULE.match(problem.pointer))
        }
        if not places:
            raise
    # As large as `parse_document` takes it; that it is strict JSON it has said.
    value: dict[str, Any] = canonical.read(raw)
    rules = list(value["rules"])
    kept = [
        _asking(rule) if place in places else rule
        for place, rule in enumerate(rules)
        if place not in places or not _over(rule, now)
    ]
    document = parse_document({**value, "rules": kept})
    asking = {rules[place]["id"] for place in places}
    return Stored(document, tuple(rule.id for rule in document.rules if rule.id in asking))


def _asking(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: given for name, given in rule.items() if name not in _OF_ALLOWING}
    return {**kept, "then": "review", "note": NOTE}


def _over(rule: Mapping[str, Any], now: datetime) -> bool:
    return rule.get("until") is not None and datetime.fromisoformat(rule["until"]) <= now
