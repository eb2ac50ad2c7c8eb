"""A text as a text control holds it, and back. Browsers change line ends, people cannot see what is hidden."""

from __future__ import annotations

import re
from typing import Final

from inbox.rendering.characters import hidden
from inbox.rendering.orthography import emoji_positions

_LONGEST_LINE: Final = 100
_ESCAPE: Final = re.compile(r"\\(?:(\\)|u\{([0-9A-Fa-f]{1,6})\})?")


class BadEscape(ValueError):
    """A backslash in an escaped text stands neither before another one nor before u{…}."""


def posted_lines(text: str) -> str:
    """Posted text with its line breaks as U+000A: forms send CR LF for each."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_multiline(text: str) -> bool:
    """Whether a text needs more than one line."""
    return "\n" in text or len(text) > _LONGEST_LINE


def is_line(value: object) -> bool:
    """Whether a value is a text that stands on a line of its own as it is."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and value == value.strip() != ""
        and not to_text(value)[1]
    )


def lines_of(text: str) -> list[str]:
    """What stands on the lines of a text: blanks around it and empty lines are nothing."""
    return [line.strip() for line in text.split("\n") if line.strip()]


def to_text(value: str) -> tuple[str, bool]:
    """What a control starts with, and whether it is escaped: \\u{…} for what does not show itself, \\\\ for \\."""
    text = value.replace("\r\n", "\n") if _has_crlf(value) else value
    concealed = _concealed(text)
    if not any(concealed):
        return text, False
    return "".join(
        f"\\u{{{ord(char):x}}}" if odd else "\\\\" if char == "\\" else char
        for char, odd in zip(text, concealed, strict=True)
    ), True


def from_text(text: str, original: object) -> str:
    """What was typed, in the manner of the text that stood there: its escapes, its line ends. Raises BadEscape."""
    if not isinstance(original, str):
        return text
    if to_text(original)[1]:
        text = _unescaped(text)
    return text.replace("\n", "\r\n") if _has_crlf(original) else text


def _unescaped(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return "\\"
        if match[2] and (code := int(match[2], 16)) <= 0x10FFFF:
            return chr(code)
        raise BadEscape(match[0])

    return _ESCAPE.sub(replaced, text)


def _has_crlf(text: str) -> bool:
    """Whether every line ends as Windows ends them: then only the lines matter, not their ends."""
    pairs = text.count("\r\n")
    return bool(pairs) and pairs == text.count("\n") == text.count("\r")


def _concealed(text: str) -> list[bool]:
    if text.isascii() and text.isprintable():
        return [False] * len(text)
    emoji = emoji_positions(text)
    return [hidden(char) is not None and at not in emoji for at, char in enumerate(text)]
