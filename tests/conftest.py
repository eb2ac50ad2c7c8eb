"""Fixtures every kind of test may use.

`db` rolls back as usual. `committed_db` commits for real and cleans up nothing, because the database refuses to
delete audit rows by design: every test makes a team of its own and looks at nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from tests.factories import World, make_world


@pytest.fixture
def committed_db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """The real database with real commits, seen by other threads and processes."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        connections.close_all()


@pytest.fixture
def world(db: None) -> World:
    """A team with its people, tools and an agent, inside a transaction that is rolled back."""
    return make_world()


@pytest.fixture
def real_world(committed_db: None) -> World:
    """The same, committed."""
    return make_world()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded traces and bad inputs that may stand beside the checkout; skips without it."""
    found = Path(os.environ.get("PLACET_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (found / "traces").is_dir():
        pytest.skip("no recorded traces beside this checkout (PLACET_SHARED names another place)")
    return found
