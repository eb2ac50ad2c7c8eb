from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from config.embedded.errors import Interrupted
from config.embedded.signals import Hurry, Signals

LONG = 60.0


@pytest.fixture
def signals() -> Iterator[Signals]:
    with Signals() as installed:
        yield installed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_the_wait_and_raises_nothing(signals: Signals, number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    began = time.monotonic()
    signals.wait(LONG)
    assert time.monotonic() - began < LONG / 2
    assert signals.stop_requests == 1


def test_a_childs_death_ends_the_wait(signals: Signals) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 0.1"]) as child:
        began = time.monotonic()
        signals.wait(LONG)
        assert time.monotonic() - began < LONG / 2
        assert signals.stop_requests == 0
        child.wait()


def test_starting_is_broken_off_by_the_first_request(signals: Signals) -> None:
    signals.pause(0)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted):
        signals.pause(LONG)


def test_stopping_is_hurried_by_the_second(signals: Signals) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    signals.pause_stopping(0.01)
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(Hurry):
        signals.pause_stopping(LONG)


def test_what_was_there_before_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Signals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
