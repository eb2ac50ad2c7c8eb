"""What happens to a request nobody decides: when its time is up, what then, and who else is asked meanwhile.

Silence never approves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from inbox.policy.document import Escalation, PolicyDocument
from inbox.policy.need import Need
from inbox.policy.requirement import strictest
from inbox.policy.rule import Rule
from inbox.policy.shapes import OnTimeout
from inbox.policy.words import Risk

_STRICTEST_FIRST: Final[tuple[OnTimeout, ...]] = ("halt", "reject", "escalate", "wait")


@dataclass(frozen=True, slots=True)
class Waiting:
    """`expires_in` seconds until `on_timeout` happens; `escalation` steps count from the request's coming."""

    expires_in: int
    on_timeout: OnTimeout
    escalation: tuple[Escalation, ...]


def waiting(document: PolicyDocument, risk: Risk, asking: Sequence[Rule], checkpoint: str) -> Waiting:
    """What the rules that ask say, else what the checkpoint says, else what the document says for the risk.

    Of several rules the shortest deadline and the strictest action hold: halt, reject, escalate, wait.
    """
    here = document.checkpoint(checkpoint)
    deadlines = [rule.expires_in for rule in asking if rule.expires_in is not None]
    actions: list[OnTimeout] = [rule.on_timeout for rule in asking if rule.on_timeout is not None]
    return Waiting(
        expires_in=min(deadlines) if deadlines else here.expires_in or document.expires_in[risk],
        on_timeout=min(actions, key=_STRICTEST_FIRST.index)
        if actions
        else here.on_timeout or document.timeout_of(risk),
        escalation=document.steps_of(risk),
    )


def escalated(
    needs: Sequence[Need],
    steps: Sequence[Escalation],
    waited_s: float,
    ranks: Mapping[str, int],
) -> tuple[Need, ...]:
    """The needs after so many seconds: the strictest of what was needed and of every step that is due.

    Never fewer people than before. A step's senior may stand in for the junior nobody could find.
    """
    due = tuple(needs)
    for step in steps:
        if step.after_seconds <= waited_s:
            due = strictest(due, step.needs, ranks)
    return due
