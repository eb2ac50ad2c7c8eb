"""What silence will do to a request that waits, for those who look at it."""

from __future__ import annotations

from inbox.lifecycle import OnTimeout
from inbox.models import ApprovalRequest
from inbox.policy.document import Escalation
from inbox.policy.need import who_words
from inbox.policy.words import Risk
from inbox.selectors.policy import document_of


def steps_of(request: ApprovalRequest) -> tuple[Escalation, ...]:
    """The steps of a request's escalation, from the policy version it was asked under; none unless silence escalates."""
    if request.on_timeout != OnTimeout.ESCALATE.value:
        return ()
    return document_of(request.policy_version).steps_of(Risk(request.risk))


def next_people(request: ApprovalRequest) -> str:
    """Whom the next step of its escalation asks for: "lead or above", "senior or above and in security"; "" for none."""
    steps = steps_of(request)
    if request.escalate_at is None or request.escalation_step >= len(steps):
        return ""
    needs = steps[request.escalation_step].needs
    return " and ".join(who_words(need.tier, need.group) for need in needs)
