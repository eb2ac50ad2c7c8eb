"""Shapes of what people do after a decision: take it back, judge it, pause what should not go on."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from agents.contract import Wire
from agents.models import Pause
from inbox.api.schemas.requests import Short
from inbox.ladder import Step, safest
from inbox.models import Recall
from inbox.selectors.aftermath import Aftermath

Reason = Annotated[str, StringConstraints(max_length=500)]


class ReasonIn(Wire):
    """Why. Only undoing does without."""

    reason: Short = ""


class FeedbackIn(Wire):
    """What the caller thinks of a decision; `bad` and `incident` need a reason."""

    kind: Literal["good", "bad", "incident"]
    reason: Short = ""


class StepOut(BaseModel):
    """One way to take a decision back; with a `code`, why it is not open."""

    rung: Literal["undo", "recall", "compensate", "report"]
    may: bool
    code: str
    sentence: str

    @classmethod
    def of(cls, step: Step) -> StepOut:
        return cls(rung=step.rung.value, may=step.may, code=step.code, sentence=step.sentence)


class RecallOut(BaseModel):
    """How a decision was taken back."""

    by: str
    reason: str
    at: str

    @classmethod
    def of(cls, recall: Recall) -> RecallOut:
        return cls(by=recall.person.get_username(), reason=recall.reason, at=recall.at.isoformat())


class FeedbackOut(BaseModel):
    """The latest word of one person."""

    by: str
    kind: str
    reason: str
    at: str


class ReportedOut(BaseModel):
    """What the agent says happened."""

    status: str
    detail: str
    at: str


class PickupOut(BaseModel):
    """How the agent came to have the decision."""

    how: str
    at: str


class AftermathOut(BaseModel):
    """What followed a decision, and what its caller can still do: `safest` is the first open rung of `ladder`."""

    state: str
    outcome: str | None
    safest: StepOut | None
    ladder: list[StepOut]
    picked_up: PickupOut | None
    recalled: RecallOut | None
    reported: ReportedOut | None
    feedback: list[FeedbackOut]
    compensated_by: str | None

    @classmethod
    def of(
        cls,
        *,
        state: str,
        outcome: str | None,
        steps: tuple[Step, ...],
        after: Aftermath | None,
        compensated_by: UUID | None,
    ) -> AftermathOut:
        best = safest(steps)
        had, said = (after.pickup, after.outcome) if after else (None, None)
        return cls(
            state=state,
            outcome=outcome,
            safest=StepOut.of(best) if best else None,
            ladder=[StepOut.of(step) for step in steps],
            picked_up=PickupOut(how=had.how, at=had.at.isoformat()) if had else None,
            recalled=RecallOut.of(after.recall) if after and after.recall else None,
            reported=ReportedOut(status=said.status, detail=said.detail, at=said.reported_at.isoformat())
            if said
            else None,
            feedback=[
                FeedbackOut(
                    by=one.person.get_username(),
                    kind=one.kind,
                    reason=one.reason,
                    at=one.created_at.isoformat(),
                )
                for one in (after.feedback if after else ())
            ],
            compensated_by=str(compensated_by) if compensated_by else None,
        )


class PauseIn(Wire):
    """What to stop: an `agent` by its handle or a `tool` of a team, the team itself, or with `everything` the server."""

    reason: Reason
    team: str | None = None
    agent: str | None = None
    tool: str | None = None
    everything: bool = False


class ResumeIn(Wire):
    """Why it goes on, for the log."""

    reason: Reason = ""


class PauseOut(BaseModel):
    """A pause; open while `ended_at` is null."""

    id: str
    scope: Literal["agent", "tool", "team", "everything"]
    agent: str | None
    tool: str | None
    reason: str
    begun_by: str
    begun_at: str
    ended_by: str | None
    ended_at: str | None

    @classmethod
    def of(cls, pause: Pause) -> PauseOut:
        scope: Literal["agent", "tool", "team", "everything"] = "team"
        if pause.agent is not None:
            scope = "agent"
        elif pause.tool:
            scope = "tool"
        elif pause.team_id is None:
            scope = "everything"
        return cls(
            id=str(pause.pk),
            scope=scope,
            agent=pause.agent.handle if pause.agent else None,
            tool=pause.tool or None,
            reason=pause.reason,
            begun_by=pause.begun_by.get_username(),
            begun_at=pause.begun_at.isoformat(),
            ended_by=pause.ended_by.get_username() if pause.ended_by else None,
            ended_at=pause.ended_at.isoformat() if pause.ended_at else None,
        )


class PausesOut(BaseModel):
    """What is paused now, oldest first."""

    items: list[PauseOut]
