"""`python -m placet`: the command without its entry point."""

from __future__ import annotations

from placet.cli import run

run()
