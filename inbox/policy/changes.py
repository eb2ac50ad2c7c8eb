"""What changed between two versions of a policy, in sentences with places."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inbox.policy.document import PolicyDocument
from inbox.policy.need import who_words
from inbox.policy.problems import pointer


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `pointer` leads into the new document, for what was removed into the old one."""

    kind: Literal["added", "removed", "changed"]
    pointer: str
    text: str


def diff(old: PolicyDocument, new: PolicyDocument) -> tuple[Change, ...]:
    """Every difference between two documents: first everything but the rules, then the rules by their names.

    Two documents without a difference mean the same; the order of rules in the list is none.
    """
    before, after = (one.model_dump(mode="json", exclude_none=True) for one in (old, new))
    rules_before, rules_after = (_by_id(told.pop("rules", [])) for told in (before, after))
    changes = list(_tables(before, after))
    for name in sorted(rules_before.keys() | rules_after.keys()):
        place_before, was = rules_before.get(name, (0, None))
        place_after, now = rules_after.get(name, (0, None))
        if was is None and now is not None:
            changes.append(
                Change("added", pointer(["rules", place_after]), f"Rule {name} is new: {_told(now)}.")
            )
        elif now is None and was is not None:
            changes.append(
                Change("removed", pointer(["rules", place_before]), f"Rule {name} is gone: {_told(was)}.")
            )
        elif was is not None and now is not None:
            at: list[str | int] = ["rules", place_after]
            changes += [
                _change(f"Rule {name}: {key}", [*at, key], was.get(key), now.get(key))
                for key in _differing(was, now)
            ]
    return tuple(changes)


def _tables(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in _differing(before, after):
        was, now = before.get(key), after.get(key)
        if isinstance(was or {}, dict) and isinstance(now or {}, dict):
            for name in _differing(was or {}, now or {}):
                yield _change(f"{key} of {name}", [key, name], (was or {}).get(name), (now or {}).get(name))
        else:
            yield _change(key, [key], was, now)


def _change(what: str, place: list[str | int], was: Any, now: Any) -> Change:
    if was is None:
        return Change("added", pointer(place), f"{what} is now {_words(now)}.")
    if now is None:
        return Change("removed", pointer(place), f"{what} was {_words(was)} and is left out.")
    return Change("changed", pointer(place), f"{what} was {_words(was)}, is now {_words(now)}.")


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = [*before, *(name for name in after if name not in before)]
    return [name for name in names if before.get(name) != after.get(name)]


def _by_id(rules: list[dict[str, Any]]) -> dict[str, tuple[int, dict[str, Any]]]:
    return {rule["id"]: (place, rule) for place, rule in enumerate(rules)}


def _told(rule: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in rule.items() if key not in ("id", "then")}
    return f"{rule['then']}, {_words(rest)}"


def _words(value: Any) -> str:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(one, dict) and "count" in one and "per" not in one for one in value)
    ):
        return ", ".join(
            f"{need['count']} × {who_words(need.get('tier'), need.get('group'))}" for need in value
        )
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
