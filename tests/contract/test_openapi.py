"""The committed OpenAPI document is the one the code serves."""

from __future__ import annotations

import json

from config.management.commands.openapi import SNAPSHOT, document


def test_the_snapshot_is_true() -> None:
    assert SNAPSHOT.read_text() == document(), (
        "run `manage.py openapi` and commit docs/reference/openapi.json"
    )


def test_every_route_answers_errors_as_problems() -> None:
    schema = json.loads(document())
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), f"{method} {path} has no summary"
            assert "422" in operation["responses"], f"{method} {path} does not say how it refuses"
            assert operation["security"], f"{method} {path} is open to everybody"
