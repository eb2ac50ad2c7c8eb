"""Who may see and who may decide, both directions side by side.

Strangers get NotFound: whether a thing exists is nobody's business outside its team.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from inbox.errors import NotAllowed, NotFound
from inbox.models import ApprovalRequest, Member, Team
from inbox.policy.exclusion import Exclusion
from inbox.policy.seating import Seating, Voter

Person = User | AnonymousUser

# Whose vote would not count for one of these may still send an edit that others decide.
TOO_LOW: Final = frozenset({"insufficient-tier", "above-ceiling"})


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a person's vote on a request would count now, and if not, why not.

    `code` is "" or one of inactive, self-approval, no-tier, insufficient-tier, above-ceiling. `reason` says it to
    the person, `about` about them: "is senior".
    """

    may: bool
    code: str = ""
    reason: str = ""
    about: str = ""

    @property
    def may_propose(self) -> bool:
        """Whether this person may say how it should be, though not decide it."""
        return self.code in TOO_LOW


INACTIVE = Eligibility(False, "inactive", "Your membership is not active.", "is not active")
TIERLESS = Eligibility(
    False, "no-tier", "You have no tier in this team: you may look, not decide.", "has no tier"
)


def teams_of(person: Person) -> QuerySet[Team]:
    """The teams a person is an active member of."""
    if not person.is_authenticated or not person.is_active:
        return Team.objects.none()
    return Team.objects.filter(members__user=person, members__is_active=True).order_by("name")


def require_member(person: Person, slug: str) -> Member:
    """The person's active membership of a team. Raises NotFound for strangers and for teams that do not exist."""
    if person.is_authenticated and person.is_active:
        member = (
            Member.objects.with_rights()
            .select_related("team")
            .filter(team__slug=slug, user=person, is_active=True)
            .first()
        )
        if member is not None:
            return member
    raise NotFound()


def require_admin(person: Person, slug: str) -> Member:
    """As require_member, and raises NotAllowed for a member who is no admin."""
    member = require_member(person, slug)
    if not member.is_admin:
        raise NotAllowed("admins-only", "Only admins of this team may change this.")
    return member


def visible_to(person: Person) -> QuerySet[ApprovalRequest]:
    """Every request a person may look at."""
    return ApprovalRequest.objects.filter(team__in=teams_of(person))


def eligibility(
    *, active: bool, tier: str, voter: Voter, seating: Seating[int], excluded: Exclusion | None, above: str
) -> Eligibility:
    """Whether this member's vote would count beside those in `seating`.

    `tier` is the name of the tier that counts for them, `excluded` how their history with the request bars them,
    `above` what of it is above their ceiling, "" for nothing.
    """
    if not active:
        return INACTIVE
    wanted = seating.within_reach
    if not tier and all(slot.tier for slot in wanted):
        return TIERLESS
    if excluded:
        return Eligibility(False, "self-approval", excluded.to_them, excluded.of_them)
    if not seating.takes(voter):
        groups = sorted(voter.groups & {slot.group for slot in wanted})
        who = ", ".join(sorted({slot.who for slot in wanted})) or "nobody more"
        return Eligibility(
            False,
            "insufficient-tier",
            f"This needs {who}; {' in '.join([f'you are {tier}' if tier else 'you have no tier', *groups])}.",
            " in ".join([f"is {tier}" if tier else "has no tier", *groups]),
        )
    if above:
        return Eligibility(False, "above-ceiling", f"Above your ceiling: {above}.", f"has a ceiling: {above}")
    return Eligibility(True)
