"""Hostile input for property tests, and the judge of what a page may draw."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from inbox.rendering.characters import hidden
from inbox.rendering.orthography import emoji_positions

# Strings dense in what the renderer treats specially; plain st.text() almost never builds such runs.
HOSTILE_PIECES = st.sampled_from(
    [
        *("\u202e", "\u2066", "\u200b", "\u200c", "\u200d", "\ufe0f", "\ufeff", "\u3164", "\u2800", "\u00a0"),
        *("\u0301", "\u0336", "\r", "\r\n", "\n", "\n" * 9, " ", " " * 30, "\t" * 6, "\x1b[2J", "\ud800"),
        *("\U000e0041", "\U000e0100", "\U0001f468", "\U0001f468\u200d\U0001f469", "1\ufe0f\u20e3", "\uf0da"),
        *(
            "а",
            "p",
            "pаypal",
            "аррӏе.com",
            "xn--80ak6aa92e.com",
            "://",
            "@",
            ".",
            "/",
            "ｒｍ",
            "१",
            "5",
            "م",
            "ی",
        ),
        *("\u2044", "\u2013", "x", "×", "‹", "␠", "⏎×3", "U+202E RLO", "東", "क", "\u094d"),
    ]
)
hostile = st.lists(HOSTILE_PIECES, max_size=40).map("".join)
any_text = st.one_of(hostile, st.text(st.characters(), max_size=60))


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["true", "1", "null", "a\u202eb", "rm\n" * 9]),
)
values = st.recursive(
    scalars,
    lambda below: st.one_of(
        st.lists(below, max_size=4), st.dictionaries(st.text(max_size=6), below, max_size=4)
    ),
    max_leaves=20,
)
arguments = st.dictionaries(st.text(max_size=6), values, max_size=6)


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"end": 1}
    for number in range(depth):
        inner = {"k": inner} if number % 2 else {"k": [inner]}
    return inner


def unshown(text: str) -> list[str]:
    """The hidden characters in a text that stand neither in a whole emoji nor between letters that need them."""
    emoji = emoji_positions(text)
    return [
        f"U+{ord(char):04X}"
        for position, char in enumerate(text)
        if hidden(char)
        and position not in emoji
        and not (char in "\u200b\u200c\u200d\u2800" and position and text[position - 1] >= "\u0600")
    ]
