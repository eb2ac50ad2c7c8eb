"""Rewrite the golden files after a change that was meant: `python -m tests.unit.rendering.regenerate`, then read the diff."""

from __future__ import annotations

from tests.unit.rendering.edit import snapshots
from tests.unit.rendering.snapshots import FILES, GOLDEN, rendered

if __name__ == "__main__":
    for name, cases in FILES.items():
        (GOLDEN / name).write_text(rendered(cases), encoding="ascii")
    snapshots.FILE.write_text(snapshots.rendered(), encoding="ascii")
