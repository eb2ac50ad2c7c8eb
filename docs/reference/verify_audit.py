#!/usr/bin/env python3
"""Check an exported audit log without Placet: Python 3.8 or newer, standard library only.

    python3 verify_audit.py audit.jsonl
    python3 verify_audit.py audit.csv --anchor 118:5f0c…  --anchors receipts.txt

hash(n) = SHA-256(1 || hash(n-1) || SHA-256(0 || entry)), the first previous hash being 32 zero bytes. The script
recomputes every hash from the entry's text and compares it, the order and the readable CSV columns. This shows any
change, insertion, deletion or reordering inside the file. A rewritten or cut-off end is shown only by an anchor: a
(seq, hash) pair kept elsewhere, such as the receipt an agent or reviewer got with a decision, or the head someone
noted from the audit page. An anchors file has one `seq hash` a line; lines that begin with # are skipped.

Exit codes: 0 the chain holds, 1 it does not, 2 the file or an anchor cannot be read.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

GENESIS = "00" * 32
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Unreadable(Exception):
    """The file is not an export, or an anchor is not `seq:hash`."""


class Broken(Exception):
    """The chain does not hold at `seq`."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq


class Record(NamedTuple):
    """One line of an export. `columns` are the readable CSV cells that repeat what the entry says."""

    seq: int
    previous: str
    hash: str
    entry: str
    columns: dict[str, str]


class End(NamedTuple):
    """The last line of a JSONL export: how long the chain was and what its last hash was."""

    length: int
    head: str


class Result(NamedTuple):
    """What held: the first and last number, the last hash, whether an end mark confirmed it, the anchors met."""

    first: int
    last: int
    head: str
    ended: bool
    anchors: int


def link(previous: str, entry: str) -> str:
    """The hash that follows `previous` (hex) when `entry` is appended."""
    inner = hashlib.sha256(b"\x00" + entry.encode("utf-8")).digest()
    return hashlib.sha256(b"\x01" + bytes.fromhex(previous) + inner).hexdigest()


def verify(lines: Iterator[Any], anchors: dict[int, str], *, marked: bool) -> Result:
    """Check records in order; `marked` files must close with their end mark.

    Raises Broken at the first that does not hold, Unreadable for what is no record.
    """
    first = last = 0
    head = GENESIS
    ended: End | None = None
    met = 0
    for line in lines:
        if ended is not None:
            raise Broken(last + 1, "there are lines after the end mark")
        if isinstance(line, End):
            ended = line
            continue
        if first == 0:
            first, last = line.seq, line.seq - 1
            # A part export starts in the middle: what it continues is stated, not proven, unless anchored.
            head = GENESIS if line.seq == 1 else line.previous
            if first > 1 and anchors.get(last, head) != head:
                raise Broken(first, f"it does not continue the anchored event {last}")
            met += int(last in anchors)
        head = check(line, last + 1, head)
        last = line.seq
        if last in anchors:
            if anchors[last] != head:
                raise Broken(last, "its hash is not the anchored one")
            met += 1
    if ended is None and marked:
        raise Broken(last + 1, "the file stops without its end mark, so it was cut off")
    if ended is not None and (ended.length != last or ended.head != head):
        raise Broken(last + 1, f"the end mark names event {ended.length} and another hash")
    missing = [seq for seq in anchors if seq > last]
    if missing:
        raise Broken(last + 1, f"the file stops before the anchored event {min(missing)}")
    return Result(first, last, head, ended is not None, met)


def check(record: Record, expected: int, head: str) -> str:
    """One record against its place in the chain; returns its hash."""
    if record.seq != expected:
        raise Broken(expected, f"event {record.seq} stands where {expected} should")
    if record.previous != head:
        raise Broken(expected, "it does not continue the event before it")
    following = link(head, record.entry)
    if record.hash != following:
        raise Broken(expected, "its text does not hash to its hash")
    try:
        said = json.loads(record.entry)
    except ValueError:
        raise Broken(expected, "its entry is not JSON") from None
    if not isinstance(said, dict) or said.get("seq") != record.seq:
        raise Broken(expected, "its entry carries another number")
    truth = columns_of(said)
    for name, shown in record.columns.items():
        if name in truth and shown != truth[name]:
            raise Broken(expected, f"column {name} says something else than the entry")
    return following


