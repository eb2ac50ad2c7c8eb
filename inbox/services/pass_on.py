"""Passing a request on to somebody who may decide it. It names whose it is first and gives nobody a right."""

from __future__ import annotations

from copy import copy
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from inbox import audit, events
from inbox.audit import Entry
from inbox.errors import Conflict, FieldError, Invalid, NotAllowed
from inbox.models import ApprovalRequest, AuditEvent, Member, Team
from inbox.selectors.electorate import Electorate
from inbox.services.notify import Kind, assigned, notify, settle
from inbox.services.people import actor_of
from inbox.services.routing import COLUMNS, LONGEST
from inbox.services.waiting import lock_waiting, reason_of

# A request that went through so many hands is nobody's: it is decided, or escalated.
MOST_HANDS: Final = 5


def delegate(
    *, person: User, team: Team, request_id: UUID, to: str, reason: str, via: str = "web"
) -> ApprovalRequest:
    """Make a request first the member's whose username is `to`, if their vote would count now.

    Whoever may decide it, whose it is first, and admins may pass it on. Raises NotFound, AlreadyClosed or Expired,
    Invalid (reason-missing, reason-too-long, unknown-person, yourself), NotAllowed (not-yours), and Conflict
    (may-not-decide, already-theirs, too-many-hands).
    """
    reason = reason_of(reason)
    with transaction.atomic(durable=True):
        waiting = lock_waiting(person, team, request_id)
        request, now = waiting.request, waiting.now
        target = Member.objects.select_related("user").filter(team=team, user__username=to).first()
        if target is None:
            raise _wrong("unknown-person", "Nobody of this team has that name.")
        if target.pk == waiting.member.pk:
            raise _wrong("yourself", "That is you.")
        electorate = Electorate.load(team.pk, [request], at=now, people=[person.pk, target.user_id])
        own = electorate.may(request, person.pk)
        if not (own.may or waiting.member.is_admin or request.assignee_id == waiting.member.pk):
            raise NotAllowed("not-yours", f"Not passed on: it is not yours to decide. {own.reason}")
        theirs = electorate.may(request, target.user_id)
        voted = electorate.voted(request, target.user_id)
        if voted or not theirs.may:
            about = "has voted on it" if voted else theirs.about
            raise Conflict("may-not-decide", f"Not passed on: {to} {about}.", extra={"who": to})
        if request.assignee_id == target.pk:
            raise Conflict("already-theirs", f"Not passed on: it is {to}'s first already.")
        if AuditEvent.objects.filter(request=request, verb="delegated").count() >= MOST_HANDS:
            raise Conflict(
                "too-many-hands",
                f"Not passed on: it went through {MOST_HANDS} hands already. Decide it, or escalate it.",
            )
        before = copy(request)
        request.assignee, request.instead_of = target, None
        request.assigned_because = f"passed on by {person.get_username()}: {reason}"[:LONGEST]
        request.save(update_fields=COLUMNS)
        notify(assigned([request], Kind.DELEGATED), now)
        settle([before], now)
        facts = {"to": to, "reason": reason, "digest": request.digest, "via": via}
        entry = Entry("delegated", actor_of(person), request.pk, facts)
        events.announce(team.pk, audit.append(team.pk, [entry], at=now)[0].seq)
    return request


def _wrong(code: str, detail: str) -> Invalid:
    return Invalid(code, f"Not passed on. {detail}", errors=[FieldError("/to", code, detail)])
