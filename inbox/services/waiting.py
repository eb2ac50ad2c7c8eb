"""The door of what people do with a waiting request short of deciding it: lock first, then look whether it waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import ApprovalRequest, Member, Team
from inbox.services.ballot import why_not_waiting

REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A locked, pending request, the member who does something with it, and when. `rows` are all that were locked."""

    request: ApprovalRequest
    member: Member
    now: datetime
    rows: Mapping[UUID, ApprovalRequest]


def lock_waiting(
    person: User, team: Team, request_id: UUID, *, beside: Collection[UUID] = (), open_only: bool = True
) -> Waiting:
    """Lock a request of the team, others of it `beside`, and the member, in the caller's transaction.

    Raises NotFound for strangers and unknown requests; AlreadyClosed or Expired for one that no longer waits, unless
    `open_only` is off.
    """
    rows = {
        row.pk: row
        for row in ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("agent", "policy_version__policy", "group")
        .filter(team=team, pk__in={request_id, *beside})
        .order_by("pk")
    }
    # The lock alone first, the row after: see `Table.load`.
    list(Member.objects.select_for_update(no_key=True).filter(team=team, user=person).values_list("pk"))
    member = (
        Member.objects.select_related("user", "tier", "team")
        .filter(team=team, user=person, is_active=True, user__is_active=True)
        .first()
    )
    request = rows.get(request_id)
    if request is None or member is None:
        raise NotFound()
    now = database_now()
    if open_only:
        refused = why_not_waiting(request, now)
        if refused is not None:
            raise refused
    return Waiting(request, member, now, rows)


def reason_of(text: str) -> str:
    """A reason as it is kept: one line. Raises Invalid (reason-missing, reason-too-long)."""
    reason = " ".join(text.split())
    if not reason:
        raise Invalid(
            "reason-missing", "Say why first.", errors=[FieldError("/reason", "reason-missing", "Say why.")]
        )
    if len(reason) > REASON_LENGTH:
        detail = f"The reason is over {REASON_LENGTH} characters."
        raise Invalid("reason-too-long", detail, errors=[FieldError("/reason", "reason-too-long", detail)])
    return reason
