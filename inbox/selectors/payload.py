"""The stored bytes of a revision as the page shows them: every action, every field, in parts of 400 lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox import canonical
from inbox.policy.plan import LateValue, late_values
from inbox.policy.words import Risk
from inbox.rendering.fields import FieldTable, Row, field_table
from inbox.rendering.findings import Finding, merged
from inbox.rendering.raw import raw_json
from inbox.rendering.reveal import Revealed
from inbox.selectors.read_back import ReadBack, read_back

PART_LINES: Final = 400


@dataclass(frozen=True, slots=True)
class ShownAction:
    """One action, or the slice of it that stands in this part. `continued` says that an earlier part began it.

    `allow` is what the agent lets people say of it. `late` are the arguments that are decided at run time.
    """

    key: str
    name: str
    kind: str
    rows: tuple[Row, ...]
    continued: bool
    allow: tuple[str, ...]
    needs: tuple[str, ...]
    late: tuple[LateValue, ...]

    @property
    def approvable(self) -> bool:
        return "approve" in self.allow

    @property
    def offers(self) -> str:
        """What it is answered with where that is not an approval, in words for its heading; else empty."""
        if self.approvable:
            return ""
        return (
            "a choice" if "choose" in self.allow else "a question" if "respond" in self.allow else "to change"
        )


@dataclass(frozen=True, slots=True)
class Payload:
    """What will run. Nothing is left out: what is not in this part is in another, and `parts` says how many."""

    actions: tuple[ShownAction, ...]
    keys: tuple[str, ...]
    findings: tuple[Finding, ...]
    part: int
    parts: int
    raw: Revealed | None
    offered: tuple[frozenset[str], ...]
    asked: ReadBack | None

    @property
    def approvable(self) -> bool:
        """Whether all of it may be approved as one."""
        return self.all_offer("approve")

    def all_offer(self, verb: str) -> bool:
        """Whether every action offers the verb."""
        return all(verb in allow for allow in self.offered)

    def some_offer(self, verb: str) -> bool:
        """Whether an action offers the verb."""
        return any(verb in allow for allow in self.offered)

    @property
    def complete(self) -> bool:
        """Whether this part ends the payload."""
        return self.part == self.parts


def show(
    envelope: bytes, *, risk: Risk, digest: str, part: int = 1, raw: bool = False, lines: int = PART_LINES
) -> Payload:
    """Read a revision's canonical bytes. `part`, of at most `lines`, is held within what there is; `raw` shows the exact JSON instead."""
    document: Mapping[str, Any] = canonical.read(envelope)
    actions = document["actions"]
    tables = [field_table(action["args"], schema=action.get("args_schema")) for action in actions]
    pages = [()] if raw else _pages(actions, tables, lines)
    number = min(max(part, 1), len(pages))
    return Payload(
        actions=() if raw else pages[number - 1],
        keys=tuple(action["key"] for action in actions),
        findings=merged(finding for table in tables for finding in table.findings),
        part=number,
        parts=len(pages),
        raw=raw_json(actions) if raw else None,
        offered=tuple(frozenset(action["allow"]) for action in actions),
        asked=read_back(risk, actions, digest),
    )


def asked_of(envelope: bytes, *, risk: Risk, digest: str) -> ReadBack | None:
    """The value to be read back before this payload is approved, without rendering it."""
    return read_back(risk, canonical.read(envelope)["actions"], digest)


def _pages(actions: list[Any], tables: list[FieldTable], part_lines: int) -> list[tuple[ShownAction, ...]]:
    pages: list[list[ShownAction]] = [[]]
    left = part_lines
    for action, table in zip(actions, tables, strict=True):
        for index, rows in enumerate([*table.chunks(part_lines)] or [()]):
            height = sum(row.line_count for row in rows)
            if height > left and pages[-1]:
                pages.append([])
                left = part_lines
            left -= height
            pages[-1].append(
                ShownAction(
                    key=action["key"],
                    name=action["name"],
                    kind=action["kind"],
                    rows=tuple(rows),
                    continued=index > 0,
                    allow=tuple(action["allow"]),
                    needs=tuple(action["depends_on"]),
                    late=tuple(late_values(action["args"])),
                )
            )
    return [tuple(page) for page in pages]
