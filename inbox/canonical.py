"""Strict JSON, canonical bytes and digests, by the name the product uses.

Defined one floor down (agents/canonical.py), because the gateway checks the arguments it releases against
their digests and may import nothing from here.
"""

from __future__ import annotations

from agents.canonical import JsonObject, JsonRefused, JsonValue, digest, dumps, loads, read, sha256

__all__ = ["JsonObject", "JsonRefused", "JsonValue", "digest", "dumps", "loads", "read", "sha256"]
