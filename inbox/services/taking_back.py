"""What every way to take a released decision back begins with: the locks, the person, and how things stand."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.models import User

from inbox.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from inbox.ladder import Step
from inbox.models import ApprovalRequest, Member, Team
from inbox.services.verbs import MESSAGE_LENGTH

_FORBIDDEN = frozenset({"not-yours", "no-tier"})


def locked(person: User, team: Team, request_id: UUID) -> tuple[ApprovalRequest, Member]:
    """The request and the person's membership, both locked, in the caller's transaction. Raises NotFound."""
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "team")
        .filter(team=team, pk=request_id)
        .first()
    )
    member = Member.objects.select_for_update(no_key=True).filter(team=team, user=person).first()
    if request is None or member is None or not member.is_active:
        raise NotFound()
    return request, member


def refusal(step: Step) -> Refused:
    """Why a closed rung is refused."""
    kind = NotAllowed if step.code in _FORBIDDEN else Conflict
    return kind(step.code, f"Nothing was changed. {step.sentence}")


def require_reason(reason: str, *, asked: bool = True) -> str:
    """The reason without blanks around it. Raises Invalid (reason-missing, message-too-long)."""
    said = reason.strip()
    if asked and not said:
        raise Invalid("reason-missing", "Say why: the reason is told and kept.")
    if len(said) > MESSAGE_LENGTH:
        raise Invalid("message-too-long", f"The reason is over {MESSAGE_LENGTH:,} characters.")
    return said
