"""Being away, and who stands in: one's own affair, or an admin's; audited, revocable, never a right."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Delegation, Member
from inbox.policy.delegation import LONGEST_CHAIN, Absence, problem_with
from inbox.selectors.presence import absences, last_day
from inbox.services.people import actor_of
from inbox.services.teams import record

LONGEST_DAYS = 366
LONGEST_REASON = 200


def be_away(
    *,
    by: Member,
    member_id: UUID,
    first_day: date,
    last: date,
    delegate_id: UUID | None = None,
    reason: str = "",
) -> Delegation:
    """Note that a member is away from `first_day` to `last`, both included, and who is asked instead, if anybody.

    Members set their own, admins anybody's. Raises NotAllowed, NotFound for another team's member, and Invalid for
    dates in the past or the wrong way round, an overlap, a delegate who is not there to be one, a cycle or a chain
    of more than five.
    """
    with transaction.atomic():
        members = _locked_members(by)
        member = _allowed(by, members.get(member_id))
        delegate = _delegate(members, member, delegate_id)
        start, end = _span(first_day, last)
        if len(reason) > LONGEST_REASON:
            raise _wrong("/reason", "too-long", f"At most {LONGEST_REASON} characters.")
        now = database_now()
        known = absences(by.team_id, since=now)
        new = Absence(member.pk, start, end, delegate.pk if delegate else None)
        _check_overlap(new, known)
        _check_chain(new, known, members)
        row = Delegation.objects.create(
            team=by.team,
            member=member,
            delegate=delegate,
            starts_at=start,
            ends_at=end,
            reason=reason,
            created_by=by.user,
        )
        record(by.team, "delegation_changed", actor_of(by.user), _facts(row))
    return row


def revoke(*, by: Member, delegation_id: UUID) -> Delegation:
    """Take an absence back, begun or not. A repeat changes nothing. Raises NotFound, NotAllowed as `be_away`."""
    with transaction.atomic():
        members = _locked_members(by)
        row = Delegation.objects.select_for_update().filter(team=by.team, pk=delegation_id).first()
        if row is None:
            raise NotFound()
        row.member = _allowed(by, members.get(row.member_id))
        row.delegate = members.get(row.delegate_id) if row.delegate_id else None
        if row.revoked_at is None and row.ends_at > database_now():
            row.revoked_at = database_now()
            row.save(update_fields=["revoked_at"])
            record(by.team, "delegation_changed", actor_of(by.user), {**_facts(row), "revoked": True})
    return row


def _locked_members(by: Member) -> dict[UUID, Member]:
    # All of the team's, in order: two absences saved at one instant cannot close a cycle between them.
    held = Member.objects.select_for_update(no_key=True).filter(team_id=by.team_id).order_by("pk")
    list(held.values_list("pk"))
    return {m.pk: m for m in Member.objects.select_related("user").filter(team_id=by.team_id)}


def _allowed(by: Member, member: Member | None) -> Member:
    if member is None:
        raise NotFound()
    if member.pk != by.pk and not (by.is_admin and by.is_active):
        raise NotAllowed(
            "not-yours", "Not changed: only they themselves or an admin may say when they are away."
        )
    return member


def _delegate(members: dict[UUID, Member], member: Member, delegate_id: UUID | None) -> Member | None:
    if delegate_id is None:
        return None
    delegate = members.get(delegate_id)
    if delegate is None or not delegate.is_active or not delegate.user.is_active:
        raise _wrong("/delegate", "unknown-member", "The person who stands in must be an active member.")
    if delegate.pk == member.pk:
        raise _wrong("/delegate", "oneself", "Nobody stands in for themselves.")
    return delegate


def _span(first_day: date, last: date) -> tuple[datetime, datetime]:
    if first_day < timezone.localdate():
        raise _wrong("/first_day", "in-the-past", "This day is over: begin today or later.")
    if last < first_day:
        raise _wrong("/last_day", "ends-before-start", "The last day is before the first.")
    if (last - first_day).days >= LONGEST_DAYS:
        raise _wrong("/last_day", "too-long", "At most a year. Deactivate people who have left.")
    zone = timezone.get_current_timezone()
    return (
        datetime.combine(first_day, time(), zone),
        datetime.combine(last + timedelta(days=1), time(), zone),
    )


def _check_overlap(new: Absence[UUID], known: list[Absence[UUID]]) -> None:
    for other in known:
        if other.who == new.who and other.start < new.end and new.start < other.end:
            raise _wrong(
                "/first_day",
                "already-away",
                f"An absence until {last_day(other.end)} is noted for these days already. Take it back first.",
            )


def _check_chain(new: Absence[UUID], known: list[Absence[UUID]], members: dict[UUID, Member]) -> None:
    problem = problem_with(new, known)
    if problem is None:
        return
    names = " → ".join(members[one].user.get_username() if one in members else "?" for one in problem.chain)
    if problem.cycle:
        raise _wrong("/delegate", "delegation-cycle", f"They would stand in for each other: {names}.")
    raise _wrong(
        "/delegate",
        "delegation-chain",
        f"More than {LONGEST_CHAIN} people would stand in one for another: {names}.",
    )


def _facts(row: Delegation) -> dict[str, object]:
    return {
        "person": row.member.user.get_username(),
        "delegate": row.delegate.user.get_username() if row.delegate else None,
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat(),
        "reason": row.reason,
    }


def _wrong(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(code, detail, errors=[FieldError(pointer, code, detail)])
