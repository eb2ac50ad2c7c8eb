"""What a decision would come to, by making it and taking it back: the same code, the same locks, nothing kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from inbox.errors import Refused
from inbox.models import Team
from inbox.policy.words import Risk
from inbox.services.ballot import Line
from inbox.services.decide import decide_many


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would stand after it. `proposed`: an edit that others would decide, those of `slots_open`."""

    risk: Risk
    proposed: bool
    slots_open: tuple[str, ...]
    sentence: str
    edited: bool


def rehearse(
    *, person: User, team: Team, line: Line, set_aside: Sequence[Mapping[str, Any]] = ()
) -> Foreseen:
    """Raises what `decide` would raise; an attempt that policy refuses is not recorded as one."""
    with transaction.atomic():
        try:
            (result,) = decide_many(person=person, team=team, lines=[line], via="web", set_aside=set_aside)
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
    )
