"""Strict JSON in, canonical bytes out, digests over them.

What is approved is bytes, so two parsers must never read the same request differently. `loads` accepts
only JSON that Python, JavaScript and Postgres all hold exactly: no duplicate or look-alike keys, no NaN,
no lone surrogates or NUL, numbers only when their shortest double form equals the text. `dumps` writes
the one byte form of an accepted value (keys sorted, no spaces, UTF-8: RFC 8785 for this subset).
"""

from __future__ import annotations

import decimal
import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, Any]

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 64
MAX_KEYS: Final = 2_000
MAX_ELEMENTS: Final = 20_000
MAX_KEY_LENGTH: Final = 256
EXACT_INTEGER: Final = 2**53 - 1

_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_RESERVED_KEYS = frozenset({"__proto__", "constructor", "prototype"})


@dataclass(slots=True)
class JsonRefused(Exception):
    """The bytes are not JSON this server can hold exactly.

    `status` is the HTTP status to answer with, `code` a stable word, `pointer` an RFC 6901 pointer where
    one is known, `detail` a sentence for the person who sent it.
    """

    status: int
    code: str
    detail: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def loads(
    raw: bytes, *, max_bytes: int = MAX_BYTES, max_keys: int = MAX_KEYS, max_elements: int = MAX_ELEMENTS
) -> JsonObject:
    """Parse one JSON object strictly.

    Raises JsonRefused (400 not parseable or not representable, 413 too large, 422 understood but not
    allowed). Costs linear time in len(raw).
    """
    if len(raw) > max_bytes:
        raise JsonRefused(413, "body-too-large", f"The body is over {max_bytes:,} bytes.")
    if raw[:3] == b"\xef\xbb\xbf" or raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:4]:
        raise JsonRefused(400, "invalid-encoding", "Send UTF-8 without a byte order mark.")
    # Before the recursive parser sees it: nesting is counted on the bytes with strings cut out.
    if _depth(raw) > MAX_DEPTH:
        raise JsonRefused(400, "too-deep", f"Nesting is deeper than {MAX_DEPTH} levels.")
    try:
        text = raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise JsonRefused(400, "invalid-encoding", f"Not UTF-8 at byte {error.start}.") from None
    reader = _Reader(max_keys)
    try:
        value = json.JSONDecoder(
            object_pairs_hook=reader.object,
            parse_float=_exact_float,
            parse_int=_exact_int,
            parse_constant=_no_constant,
            strict=True,
        ).decode(text)
    except JsonRefused:
        raise
    except json.JSONDecodeError as error:
        raise JsonRefused(400, "malformed-json", f"{error.msg} at character {error.pos}.") from None
    except (RecursionError, ValueError):
        raise JsonRefused(400, "malformed-json", "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise JsonRefused(400, "not-an-object", "The body must be a JSON object.")
    _check_text(value, max_elements)
    return value


def dumps(value: JsonValue) -> bytes:
    """The canonical bytes of a value: sorted keys, no spaces, UTF-8, no NaN or infinity (ValueError)."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def sha256(raw: bytes) -> str:
    """`sha256:` and 64 hex digits over the bytes."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def digest(value: JsonValue) -> str:
    """The digest of a value's canonical bytes."""
    return sha256(dumps(value))


def _depth(raw: bytes) -> int:
    """How deep the bytes nest, at least as far as a JSON parser gets before it stops at an error.

    Without escapes every second piece between quotes is outside a string. A backslash outside a string may
    upset that, but the parser stops there. Plain replacements because they are linear on any bytes: a pattern
    for strings tried an unclosed one anew from each of its quotes (1 s for 20 kB, 100 s for 200 kB).
    """
    outside = b"".join(raw.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    depth = deepest = 0
    for byte in outside.translate(None, delete=_NOT_BRACKETS):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _exact_int(text: str) -> int:
    if text == "-0" or len(text) > 17 or abs(int(text)) > EXACT_INTEGER:
        raise JsonRefused(
            422, "number-not-exact", f"{text[:20]} is outside ±(2^53-1) or -0: send it as a string."
        )
    return int(text)


def _exact_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise JsonRefused(400, "invalid-number", f"{text[:20]} is too large.")
    try:
        exact = decimal.Decimal(text)
    except decimal.InvalidOperation:
        # Exponents of nineteen digits and more are beyond Decimal, though float reads them as 0 or infinity.
        raise JsonRefused(400, "invalid-number", f"{text[:20]} has an exponent out of range.") from None
    if value == 0 and exact != 0:
        raise JsonRefused(400, "invalid-number", f"{text[:20]} is too small.")
    if (exact.is_zero() and exact.is_signed()) or decimal.Decimal(repr(value)) != exact:
        raise JsonRefused(
            422, "number-not-exact", f"{text[:20]} does not survive as a double: send it as a string."
        )
    return value


def _no_constant(text: str) -> float:
    raise JsonRefused(400, "invalid-number", f"{text} is not JSON.")


class _Reader:
    def __init__(self, max_keys: int) -> None:
        self.max_keys = max_keys
        self.keys = 0

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.keys += len(pairs)
        if self.keys > self.max_keys:
            raise JsonRefused(422, "too-many-keys", f"More than {self.max_keys:,} keys.")
        result: dict[str, Any] = {}
        normal: set[str] = set()
        for key, value in pairs:
            _check_string(key)
            if key == "":
                raise JsonRefused(422, "invalid-key", "A key is empty.")
            if len(key) > MAX_KEY_LENGTH:
                raise JsonRefused(422, "key-too-long", f"A key is over {MAX_KEY_LENGTH} characters.")
            if key in _RESERVED_KEYS:
                raise JsonRefused(422, "reserved-key", f"The key {key!r} is reserved.")
            if key in result:
                raise JsonRefused(400, "duplicate-key", f"The key {key[:60]!r} stands twice.")
            folded = unicodedata.normalize("NFC", key)
            if folded in normal:
                raise JsonRefused(
                    422, "confusable-keys", f"Two keys look like {key[:60]!r} after Unicode normalisation."
                )
            normal.add(folded)
            result[key] = value
        return result


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise JsonRefused(400, "invalid-unicode", "A string holds U+0000, which cannot be stored.")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise JsonRefused(
            400, "invalid-unicode", "A string holds a lone surrogate, which is not a character."
        )


def _check_text(value: JsonObject, max_elements: int) -> None:
    stack: list[Any] = [value]
    elements = 0
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            _check_string(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            elements += len(item)
            if elements > max_elements:
                raise JsonRefused(422, "too-many-elements", f"More than {max_elements:,} list elements.")
            stack.extend(item)


def read(raw: bytes) -> JsonObject:
    """Read back bytes that `dumps` wrote from a value `loads` accepted. Not for anything from outside."""
    value: JsonObject = json.loads(raw)
    return value
