"""Which lane a waiting request stands in, where in it, and why, in sentences. No scores: a place has to be explainable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inbox.lifecycle import OnTimeout
from inbox.policy.need import Need, who_words
from inbox.policy.priority import MINUTE, RUNGS, WEIGHTS, Band, Schedule, Urgency, place
from inbox.policy.words import Lane, Risk

# Lane by lane this is the whole order; `priority` says why it is this one.
LANES: Final[Mapping[Lane, tuple[Band, ...]]] = {
    Lane.NOW: (Band.URGENT, Band.HIGH_RISEN, Band.LOW_RISEN, Band.NORMAL_RISEN),
    Lane.LOOK: (Band.HIGH, Band.HIGH_LATE, Band.NORMAL, Band.NORMAL_LATE, Band.LOW, Band.LOW_LATE),
    Lane.BATCH: (Band.LOW, Band.LOW_LATE),
}
QUOTED: Final = 120


@dataclass(frozen=True, slots=True)
class Following:
    """The request that stands next after this one, among those the reader may decide."""

    sentence: str
    lane: Lane
    band: Band
    at: float


def lane(band: Band, batchable: bool) -> Lane:
    """Now: the urgent, and whose time runs out. Batches: what may be decided together. Else a look."""
    if band in LANES[Lane.NOW]:
        return Lane.NOW
    return Lane.BATCH if batchable else Lane.LOOK


def why_here(
    *,
    risk: Risk,
    batchable: bool,
    schedule: Schedule,
    now: float,
    rule: str | None,
    needs: Sequence[Need],
    on_timeout: OnTimeout = OnTimeout.REJECT,
    alike: int = 0,
    following: Following | None = None,
) -> tuple[str, ...]:
    """Why a pending request stands where it does: lane, rule, whose vote is missing, deadline, place, group.

    `needs` are the votes still missing; `alike` is how many others wait in its group. Agent-claimed urgency
    moves nothing, so it is not among the reasons. `now` is in seconds on the schedule's clock.
    """
    return (
        _because(risk, batchable, schedule, now),
        f"Rule {rule} asks for a person." if rule else "No rule lets it pass, so a person decides.",
        *(_vote(need) for need in needs),
        _deadline(schedule.deadline - now, on_timeout),
        *_rises(schedule, now),
        *([_before(schedule, now, batchable, following)] if following is not None else []),
        *([_group(alike)] if batchable and alike > 0 else []),
    )


def _because(risk: Risk, batchable: bool, schedule: Schedule, now: float) -> str:
    band = place(schedule, now).band
    where = lane(band, batchable)
    if band is Band.URGENT:
        return "Now: the risk is critical."
    if where is Lane.NOW:
        weight = WEIGHTS[schedule.urgency]
        if schedule.serve_by < schedule.deadline and schedule.urgency is Urgency.HIGH:
            hours, minutes = divmod(int((weight.patience or 0) - weight.rises) // MINUTE, 60)
            return f"Now: it has waited more than {hours} h {minutes} min."
        return f"Now: its deadline is at most {weight.rises / MINUTE:.0f} minutes away."
    if where is Lane.BATCH:
        return "Batches: the risk is low and it can be put back."
    if risk is Risk.UNVERIFIABLE:
        return "Needs a look: its payload cannot be verified."
    if risk is Risk.LOW:
        return "Needs a look: the risk is low, but it is not one to decide together with others."
    return f"Needs a look: the risk is {risk.value}."


def _rises(schedule: Schedule, now: float) -> tuple[str, ...]:
    """What becomes of its place while nobody decides it."""
    rungs, weight = RUNGS[schedule.urgency], WEIGHTS[schedule.urgency]
    band = place(schedule, now).band
    if rungs.calm is rungs.risen or band is rungs.risen:
        return ()
    if band is rungs.late:
        if schedule.deadline <= now:
            return ()
        return (
            f"A look takes about {weight.review_seconds:.0f} seconds, and less is left:"
            " those that can still be decided in time come first.",
        )
    if schedule.rises_at is None:
        return (
            "It was asked for with less than an hour to decide:"
            " at low risk a short deadline alone moves nothing to Now.",
        )
    return (f"It moves to Now in {_duration(schedule.rises_at - now)}.",)


def _before(schedule: Schedule, now: float, batchable: bool, following: Following) -> str:
    sentence = following.sentence
    quoted = sentence if len(sentence) <= QUOTED else f"{sentence[:QUOTED]}…"
    return f"Comes before “{quoted}” because {_reason(schedule, now, batchable, following)}."


def _reason(schedule: Schedule, now: float, batchable: bool, other: Following) -> str:
    mine = place(schedule, now)
    if mine.band is other.band and lane(mine.band, batchable) is other.lane:
        if mine.at < other.at:
            return "its time is up sooner"
        return "it was asked first"
    if mine.band is Band.URGENT:
        return "its risk is critical"
    if lane(mine.band, batchable) is Lane.NOW and other.lane is not Lane.NOW:
        return "its time runs out" if schedule.serve_by > now else "its time is up"
    if mine.band is Band.LOW_RISEN:
        return "a look at it takes less time"
    if mine.band.urgency is not other.band.urgency:
        return "its risk is higher"
    if other.band.late and not mine.band.late:
        return "it can still be decided in time"
    return "that one may be decided together with others"


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


_PASSED: Final = {
    OnTimeout.REJECT: "Its deadline has passed: it is being rejected, and the agent is told.",
    OnTimeout.HALT: "Its deadline has passed: it is being rejected, and its run is being halted.",
    OnTimeout.ESCALATE: "Its deadline has passed: the next people are being asked.",
    OnTimeout.WAIT: "Its deadline has passed, and it waits on until somebody decides.",
}
_COMES: Final = {
    OnTimeout.REJECT: "Rejected in {} if nobody decides, and the agent is told.",
    OnTimeout.HALT: "Rejected in {} if nobody decides, and its run is halted.",
    OnTimeout.ESCALATE: "If nobody decides in {}, further people are asked; after the last it is rejected.",
    OnTimeout.WAIT: "Its deadline is in {}; if nobody decides, it waits on.",
}


def _deadline(seconds_left: float, on_timeout: OnTimeout) -> str:
    if seconds_left <= 0:
        return _PASSED[on_timeout]
    return _COMES[on_timeout].format(_duration(seconds_left))


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
