"""`python -m bench.batching FOLDER`: how many units a reviewer opens when alike calls are reviewed as one.

Sessions begin at random (120 an hour) and their calls follow 20 s apart; the queue is opened every 5, 30 and 120
minutes, and a unit is what shares a key and waits. Twice: over what the shipped policy queues, and over what a rule
on verbs would (ask unless the name reads), which other measurements use. Hidden harm is the share of the harmful
items that sit in a unit together with a benign one, where approving the unit at a glance would let them through.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.recorded import DEFAULT, Row, complain, facts, read, shown, table
from inbox.policy.evaluate import safe_evaluate
from inbox.policy.grouping import group_key
from inbox.policy.naming import lexicon
from inbox.policy.words import Outcome

WINDOWS: Final = (5, 30, 120)
SESSIONS_AN_HOUR: Final = 120.0
SECONDS_BETWEEN_CALLS: Final = 20.0
SEEDS: Final = 5
# A rule on verbs, as simple as such rules are: it asks unless one of the first four words is one of these.
READING: Final = lexicon("""
get list read search find view check retrieve query fetch lookup show describe count calculate compute estimate verify
track download browse cat ls grep pwd cd sort tail wc du diff display see analyze predict geocoding navigate ask
""")


@dataclass(frozen=True, slots=True)
class Item:
    """A row with its answer and its key by the product's own grouping."""

    row: Row
    queued: bool
    key: str


Key = Callable[[Item], Hashable]


def judge(rows: Sequence[Row]) -> list[Item]:
    """The shipped policy's answer and the shipped key for every row."""
    items = []
    for place, row in enumerate(rows):
        seen = facts(row)
        if seen is None:
            items.append(Item(row, True, f"refused-{place}"))
            continue
        answer = safe_evaluate(DEFAULT, seen, policy="default", version=1)
        try:
            key = group_key(row.agent, seen.actions[0], answer.rule, answer.risk.value, answer.reversible)
        except Exception:  # noqa: BLE001 - what has no key is alone
            key = f"alone-{place}"
        items.append(Item(row, answer.outcome is not Outcome.ALLOW, key))
    return items


def verbs_ask(item: Item) -> bool:
    """What a rule on verbs would queue."""
    words = [word.lower() for word in _WORD.findall(item.row.tool)]
    return not set(words[:4]) & READING


# Digits belong to the word before them.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z0-9])|[A-Z]?[a-z0-9]+")


def shape(item: Item) -> str:
    """The names and types of arguments; for a shell, the first word of its command."""
    command = item.row.args.get("command")
    if isinstance(command, str) and set(item.row.args) <= {"command"}:
        return "command " + (command.split() or [""])[0]
    return ",".join(f"{name}:{_type(value)}" for name, value in sorted(item.row.args.items()))


def _type(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes/no"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "list", dict: "object"}.get(type(value), "other")


KEYS: Final[Mapping[str, Key]] = {
    "no grouping": id,
    "agent+tool": lambda item: (item.row.agent, item.row.tool),
    "agent+tool+arg-shape": lambda item: (item.row.agent, item.row.tool, shape(item)),
    "shipped": lambda item: item.key,
}


def stream(items: Sequence[Item], seed: int) -> list[tuple[float, Item]]:
    """The items in the order they arrive, with the second each does."""
    dice = random.Random(seed)
    sessions: dict[str, list[Item]] = {}
    for item in items:
        sessions.setdefault(item.row.trace, []).append(item)
    order = sorted(sessions)
    dice.shuffle(order)
    began, events = 0.0, []
    for trace in order:
        began += dice.expovariate(SESSIONS_AN_HOUR / 3600)
        at = began
        for item in sorted(sessions[trace], key=lambda one: one.row.step):
            events.append((at, len(events), item))
            at += dice.expovariate(1 / SECONDS_BETWEEN_CALLS)
    events.sort(key=lambda event: event[:2])
    return [(at, item) for at, _, item in events]


def units(arrivals: Sequence[Sequence[tuple[float, Item]]], key: Key, minutes: int) -> dict[str, Any]:
    """Units, their size and what they hide, as means over several arrival orders."""
    n: Counter[str] = Counter()
    largest = 0
    for events in arrivals:
        waiting: dict[tuple[int, Hashable], list[Row]] = defaultdict(list)
        for at, item in events:
            waiting[int(at // (minutes * 60)), key(item)].append(item.row)
        n["items"] += len(events)
        n["units"] += len(waiting)
        for rows in waiting.values():
            harmful = sum(row.label == "harmful" for row in rows)
            n["harmful"] += harmful
            largest = max(largest, len(rows))
            if harmful and any(row.label == "benign" for row in rows):
                n["mixed"] += 1
                n["hidden"] += harmful
    return {
        "items": n["items"] / len(arrivals),
        "units": n["units"] / len(arrivals),
        "units_percent_of_items": round(100 * n["units"] / max(1, n["items"]), 1),
        "largest": largest,
        "mixed_units_percent": round(100 * n["mixed"] / max(1, n["units"]), 1),
        "harmful_in_mixed_percent": round(100 * n["hidden"] / max(1, n["harmful"]), 1),
    }


def figures(items: Sequence[Item], seeds: int = SEEDS) -> dict[str, Any]:
    """All of the bench as one JSON value: queue, key, window."""
    arrivals = [stream(items, seed) for seed in range(1, seeds + 1)]
    queues: Mapping[str, Callable[[Item], bool]] = {
        "shipped policy": lambda item: item.queued,
        "rule on verbs": verbs_ask,
    }
    return {
        name: {
            key_name: {
                str(minutes): units([[e for e in events if asks(e[1])] for events in arrivals], key, minutes)
                for minutes in WINDOWS
            }
            for key_name, key in KEYS.items()
        }
        for name, asks in queues.items()
    }  # fmt: skip


def report(found: Mapping[str, Any]) -> str:
    """The tables for a terminal or a page."""
    said = []
    for queue, keys in found.items():
        said.append(f"Items queued by the {queue}: {keys['no grouping']['30']['items']:.0f} a pass")
        head = ["key", *(f"units every {m} min (% of items)" for m in WINDOWS), "largest, 30 min"]
        head += ["mixed units %, 30 min", *(f"harmful in mixed %, {m} min" for m in WINDOWS)]
        rows = [
            [
                name,
                *(
                    f"{by[str(m)]['units']:.0f} ({shown(by[str(m)]['units_percent_of_items'])})"
                    for m in WINDOWS
                ),
                by["30"]["largest"],
                shown(by["30"]["mixed_units_percent"]),
                *(shown(by[str(m)]["harmful_in_mixed_percent"]) for m in WINDOWS),
            ]
            for name, by in keys.items()
        ]
        said.append(table(head, rows))
    return "\n\n".join(said)


def main() -> None:
    """Print the tables, or with `--json` the same figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a folder of *.jsonl or *.jsonl.gz, or one such file")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="arrival orders to take the mean of")
    options = parser.parse_args()
    try:
        recording = read(options.folder)
    except FileNotFoundError:
        parser.error(f"no such file or folder: {options.folder}")
    complain(recording)
    if not recording.rows or not 1 <= options.seeds <= 100:
        parser.error("no recorded calls there" if not recording.rows else "--seeds takes 1 to 100")
    pool = set(recording.pool)
    found = figures(judge([row for row in recording.rows if row.source in pool]), options.seeds)
    json.dump(found, sys.stdout, indent=1) if options.json else print(report(found))


if __name__ == "__main__":
    main()
