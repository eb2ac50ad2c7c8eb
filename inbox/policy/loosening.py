"""Which changes to people loosen: they let somebody decide more, or leave somebody less to object.

A loosening change needs a second admin (it goes through the inbox itself); a tightening one is in force at once.
`inbox.policy.ceiling.loosens` says the same of ceilings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A member's place in a team: the rank that counts for them or will, None without a tier."""

    rank: int | None
    is_admin: bool
    is_active: bool


NOWHERE = Place(rank=None, is_admin=False, is_active=False)


def place_loosens(before: Place, after: Place, *, own: bool) -> bool:
    """Whether a change of place loosens. `own` when admins change their own: giving up one's rights does not.

    It does when an active person rises or becomes admin, when somebody with a tier or admin rights comes or comes
    back, and when another admin is removed, who could have objected. `before` is NOWHERE for an invitation.
    """
    here = after.is_active
    back = here and not before.is_active
    rises = here and after.rank is not None and (back or before.rank is None or after.rank > before.rank)
    crowned = here and after.is_admin and (back or not before.is_admin)
    was_admin = before.is_admin and before.is_active
    return rises or crowned or (was_admin and not own and not (after.is_admin and after.is_active))


def membership_loosens(*, joins: bool) -> bool:
    """Whether a change to a group loosens: one more person may fill its slots, one fewer tightens."""
    return joins


def cooldown_loosens(before_seconds: int, after_seconds: int) -> bool:
    """Whether another cool-down loosens: raises would count sooner."""
    return after_seconds < before_seconds


def move_loosens(*, people_rising: int) -> bool:
    """Whether turning two tiers round loosens: those on the one that moves up may fill more."""
    return people_rising > 0
