"""How a closed request ended, in one sentence for rows, panels and live updates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inbox.lifecycle import State
from inbox.models import ApprovalRequest, Decision
from inbox.policy.grants import GRANT
from inbox.selectors.aftermath import recall_of
from inbox.selectors.audit_words import DONE


@dataclass(frozen=True, slots=True)
class Closing:
    """`text` is "Approved by dana"; `tone` ok, bad or "" goes with it, never instead of it."""

    text: str
    at: datetime
    tone: str
    message: str = ""


def closing_of(request: ApprovalRequest) -> Closing | None:
    """How it ended; None while it waits. Load `decision`, its person, policy version and recall with the request."""
    if request.closed_at is None:
        return None
    decision: Decision | None = getattr(request, "decision", None)
    if request.state == State.EXPIRED.value:
        return Closing("Rejected: nobody decided in time", request.closed_at, "bad")
    if request.state == State.WITHDRAWN.value:
        return Closing(f"Withdrawn by {request.agent.handle}", request.closed_at, "")
    if request.state == State.SUPERSEDED.value:
        return Closing(f"{request.agent.handle} asked anew in its place", request.closed_at, "")
    recalled = recall_of(decision) if decision is not None else None
    if recalled is not None:
        # The decision stays on record; what its agent got is a no.
        who = recalled.person.get_username()
        return Closing(f"Recalled by {who}", recalled.at, "bad", recalled.reason)
    if request.blocked and request.outcome == "approved":
        said = decision.message if decision is not None else ""
        return Closing(f"Glass broken by {decider(decision)}", request.closed_at, "bad", said)
    if request.rule.startswith(GRANT) and request.outcome == "approved":
        return Closing("Passed by a grant", request.closed_at, "ok")
    done = DONE.get(request.outcome or "", "Decided")
    tone = {"approved": "ok", "edited": "ok", "answered": "ok", "rejected": "bad"}.get(
        request.outcome or "", ""
    )
    return Closing(
        f"{done} by {decider(decision)}",
        request.closed_at,
        tone,
        decision.message if decision is not None else "",
    )


def decider(decision: Decision | None) -> str:
    """Who decided: a person's name, the policy and its version, or the deadline."""
    if decision is None:
        return "nobody"
    if decision.person is not None:
        return decision.person.get_username()
    if decision.kind == Decision.Kind.POLICY:
        return f"policy {decision.policy_version}"
    return "the deadline"
