from __future__ import annotations

import pytest

from inbox.policy.loosening import (
    NOWHERE,
    Place,
    cooldown_loosens,
    membership_loosens,
    move_loosens,
    place_loosens,
)

JUNIOR, SENIOR = Place(1, is_admin=False, is_active=True), Place(2, is_admin=False, is_active=True)
BARE = Place(None, is_admin=False, is_active=True)
ADMIN = Place(None, is_admin=True, is_active=True)
GONE, GONE_SENIOR = Place(None, is_admin=False, is_active=False), Place(2, is_admin=False, is_active=False)
GONE_ADMIN = Place(None, is_admin=True, is_active=False)


@pytest.mark.parametrize(
    ("before", "after", "loosens"),
    [
        (JUNIOR, SENIOR, True),
        (BARE, JUNIOR, True),
        (SENIOR, JUNIOR, False),
        (SENIOR, BARE, False),
        (SENIOR, SENIOR, False),
        (SENIOR, GONE_SENIOR, False),
        (GONE_SENIOR, SENIOR, True),
        (JUNIOR, GONE_SENIOR, False),
        (GONE, BARE, False),
        (BARE, ADMIN, True),
        (GONE_ADMIN, ADMIN, True),
        (ADMIN, BARE, True),
        (ADMIN, GONE_ADMIN, True),
        (NOWHERE, JUNIOR, True),
        (NOWHERE, BARE, False),
    ],
)
def test_rising_becoming_admin_coming_back_and_removing_an_admin_loosen(
    before: Place, after: Place, loosens: bool
) -> None:
    assert place_loosens(before, after, own=False) is loosens


@pytest.mark.parametrize("after", [BARE, GONE_ADMIN])
def test_giving_up_ones_own_admin_rights_does_not_loosen(after: Place) -> None:
    assert not place_loosens(ADMIN, after, own=True)


def test_groups_cooldowns_and_moved_tiers() -> None:
    assert membership_loosens(joins=True)
    assert not membership_loosens(joins=False)
    assert cooldown_loosens(3600, 0)
    assert not cooldown_loosens(3600, 3600)
    assert not cooldown_loosens(0, 3600)
    assert move_loosens(people_rising=1)
    assert not move_loosens(people_rising=0)
