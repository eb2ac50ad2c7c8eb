"""A value typed as JSON: strict as the API is, and every refusal says where."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

from agents.canonical import MAX_DEPTH
from inbox.canonical import JsonRefused, JsonValue, loads
from inbox.rendering.characters import hidden
from inbox.rendering.edit.nodes import EditRefused, FieldError

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|-?[0-9][0-9eE.+-]*+|-?[A-Za-z]++|[\[\]{}:,]', re.DOTALL)
_ABOUT_KEYS: Final = frozenset(
    {"duplicate-key", "confusable-keys", "reserved-key", "key-too-long", "invalid-key"}
)
_ABOUT_VALUES: Final = frozenset({"number-not-exact", "invalid-number", "invalid-unicode"})
_WORDS: Final[dict[str, str]] = {
    "malformed-json": "This is not JSON",
    "body-too-large": "This is too long",
    "invalid-encoding": "This holds characters that cannot be stored",
    "too-deep": f"This is nested too deep: at most {MAX_DEPTH - 1} levels",
    "number-not-exact": "This number cannot be kept exactly; whole numbers go up to 9007199254740991, "
    "decimals to about 15 digits, and there is no -0",
    "invalid-number": "This number is none that JSON can hold",
}


def raw_text(value: JsonValue) -> str:
    """A value as indented JSON to edit; what does not show itself is written as \\uXXXX."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return "".join(json.dumps(char)[1:-1] if hidden(char) else char for char in text)


def read_raw(text: str, pointer: str = "") -> JsonValue:
    """The value a text of JSON stands for. Raises EditRefused with one error, placed by line and column.

    `pointer` is where the value belongs.
    """
    try:
        # Inside an object, because the reader of the API takes nothing else.
        found = loads(b'{"v":' + text.encode("utf-8", "surrogatepass") + b"}")
    except JsonRefused as refused:
        raise _refused(text, pointer, refused) from None
    if found.keys() != {"v"}:
        raise _refused(text, pointer, JsonRefused(400, "malformed-json", ""))
    value: JsonValue = found["v"]
    return value


def words_of(refused: JsonRefused) -> str:
    """The reason for a refusal as a sentence for the person who typed the value."""
    words = _WORDS.get(refused.code)
    return f"{words}." if words else refused.detail


def _refused(text: str, pointer: str, refused: JsonRefused) -> EditRefused:
    message = words_of(refused)
    at = _place(text, refused.code)
    if refused.code == "malformed-json":
        try:
            json.loads(text, parse_int=str)
        except json.JSONDecodeError as error:
            at, message = error.pos, f"This is not JSON: {error.msg}."
        except (RecursionError, ValueError):
            at = 0
    if at is None:
        return EditRefused([FieldError(pointer, refused.code, message)])
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    place = f"Line {line:,}, column {column:,}: {message}"
    return EditRefused([FieldError(pointer, refused.code, place, line, column)])


def _place(text: str, code: str) -> int | None:
    """Where the first token stands for which the text is refused; None when it is the text as a whole."""
    depth = 1
    known: list[set[str]] = []
    tokens = list(_TOKEN.finditer(text))
    for number, match in enumerate(tokens):
        word = match.group()
        if word in "{[":
            depth += 1
            known.append(set())
            if code == "too-deep" and depth > MAX_DEPTH:
                return match.start()
        elif word in "}]":
            depth -= 1
            if known:
                known.pop()
        elif word[0] == '"' and number + 1 < len(tokens) and tokens[number + 1].group() == ":":
            if code == "invalid-unicode" and _refuses(f'{{"v":{word}}}', code):
                return match.start()
            if code in _ABOUT_KEYS and (_refuses(f"{{{word}:0}}", code) or not _is_new(word, known)):
                return match.start()
        elif code in _ABOUT_VALUES and word[0] in '"-0123456789NI' and _refuses(f'{{"v":{word}}}', code):
            return match.start()
    return None


def _is_new(token: str, known: list[set[str]]) -> bool:
    try:
        key = unicodedata.normalize("NFC", json.loads(token))
    except ValueError:
        return True
    if not known or key in known[-1]:
        return False
    known[-1].add(key)
    return True


def _refuses(text: str, code: str) -> bool:
    try:
        loads(text.encode("utf-8", "surrogatepass"))
    except JsonRefused as refused:
        return refused.code == code
    return False