def columns_of(said: dict[str, Any]) -> dict[str, str]:
    """The readable cells an export writes for an entry."""
    actor, facts = said.get("actor") or {}, said.get("facts") or {}
    cells = {
        "at": said.get("at"),
        "verb": said.get("verb"),
        "actor_kind": actor.get("kind"),
        "actor": actor.get("name"),
        "request": said.get("request"),
    }
    for name in ("outcome", "digest", "policy", "rule"):
        cells[name] = facts.get(name)
    return {name: cell(value) for name, value in cells.items()}


def cell(value: Any) -> str:
    """A value as a cell no spreadsheet takes for a formula."""
    text = value if isinstance(value, str) else ("" if value is None else json.dumps(value))
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def is_jsonl(path: str) -> bool:
    """Whether an export is JSONL; a CSV begins with its header."""
    with open(path, "rb") as start:
        return start.read(1) == b"{"


def read_jsonl(path: str) -> Iterator[Any]:
    """Lines end with a line feed and nothing else: entries may hold other separators."""
    with open(path, "rb") as lines:
        for number, raw in enumerate(lines, 1):
            try:
                value = json.loads(raw.decode("utf-8"))
                if "end" in value:
                    yield End(int(value["end"]["length"]), str(value["end"]["head"]))
                else:
                    yield record_of(value, {})
            except (ValueError, KeyError, TypeError) as error:
                raise Unreadable(f"line {number} is not a line of an audit export ({error})") from None


def read_csv(path: str) -> Iterator[Any]:
    """Rows of a CSV export with its header."""
    csv.field_size_limit(2**31 - 1)
    with open(path, encoding="utf-8", newline="") as text:
        rows = csv.DictReader(text, strict=True)
        try:
            for row in rows:
                yield record_of(row, row)
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise Unreadable(
                f"the row at line {rows.line_num} is not a row of an audit export ({error})"
            ) from None


def record_of(value: Any, columns: dict[str, str]) -> Record:
    """One record of a line. Raises KeyError, TypeError or ValueError when it is none."""
    return Record(
        int(value["seq"]),
        hexadecimal(value["previous"]),
        hexadecimal(value["hash"]),
        str(value["entry"]),
        columns,
    )


def hexadecimal(value: Any) -> str:
    """A SHA-256 in lower-case hex. Raises ValueError for anything else."""
    if not isinstance(value, str) or len(bytes.fromhex(value)) != 32:
        raise ValueError("not a SHA-256 in hex")
    return value.lower()


def read_anchors(pairs: list[str], path: str | None) -> dict[int, str]:
    """Anchors from the command line and from a file."""
    if path:
        with open(path, encoding="utf-8") as lines:
            pairs = pairs + [
                ":".join(line.split()) for line in lines if line.strip() and not line.startswith("#")
            ]
    anchors = {}
    for pair in pairs:
        seq, _, digest = pair.partition(":")
        try:
            anchors[int(seq)] = hexadecimal(digest.strip())
        except ValueError:
            raise Unreadable(f"{pair!r} is not an anchor: write seq:hash") from None
    return anchors


def main(argv: list[str] | None = None) -> int:
    """Verify one file and say what was found."""
    parser = argparse.ArgumentParser(description="Check an exported audit log offline.")
    parser.add_argument("export", help="a .jsonl or .csv file from the audit page")
    parser.add_argument(
        "--anchor", action="append", default=[], metavar="SEQ:HASH", help="a receipt kept elsewhere"
    )
    parser.add_argument("--anchors", metavar="FILE", help="a file of `seq hash` lines")
    options = parser.parse_args(argv)
    try:
        anchors = read_anchors(options.anchor, options.anchors)
        marked = is_jsonl(options.export)
        lines = read_jsonl(options.export) if marked else read_csv(options.export)
        result = verify(lines, anchors, marked=marked)
    except Broken as broken:
        print(f"BROKEN at event {broken.seq}: {broken}. Events before it hold.")
        return 1
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        print(f"Cannot be checked: {error}.", file=sys.stderr)
        return 2
    if result.last == 0:
        print("The file holds no events.")
        return 0
    print(f"The chain holds: events {result.first} to {result.last}, head {result.head}")
    if result.first > 1 and result.first - 1 not in anchors:
        print(f"Events before {result.first} are not in the file and not covered.")
    if not result.ended:
        print("A CSV has no end mark: compare the head with the audit page or an anchor to know it is whole.")
    print(f"Anchors met: {result.anchors} of {len(anchors)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
