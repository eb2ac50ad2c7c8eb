"""The ways to take a decision back, from the safest to the least: what is still open to a person, and why not the rest. Pure.

Undo while it is held, recall until the agent has it, compensate when it was carried out, and report in any case. The
services refuse by these same words, under their locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Rung(StrEnum):
    """One way to take a decision back."""

    UNDO = "undo"
    RECALL = "recall"
    COMPENSATE = "compensate"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand between a person and a request. `state`, `outcome` and `by` are the request's and its decision's.

    `voted`: their vote is in the decision. `had`: the agent has it, or it is on its way. `hosted`: a run of this server
    asked, and no graph puts back what it did. `inverse` names the tools that would put it back, in their order, `lacking` the first tool without one;
    `until` is when their window closes. `compensated`: somebody asked for that already.
    """

    state: str
    outcome: str | None
    by: str
    voted: bool = False
    admin: bool = False
    tiered: bool = False
    release_at: datetime | None = None
    own_rules: bool = False
    had: bool = False
    recalled: bool = False
    hosted: bool = False
    agent: str = "the agent"
    enabled: bool = True
    inverse: tuple[str, ...] = ()
    lacking: str = ""
    until: datetime | None = None
    compensated: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One rung for one person: what it does, or with a `code` why it is closed."""

    rung: Rung
    sentence: str
    code: str = ""

    @property
    def may(self) -> bool:
        return not self.code


def undo(it: Standing) -> Step:
    """Nothing has left the server: the vote is taken back and the request waits again."""
    if it.state != "held" or it.release_at is None:
        return Step(Rung.UNDO, "Not held: there is nothing to undo.", "not-held")
    if not it.voted:
        return Step(Rung.UNDO, "Only who voted on it may undo it.", "not-yours")
    return Step(Rung.UNDO, f"Undo: nothing has left. Held until {_at(it.release_at)}.")


def recall(it: Standing) -> Step:
    """Released, and not had yet: the agent gets a no in its place."""
    closed = _not_released(it)
    if closed:
        return Step(Rung.RECALL, *closed)
    if it.by != "person":
        return Step(Rung.RECALL, "Policy decided this, not people.", "not-peoples")
    if it.own_rules:
        return Step(Rung.RECALL, "A change of the team's own rules is changed back instead.", "own-rules")
    if not (it.voted or it.admin):
        return Step(Rung.RECALL, "Only who voted on it, or an admin, may recall it.", "not-yours")
    if it.had:
        return Step(Rung.RECALL, f"Too late to recall: {it.agent} has it.", "already-picked-up")
    return Step(Rung.RECALL, f"Recall: {it.agent} does not have it yet, and gets a no in its place.")


def compensate(it: Standing, now: datetime) -> Step:
    """The agent may have carried it out: it is asked to put it back, and people decide that too."""
    closed = _not_released(it)
    if closed:
        return Step(Rung.COMPENSATE, *closed)
    if not it.had:
        return Step(Rung.COMPENSATE, f"{it.agent} does not have it: there is nothing to put back.", "not-had")
    if not it.tiered:
        return Step(Rung.COMPENSATE, "You have no tier in this team.", "no-tier")
    if it.compensated:
        return Step(Rung.COMPENSATE, "It has been asked already to put it back.", "compensated")
    if it.lacking or not it.inverse:
        what = (
            f"no tool is known to put {it.lacking} back" if it.lacking else "nothing of it changed anything"
        )
        return Step(Rung.COMPENSATE, f"Cannot be put back: {what}.", "no-inverse")
    if it.until is not None and now >= it.until:
        return Step(Rung.COMPENSATE, f"Too late: it could be put back until {_at(it.until)}.", "window-over")
    if it.hosted or not it.enabled:
        why = (
            "a run of this server asked it, and no graph is named to put it back"
            if it.hosted
            else "it is disabled"
        )
        return Step(Rung.COMPENSATE, f"{it.agent} cannot be asked to put it back: {why}.", "cannot-be-asked")
    until = f" It can be until {_at(it.until)}." if it.until is not None else ""
    return Step(
        Rung.COMPENSATE, f"Put it back with {' and '.join(it.inverse)}: someone else decides that.{until}"
    )


def report(it: Standing) -> Step:
    """Nothing is taken back; what happened is on the record."""
    if it.state not in ("decided", "expired"):
        return Step(Rung.REPORT, "Nothing was decided yet.", "not-decided")
    if not it.tiered:
        return Step(Rung.REPORT, "You have no tier in this team.", "no-tier")
    return Step(Rung.REPORT, "Report what went wrong: it stays on the record of this decision.")


def ladder(it: Standing, now: datetime) -> tuple[Step, ...]:
    """Every rung, the safest first."""
    return (undo(it), recall(it), compensate(it, now), report(it))


def safest(steps: Sequence[Step]) -> Step | None:
    """The first open one; None when nothing can be done."""
    return next((step for step in steps if step.may), None)


def _not_released(it: Standing) -> tuple[str, str] | None:
    if it.state == "held":
        return "It is still held: undo it instead.", "held"
    if it.state != "decided":
        return f"Nothing was released: this request is {it.state}.", "not-decided"
    if it.recalled:
        return "It was recalled already.", "recalled"
    if it.outcome == "rejected":
        return "It was a no: nothing was released to take back.", "not-approved"
    return None


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
