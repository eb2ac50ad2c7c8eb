"""The versions of a team's policy, for its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from inbox.models import PolicyVersion
from inbox.policy.document import PolicyDocument
from inbox.selectors.policy import current_version, document_of
from inbox.selectors.policy_words import (
    DiffLine,
    LadderStep,
    RuleSentence,
    diff,
    ladder_steps,
    rule_sentences,
)

MOST_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """One version in sentences, the one in force, every version newest first, and a difference when two are named."""

    shown: PolicyVersion
    current: PolicyVersion
    versions: Sequence[PolicyVersion]
    document: PolicyDocument
    ladder: Sequence[LadderStep]
    rules: Sequence[RuleSentence]
    against: PolicyVersion | None
    changes: Sequence[DiffLine]


def policy_page(team_id: UUID, *, number: int | None = None, against: int | None = None) -> PolicyPage | None:
    """The page of version `number` (the one in force by default), compared with `against` when given.

    None when the team has no such version. Three queries, four with a comparison.
    """
    current = current_version(team_id)
    wanted = {wished for wished in (number or current.number, against) if wished is not None}
    found = {
        version.number: version
        for version in PolicyVersion.objects.select_related("policy", "author").filter(
            policy_id=current.policy_id, number__in=wanted
        )
    }
    if len(found) != len(wanted):
        return None
    shown = found[number or current.number]
    other = found[against] if against is not None else None
    document = document_of(shown)
    return PolicyPage(
        shown=shown,
        current=current,
        versions=list(
            PolicyVersion.objects.filter(policy_id=current.policy_id)
            .select_related("author", "policy")
            .defer("document")
            .order_by("-number")[:MOST_VERSIONS]
        ),
        document=document,
        ladder=ladder_steps(document),
        rules=rule_sentences(document),
        against=other,
        changes=diff(document_of(other), document) if other else (),
    )
