"""Context an agent has to give: which required fields it left out, and what that means."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from inbox.policy.document import CheckpointRule
from inbox.policy.rule import Rule


def lacking(
    checkpoint: CheckpointRule, rules: Sequence[Rule], filled: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The required fields that are not among those filled: first those that refuse, then those only flagged."""
    refused: set[str] = set()
    flagged: set[str] = set()
    sources: list[CheckpointRule | Rule] = [checkpoint, *rules]
    for one in sources:
        absent = set(one.require or ()) - set(filled)
        (flagged if one.missing == "flag" else refused).update(absent)
    return tuple(sorted(refused)), tuple(sorted(flagged - refused))
