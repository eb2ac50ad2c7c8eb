"""What a decision would come to, by making it and taking it back: the same code, the same locks, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from inbox.clock import database_now
from inbox.errors import Refused
from inbox.models import ApprovalRequest, Team
from inbox.policy.seating import Slot
from inbox.policy.words import Risk
from inbox.selectors.electorate import Electorate
from inbox.services.ballot import Line
from inbox.services.decide import Decided, decide_many


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would stand after it. `proposed`: an edit that others would decide, those of `slots_open`.

    `unfillable` are those of them for whom too few people are left once its editor may not vote.
    """

    risk: Risk
    proposed: bool
    slots_open: tuple[str, ...]
    sentence: str
    edited: bool
    unfillable: tuple[Slot, ...] = ()


def rehearse(
    *, person: User, team: Team, line: Line, set_aside: Sequence[Mapping[str, Any]] = ()
) -> Foreseen:
    """Raises what `decide` would raise; an attempt that policy refuses is not recorded as one."""
    with transaction.atomic():
        try:
            (result,) = decide_many(person=person, team=team, lines=[line], via="web", set_aside=set_aside)
            left = _unfillable(result.request) if isinstance(result, Decided) and result.proposed else ()
        finally:
            transaction.set_rollback(True)
    if isinstance(result, Refused):
        raise result
    request = result.request
    return Foreseen(
        Risk(request.risk),
        result.proposed,
        result.slots_open,
        request.sentence,
        request.digest != line.digest,
        left,
    )


def _unfillable(request: ApprovalRequest) -> tuple[Slot, ...]:
    everyone = Electorate.load(request.team_id, [request], at=database_now(), people=None)
    return everyone.unfillable(request)
