"""Fixtures every kind of test may use.

`db` rolls back as usual. `committed_db` commits for real and cleans up nothing, because the database refuses to
delete audit rows by design: every test makes a team of its own and looks at nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import setup_databases, teardown_databases
from hypothesis import settings as hypothesis_settings

from tests.factories import World, make_world
from tests.product import Product, product

# A time limit on an example measures the machine's other work: parsers load on first use, and tests run side by side.
hypothesis_settings.register_profile("placet", deadline=None)
hypothesis_settings.load_profile("placet")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: pytest.FixtureRequest,
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database, whatever was collected.

    pytest-django makes only what some collected test asks for by `db` or its mark; a run of nothing but
    `committed_db` tests would then write to the database the settings name.
    """
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=django_db_keepdb)
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        checkpoints = sys.modules.get("agents.hosting.checkpoints")
        if checkpoints is not None:
            checkpoints.close()
        # The backend of a process that was killed outlives it for a moment, and a database in use is not dropped.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        teardown_databases(made, verbosity=0)


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
def site(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    """The running product's web process, one for all tests of a worker; whoever kills it starts it again."""
    with django_db_blocker.unblock(), product(tmp_path_factory.mktemp("logs")) as made:
        made.start("web")
        yield made


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded traces and bad inputs that may stand beside the checkout; skips without it."""
    found = Path(os.environ.get("PLACET_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (found / "traces").is_dir():
        pytest.skip("no recorded traces beside this checkout (PLACET_SHARED names another place)")
    return found
