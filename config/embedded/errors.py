"""What can go wrong while the embedded servers start."""

from __future__ import annotations


class SetupError(Exception):
    """One sentence for the person at the terminal: what is wrong, and what to do about it."""


class Interrupted(Exception):
    """A stop was asked for while something was still being waited for."""
