"""Progress as one line a phase, with its time: rewritten in place on a terminal, said once in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

LABEL_WIDTH = 16
# A log is told that a long phase is still going on this often, in seconds.
HEARTBEAT = 10.0


class Phase:
    """One step of starting: `with Phase("Postgres") as phase: …; phase.note("created")`."""

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label = label
        self.detail = ""
        self._stream = stream or sys.stdout
        self._live = self._stream.isatty()

    def __enter__(self) -> Self:
        self._began = self._spoke = time.monotonic()
        if self._live:
            self._write("…")
        return self

    @property
    def seconds(self) -> float:
        """Time since the phase began."""
        return time.monotonic() - self._began

    def note(self, detail: str) -> None:
        """Words that stand behind the time when the phase is done."""
        self.detail = detail

    def show(self, detail: str) -> None:
        """Say how far the phase is; cheap enough for a polling loop."""
        self.note(detail)
        if self._live:
            self._write(f"{self.seconds:.1f} s  {detail}")
        elif time.monotonic() - self._spoke >= HEARTBEAT:
            self._spoke = time.monotonic()
            self._write(f"… {self.seconds:.0f} s  {detail}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._write(f"failed after {self.seconds:.1f} s")
        else:
            self._write(f"{self.seconds:.1f} s  {self.detail}")
        if self._live:
            self._stream.write("\n")
            self._stream.flush()

    def _write(self, words: str) -> None:
        line = f"  {self.label:<{LABEL_WIDTH}}{words}".rstrip()
        self._stream.write(f"\r\x1b[2K{line}" if self._live else f"{line}\n")
        self._stream.flush()
