"""Advisory locks on files: the kernel drops them with the process, so a killed holder never blocks anyone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Held(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock of `path` (an existing directory, or a file that is made when absent).

    Raises Held when another process has it and `wait` is false.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, wait)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, wait: bool) -> None:
    if wait:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    # Someone who only asks (`is_held`) has it for microseconds: look again before calling it taken.
    for pause in (0.02, 0.05, 0.1, None):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if pause is None:
                raise Held(str(path)) from None
            time.sleep(pause)


def is_held(path: Path) -> bool:
    """Whether another process holds the lock of `path`; an absent or unreadable file is not held."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # Shared, so that two who merely ask do not take each other for the holder.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
    return False
