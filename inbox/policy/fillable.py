"""Places no vote can fill with the people a team has. Warned of when a version is saved; it may still be saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inbox.policy.document import PolicyDocument
from inbox.policy.need import Need
from inbox.policy.problems import pointer
from inbox.policy.requirement import added, slots, strictest
from inbox.policy.seating import Voter, seat
from inbox.policy.words import Risk


@dataclass(frozen=True, slots=True)
class Unfillable:
    """A list of needs, by its place in the document, that the team cannot meet, and a sentence about whom it lacks."""

    pointer: str
    message: str


def unfillable_slots(
    document: PolicyDocument, people: Sequence[Voter], ranks: Mapping[str, int]
) -> tuple[Unfillable, ...]:
    """Where a request would wait for people who are not there. `people` are the team's active members.

    A rule's and a checkpoint's people are looked for on top of the ladder's at the least risk they can come with.
    Who may not decide a certain request (its agent's owner, say) is not known here: a place just filled may still
    stay open.
    """
    found = []
    for where, needs in _asked(document, ranks):
        seating = seat(slots(needs), enumerate(people), ranks)
        if seating.open:
            missing = ", ".join(sorted({slot.who for slot in seating.open}))
            found.append(
                Unfillable(where, f"Nobody is there for {len(seating.open)} of its places ({missing}).")
            )
    return tuple(found)


def _asked(document: PolicyDocument, ranks: Mapping[str, int]) -> Iterator[tuple[str, Sequence[Need]]]:
    for risk, needs in document.ladder.items():
        yield pointer(["ladder", risk.value]), needs
        for number, step in enumerate(document.steps_of(risk)):
            yield pointer(["escalation", risk.value, number, "needs"]), strictest(needs, step.needs, ranks)
    low = document.ladder[Risk.LOW]
    for kind, checkpoint in (document.checkpoints or {}).items():
        if checkpoint.needs:
            yield pointer(["checkpoints", kind, "needs"]), added(low, checkpoint.needs)
    for place, rule in enumerate(document.rules):
        if rule.needs:
            yield (
                pointer(["rules", place, "needs"]),
                added(document.ladder[rule.risk_at_least or Risk.LOW], rule.needs),
            )
