"""Placet's client for people who decide: `Client` for programs, the command `placet` for terminals."""

from __future__ import annotations

from placet.client import Client
from placet.errors import (
    Conflict,
    Expired,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PlacetError,
    Refused,
    Unreachable,
)

__version__ = "0.1.0"
__all__ = [
    "Client",
    "Conflict",
    "Expired",
    "Invalid",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "PlacetError",
    "Refused",
    "Unreachable",
    "__version__",
]
