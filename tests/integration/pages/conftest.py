"""What the page tests share."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def tasks_ended() -> AsyncIterator[None]:
    """End what a test left running on its loop.

    The broker client's receiver can lose a cancellation that meets its own 0.1 s timeout; the loop's close would
    then wait for it for ever. So it is asked again until it is gone.
    """
    yield
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=0.5)


@pytest.fixture(autouse=True)
def _nothing_outlives_a_test(request: pytest.FixtureRequest) -> None:
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("tasks_ended")
