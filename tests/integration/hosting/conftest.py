"""Hosting tests run the graphs of graphs.py under a lease of one second."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from agents.hosting import registry
from tests.integration.hosting.graphs import ANSWERS, SETTING


@pytest.fixture(autouse=True)
def hosted(settings: Settings) -> None:
    settings.ENV = settings.ENV.model_copy(
        update={
            "placet_hosted_graphs": SETTING,
            "placet_hosted_answers": ANSWERS,
            "placet_lease_seconds": 1,
        }
    )
    registry._load.cache_clear()
