"""Paths in arguments, normalised, so that `docs/../../etc/x` is seen for what it is."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from inbox.policy.computed.values import Leaf
from inbox.policy.naming import lexicon

_PATH_WORDS: Final = lexicon(
    "path paths file files filename folder directory dir src dst source destination cwd"
)
_LOOKS_LIKE_ONE: Final = re.compile(r"^(?:~|\.{1,2}|[A-Za-z]:)?[/\\][^\n\0]*$|^[^\s/\\:]+(?:/[^\s/\\:]+)+$")
LONGEST_PATH: Final = 4_096


def path_of(leaf: Leaf) -> str | None:
    """The normalised path in a leaf, absolute ones kept absolute; None when it is none."""
    text = leaf.text.strip()
    if not text or len(text) > LONGEST_PATH or "\n" in text or "://" in text:
        return None
    if not (leaf.words & _PATH_WORDS or _LOOKS_LIKE_ONE.match(text)):
        return None
    plain = text.replace("\\", "/")
    normal = posixpath.normpath(plain)
    # POSIX keeps a double slash at the start; here it is one place.
    return "/" + normal.lstrip("/") if normal.startswith("//") else normal
