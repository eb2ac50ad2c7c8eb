"""Which lane a waiting request stands in, and why, in sentences. No scores: a lane has to be explainable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inbox.policy.need import Need, who_words
from inbox.policy.words import Lane, Risk

# What happens by itself this soon is in front of everything but the critical.
NOW_WINDOW_SECONDS: Final = 900


def lane(risk: Risk, batchable: bool, seconds_left: float) -> Lane:
    """Now: critical, or the default fires within 15 minutes. Batches: what may be decided together. Else a look."""
    if risk is Risk.CRITICAL or seconds_left <= NOW_WINDOW_SECONDS:
        return Lane.NOW
    return Lane.BATCH if batchable else Lane.LOOK


def why_here(
    *,
    risk: Risk,
    batchable: bool,
    seconds_left: float,
    rule: str | None,
    needs: Sequence[Need],
    alike: int = 0,
) -> tuple[str, ...]:
    """Why a pending request stands where it does: lane, rule, whose vote is missing, deadline, group.

    `needs` are the votes still missing; `alike` is how many others wait in its group. Agent-claimed urgency
    moves nothing, so it is not among the reasons.
    """
    return (
        _because(risk, batchable, seconds_left),
        f"Rule {rule} asks for a person." if rule else "No rule lets it pass, so a person decides.",
        *(_vote(need) for need in needs),
        _deadline(seconds_left),
        *([_group(alike)] if batchable and alike > 0 else []),
    )


def _because(risk: Risk, batchable: bool, seconds_left: float) -> str:
    if risk is Risk.CRITICAL:
        return "Now: the risk is critical."
    if seconds_left <= NOW_WINDOW_SECONDS:
        return "Now: its deadline is at most 15 minutes away."
    if batchable:
        return "Batches: the risk is low and it can be put back."
    if risk is Risk.UNVERIFIABLE:
        return "Needs a look: its payload cannot be verified."
    if risk is Risk.LOW:
        return "Needs a look: the risk is low, but it is not one to decide together with others."
    return f"Needs a look: the risk is {risk.value}."


def _vote(need: Need) -> str:
    if need.count == 1:
        return f"Needs the vote of {_one(need)}."
    return f"Needs the votes of {need.count} different people, each {who_words(need.tier, need.group)}."


def _one(need: Need) -> str:
    return (
        f"one {who_words(need.tier, need.group)}"
        if need.tier
        else f"one person {who_words(need.tier, need.group)}"
    )


def _deadline(seconds_left: float) -> str:
    if seconds_left <= 0:
        return "Its deadline has passed: it is being rejected, and the agent is told."
    return f"Rejected in {_duration(seconds_left)} if nobody decides, and the agent is told."


def _group(alike: int) -> str:
    return f"{alike:,} more like it {'waits' if alike == 1 else 'wait'}: they can be reviewed together."


def _duration(seconds: float) -> str:
    """Whole units, rounded down: a deadline is never shown later than it is."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} d"
