"""What a page says of a decision once it was made, and the one way back that is offered first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inbox.ladder import Rung, Step, safest
from inbox.models import ApprovalRequest, Decision, Member
from inbox.rendering.text import AgentText, plain
from inbox.selectors.aftermath import Aftermath, aftermath_of
from inbox.selectors.compensation import compensation_of
from inbox.selectors.ladder import ladder_of
from inbox.selectors.request_page import RequestPage

STEPS: Final = ("recall", "compensate", "report")
# An outcome's detail stands whole up to here.
LONGEST: Final = 4_000


@dataclass(frozen=True, slots=True)
class After:
    """`best` is the safest open rung, `report` whether one may say how it went; `detail` is the agent's own report.

    `back` is the request that puts this one's effect back.
    """

    ladder: tuple[Step, ...]
    known: Aftermath
    detail: AgentText | None
    back: ApprovalRequest | None

    @property
    def best(self) -> Step | None:
        return safest(self.ladder)

    @property
    def report(self) -> bool:
        return any(step.may for step in self.ladder if step.rung is Rung.REPORT)


def after(page: RequestPage, member: Member) -> After | None:
    """None while nothing was released."""
    request = page.request
    decision: Decision | None = getattr(request, "decision", None)
    if decision is None or page.held is not None:
        return None
    known = aftermath_of(decision)
    said = known.outcome.detail if known.outcome is not None else ""
    return After(
        ladder=ladder_of(request, member, at=page.now),
        known=known,
        detail=plain(said, limit=LONGEST) if said else None,
        back=compensation_of(request),
    )


def open_step(ended: After, step: str) -> bool:
    """Whether this step of the bar is open."""
    return any(rung.may and rung.rung.value == step for rung in ended.ladder)
