"""The versions of a team's policy, for its page: which is in force, in shadow or a draft, who wrote and who enabled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from inbox.models import Activation, ChangeRequest, Member, Policy, PolicyVersion, RoleGroup, Tier
from inbox.policy.document import PolicyDocument
from inbox.policy.document_loosening import loosens
from inbox.policy.need import ADMINS
from inbox.selectors.people import short_of
from inbox.selectors.policy import asking_of, current_version, document_of, tier_ranks
from inbox.selectors.policy_trials import FRESH, ShadowPage, Trial, shadow_page, trial_of
from inbox.selectors.policy_words import (
    DiffLine,
    LadderStep,
    RuleSentence,
    diff,
    ladder_steps,
    needs_words,
    rule_sentences,
)

MOST_VERSIONS = 200


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version in the list. `enabled` is the last time it came into force, None when it never did."""

    version: PolicyVersion
    current: bool
    shadow: bool
    enabled: Activation | None

    @property
    def draft(self) -> bool:
        """Whether it was never in force."""
        return self.enabled is None and not self.current


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """One version in sentences, the one in force, every version newest first, and a difference when two are named.

    For a version that is not in force also what is known of it: its back-test, its shadow run, the change that waits.
    """

    shown: PolicyVersion
    current: PolicyVersion
    versions: Sequence[VersionLine]
    document: PolicyDocument
    ladder: Sequence[LadderStep]
    rules: Sequence[RuleSentence]
    against: PolicyVersion | None
    changes: Sequence[DiffLine]
    trial: Trial | None
    shadow: ShadowPage | None
    waiting: ChangeRequest | None
    loosens: Sequence[str]
    alone: bool
    short: Sequence[str]
    asking: Sequence[str]

    @property
    def fresh_hours(self) -> int:
        """For how many hours a back-test lets its version be enabled."""
        return FRESH // timedelta(hours=1)

    @property
    def from_number(self) -> int:
        """The version a comparison with this one starts from unless another is chosen."""
        if self.against is not None:
            return self.against.number
        return self.current.number if self.shown.pk != self.current.pk else max(self.shown.number - 1, 1)


def policy_page(team_id: UUID, *, number: int | None = None, against: int | None = None) -> PolicyPage | None:
    """The page of version `number` (the one in force by default), compared with `against` when given.

    None when the team has no such version. Eight queries, eleven for a version that is not in force.
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
    aside = shown.pk != current.pk
    return PolicyPage(
        shown=shown,
        current=current,
        versions=_lines(current.policy),
        document=document,
        ladder=ladder_steps(document),
        rules=rule_sentences(document),
        against=other,
        asking=asking_of(shown),
        changes=diff(document_of(other), document) if other else (),
        trial=trial_of(shown, current) if aside else None,
        shadow=shadow_page(shown) if aside else None,
        waiting=waiting_change(team_id),
        loosens=loosens(document_of(current), document, tier_ranks(team_id)) if aside else (),
        alone=aside and active_admins(team_id) < 2,
        short=too_few(team_id, document),
    )


def too_few(team_id: UUID, document: PolicyDocument) -> list[str]:
    """What of a policy the team has too few active people for, in sentences: such requests could only run out."""
    asked = [(f"{risk.value.capitalize()} risk", needs) for risk, needs in document.ladder.items()]
    asked += [(f"Rule {rule.id}", rule.needs) for rule in document.rules if rule.needs]
    missing = short_of(team_id, [needs for _, needs in asked])
    return [
        f"{what} needs {needs_words(needs)}. Nobody is left who is {', '.join(slot.words for slot in open_slots)}."
        for (what, needs), open_slots in zip(asked, missing, strict=True)
        if open_slots
    ]


def waiting_change(team_id: UUID) -> ChangeRequest | None:
    """The change of the policy that waits for another admin, with its request and author."""
    return (
        ChangeRequest.objects.select_related("author", "request")
        .filter(team_id=team_id, kind="policy", state=ChangeRequest.State.WAITING)
        .first()
    )


def active_admins(team_id: UUID) -> int:
    """How many people administer the team now."""
    admins = Member.objects.filter(team_id=team_id, is_admin=True, is_active=True, user__is_active=True)
    return admins.count()


def version_of(team_id: UUID, number: int) -> PolicyVersion | None:
    """One version of a team's policy; None when there is none of that number."""
    return (
        PolicyVersion.objects.select_related("policy", "author")
        .filter(policy__team_id=team_id, number=number)
        .first()
    )


def tiers_of(team_id: UUID) -> list[str]:
    """The names of the team's tiers, lowest first."""
    return list(Tier.objects.filter(team_id=team_id).values_list("name", flat=True))


def groups_of(team_id: UUID) -> list[str]:
    """The names of the team's groups, the built-in one first."""
    return [ADMINS, *RoleGroup.objects.filter(team_id=team_id).values_list("name", flat=True)]


def _lines(policy: Policy) -> list[VersionLine]:
    versions = list(
        PolicyVersion.objects.filter(policy=policy)
        .select_related("author", "policy")
        .defer("document")
        .order_by("-number")[:MOST_VERSIONS]
    )
    enabled: dict[UUID, Activation] = {}
    for activation in (
        Activation.objects.filter(policy=policy, version__in=[version.pk for version in versions])
        .select_related("person")
        .order_by("created_at")
    ):
        enabled[activation.version_id] = activation
    return [
        VersionLine(
            version,
            current=version.pk == policy.current_id,
            shadow=version.pk == policy.shadow_id,
            enabled=enabled.get(version.pk),
        )
        for version in versions
    ]
