"""What a person can still do about a decision (inbox/ladder.py), read from the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agents.models import Delivery, EffectEntry
from inbox import canonical
from inbox.ladder import Standing, Step, ladder
from inbox.models import ApprovalRequest, Decision, Hold, Member, Tool, Vote
from inbox.models.change import CHANNEL
from inbox.policy.templates.impact import value_at
from inbox.policy.words import Effect
from inbox.selectors.aftermath import pickup_of, recall_of
from inbox.selectors.compensation import compensation_of, run_for, undoing
from inbox.selectors.envelopes import bytes_of
from inbox.selectors.policy import tools_named

PREFIX = "undo:"


@dataclass(frozen=True, slots=True)
class Inverse:
    """The calls that put a decision's effect back, last one first, or the tool that has none.

    `seconds` is for how long after it ran all of it can be put back; None without a limit.
    """

    actions: Sequence[Mapping[str, Any]] = ()
    lacking: str = ""
    seconds: int | None = None


def ladder_of(request: ApprovalRequest, member: Member, *, at: datetime) -> tuple[Step, ...]:
    """Every rung for this person now, the safest first."""
    return ladder(standing_of(request, member), at)


def standing_of(request: ApprovalRequest, member: Member) -> Standing:
    """How things stand; under the request's lock it stays so until the caller's transaction ends."""
    voted = Vote.objects.filter(
        request=request, person=member.user_id, retracted_at=None, revision_number=request.revision_number
    ).exists()
    it = Standing(
        state=request.state,
        outcome=request.outcome,
        by="",
        voted=voted,
        admin=member.is_admin,
        tiered=member.tier_id is not None,
        own_rules=request.channel == CHANNEL,
        agent=request.agent.handle,
        enabled=request.agent.enabled,
    )
    if request.state == "held":
        hold = Hold.objects.filter(request=request, ended_at=None).first()
        return replace(it, release_at=hold.release_at if hold else None)
    decision = Decision.objects.select_related("pickup", "recall").filter(request=request).first()
    if decision is None:
        return it
    inverse, earlier = inverse_of(request, decision), compensation_of(request)
    here = request.channel == "hosted"
    return replace(
        it,
        by=decision.kind,
        had=had(decision),
        recalled=recall_of(decision) is not None,
        inverse=tuple(dict.fromkeys(action["name"] for action in inverse.actions)),
        lacking=inverse.lacking,
        until=_until(decision, inverse.seconds),
        hosted=here and undoing(request) is None,
        compensated=earlier is not None or (here and run_for(request.pk) is not None),
    )


def had(decision: Decision) -> bool:
    """Whether its agent has it, or may have: a delivery that somebody holds counts."""
    if pickup_of(decision) is not None:
        return True
    begun = Delivery.objects.filter(correlation_id=decision.pk).exclude(state=Delivery.State.QUEUED)
    return begun.exists() or EffectEntry.objects.filter(pk=decision.pk).exists()


def inverse_of(request: ApprovalRequest, decision: Decision) -> Inverse:
    """What its tools' descriptions say puts it back, with the arguments taken from the approved ones."""
    asked = bytes_of([request])[request.pk].actions
    ran = [
        told["key"]
        for told in canonical.read(bytes(decision.answer))["actions"]
        if told["type"] in ("approve", "edit")
    ]
    tools = tools_named(request.team_id, {asked[key]["name"] for key in ran})
    actions: list[Mapping[str, Any]] = []
    windows: list[int] = []
    for key in reversed(ran):
        action = asked[key]
        tool = tools.get(action["name"])
        if tool is not None and tool.effect == Effect.READ.value:
            continue
        args = _args(tool, action["args"]) if tool is not None else None
        if tool is None or args is None:
            return Inverse(lacking=action["name"])
        if tool.window_seconds is not None:
            windows.append(tool.window_seconds)
        actions.append({"key": f"{PREFIX}{key}"[:200], "name": tool.inverse_tool, "args": args})
    return Inverse(tuple(actions), seconds=min(windows, default=None))


def _args(tool: Tool, args: Mapping[str, Any]) -> dict[str, Any] | None:
    """The inverse's arguments; None where there is none, or where a value it needs was not among the approved ones."""
    if not tool.inverse_tool:
        return None
    mapped = {name: value_at(args, path) for name, path in tool.inverse.items()}
    return None if any(value is None for value in mapped.values()) else mapped


def _until(decision: Decision, seconds: int | None) -> datetime | None:
    # It cannot have run before the agent had it, so this errs on the early side.
    if seconds is None:
        return None
    pickup = pickup_of(decision)
    return (pickup.at if pickup else decision.decided_at) + timedelta(seconds=seconds)
