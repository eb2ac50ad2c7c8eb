"""Policy: what a request could do, whether a person must look, and who. Pure Python, decided from facts alone."""

from __future__ import annotations
