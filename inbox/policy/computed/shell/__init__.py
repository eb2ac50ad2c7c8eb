"""A shell command taken apart: what it would run, write, destroy, send and reveal."""

from __future__ import annotations

from inbox.policy.computed.shell.analyse import shell_facts

__all__ = ["shell_facts"]
