"""Rotas: made and changed by admins, audited. Who is on call follows from them and the clock alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time
from uuid import UUID

from django.db import IntegrityError, transaction

from inbox.errors import Conflict, FieldError, Invalid, NotFound
from inbox.models import Member, Rota, RotaSeat
from inbox.policy.windows import zone
from inbox.selectors.policy import current_version, document_of
from inbox.services.people import actor_of, require_admin_of
from inbox.services.teams import record

MOST_SEATS = 12
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def create_rota(
    *,
    admin: Member,
    name: str,
    period: str,
    weekday: int,
    handover: time,
    timezone: str,
    starts_on: date,
    members: Sequence[UUID],
) -> Rota:
    """A new rota; `members` are asked in their order. Raises Invalid saying what is wrong at which field."""
    require_admin_of(admin)
    if not _NAME.fullmatch(name):
        raise _wrong("/name", "invalid-name", "Use lower-case letters, digits and dashes.")
    _check(period, weekday, timezone)
    try:
        with transaction.atomic():
            rota = Rota.objects.create(
                team=admin.team,
                name=name,
                period=period,
                weekday=weekday,
                handover=handover,
                timezone=timezone,
                starts_on=starts_on,
            )
            _seat(rota, members)
            record(admin.team, "rota_changed", actor_of(admin.user), {"rota": name, "after": _facts(rota)})
    except IntegrityError:
        raise _wrong("/name", "name-taken", f"There is a rota {name} already.") from None
    return rota


def change_rota(
    *,
    admin: Member,
    rota_id: UUID,
    period: str,
    weekday: int,
    handover: time,
    timezone: str,
    starts_on: date,
    members: Sequence[UUID],
) -> Rota:
    """Set when a rota hands over and to whom. Raises NotFound for another team's, Invalid as `create_rota`."""
    require_admin_of(admin)
    _check(period, weekday, timezone)
    with transaction.atomic():
        rota = _locked(admin, rota_id)
        before = _facts(rota)
        rota.period, rota.weekday, rota.handover = period, weekday, handover
        rota.timezone, rota.starts_on = timezone, starts_on
        rota.save(update_fields=["period", "weekday", "handover", "timezone", "starts_on"])
        rota.seats.all().delete()
        _seat(rota, members)
        after = _facts(rota)
        if after != before:
            record(
                admin.team,
                "rota_changed",
                actor_of(admin.user),
                {"rota": rota.name, "before": before, "after": after},
            )
    return rota


def remove_rota(*, admin: Member, rota_id: UUID) -> None:
    """Remove a rota. Raises NotFound for another team's, Conflict while the policy in force routes by it."""
    require_admin_of(admin)
    with transaction.atomic():
        rota = _locked(admin, rota_id)
        routing = document_of(current_version(admin.team_id)).routing
        if routing is not None and routing.rota == rota.name:
            raise Conflict("rota-in-use", f"Not removed: the policy in force routes by {rota.name}.")
        before = _facts(rota)
        rota.delete()
        record(
            admin.team,
            "rota_changed",
            actor_of(admin.user),
            {"rota": rota.name, "before": before, "removed": True},
        )


def _locked(admin: Member, rota_id: UUID) -> Rota:
    rota = Rota.objects.select_for_update().filter(team=admin.team, pk=rota_id).first()
    if rota is None:
        raise NotFound()
    return rota


def _check(period: str, weekday: int, timezone: str) -> None:
    if period not in Rota.Period.values:
        raise _wrong("/period", "unknown-period", "Choose day or week.")
    if not 0 <= weekday <= 6:
        raise _wrong("/weekday", "unknown-weekday", "Choose a day of the week.")
    try:
        zone(timezone)
    except ValueError:
        raise _wrong(
            "/timezone",
            "unknown-timezone",
            f"There is no time zone {timezone[:60]}. Write it as Europe/Berlin.",
        ) from None


def _seat(rota: Rota, members: Sequence[UUID]) -> None:
    if not members:
        raise _wrong("/members", "nobody", "Name at least one person.")
    if len(members) > MOST_SEATS:
        raise _wrong("/members", "too-many", f"At most {MOST_SEATS} people.")
    if len(set(members)) != len(members):
        raise _wrong("/members", "twice", "Somebody stands in it twice.")
    if Member.objects.filter(team_id=rota.team_id, pk__in=members).count() != len(members):
        raise _wrong("/members", "unknown-member", "Somebody named is not in this team.")
    RotaSeat.objects.bulk_create(
        RotaSeat(rota=rota, member_id=member_id, position=position)
        for position, member_id in enumerate(members, start=1)
    )


def _facts(rota: Rota) -> dict[str, object]:
    return {
        "period": rota.period,
        "weekday": rota.weekday,
        "handover": f"{rota.handover:%H:%M}",
        "timezone": rota.timezone,
        "starts_on": rota.starts_on.isoformat(),
        "people": list(rota.seats.order_by("position").values_list("member__user__username", flat=True)),
    }


def _wrong(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(code, detail, errors=[FieldError(pointer, code, detail)])
