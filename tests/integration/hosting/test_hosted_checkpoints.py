"""Where threads are kept: a schema of its own, plain types only, connections no process shares."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from langgraph.checkpoint.serde import _msgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agents.hosting import checkpoints
from tests.factories import World, race
from tests.faults.environment import child_environment
from tests.integration.hosting.stage import begin


@dataclasses.dataclass
class Loud:
    """Stands for any class or callable a forged checkpoint could name."""

    path: str

    def __post_init__(self) -> None:
        with open(self.path, "a") as file:
            file.write("made\n")


def test_the_tables_are_in_their_own_schema(real_world: World) -> None:
    begin(real_world, "single")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name LIKE 'checkpoint%%'"
        )
        assert {schema for (schema,) in cursor.fetchall()} == {"checkpoints"}


def test_setting_up_may_be_repeated_and_raced(committed_db: None) -> None:
    assert race(*[checkpoints.setup] * 4) == [None] * 4


def test_a_checkpoint_cannot_make_an_object_of_a_class_it_names(tmp_path: object) -> None:
    seen = f"{tmp_path}/made"
    forged = JsonPlusSerializer().dumps_typed({"value": Loud(seen)})
    os.remove(seen)

    loose = JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(forged)
    assert isinstance(loose["value"], Loud)
    assert os.path.exists(seen), "without the setting, reading a checkpoint runs code"
    os.remove(seen)

    strict = checkpoints.serializer()
    assert not isinstance(strict.loads_typed(forged)["value"], Loud)
    assert not os.path.exists(seen)
    assert strict.pickle_fallback is False


def test_pickles_are_refused() -> None:
    with pytest.raises(TypeError):
        checkpoints.serializer().dumps_typed({"value": open})
    with pytest.raises(NotImplementedError):
        checkpoints.serializer().loads_typed(("pickle", b"cos\nsystem\n(S'true'\ntR."))


def test_nothing_runs_when_the_strict_setting_did_not_take_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_msgpack, "STRICT_MSGPACK_ENABLED", False)
    with pytest.raises(ImproperlyConfigured, match="LANGGRAPH_STRICT_MSGPACK"):
        checkpoints.saver()


@pytest.mark.parametrize(
    ("imported_first", "code"), [("", 0), ("import langgraph.checkpoint.serde._msgpack;", 1)]
)
def test_an_import_before_settings_defeats_the_setting_and_is_noticed(imported_first: str, code: int) -> None:
    script = f"{imported_first}import django; django.setup(); from agents.hosting import checkpoints; checkpoints.serializer()"
    bare = {name: value for name, value in os.environ.items() if name != "LANGGRAPH_STRICT_MSGPACK"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**bare, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    assert ("hosted graphs do not run" in done.stderr) == bool(code)


def test_a_forked_child_uses_connections_of_its_own(committed_db: None) -> None:
    """Celery's prefork: parent and child each go on using their pool, and neither sees the other's answers."""
    script = """
import django, os, sys; django.setup()
from agents.hosting import checkpoints
def pid():
    with checkpoints._process_pool().connection() as connection:
        return connection.execute("SELECT pg_backend_pid()").fetchone()["pg_backend_pid"]
with checkpoints._process_pool().connection() as mine:
    before = mine.info.backend_pid
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, str(pid()).encode())
        checkpoints.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert int(os.read(read, 20)) != before, "the child used its parent's connection"
    mine.execute("SELECT 1")
assert pid(), "the parent's pool went with the child"
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
