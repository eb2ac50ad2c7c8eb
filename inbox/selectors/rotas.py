"""Rotas as their pages show them: who is on call now and in the next turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from inbox.models import Member, Rota
from inbox.policy.delegation import Absence, away_at
from inbox.policy.rota import on_duty
from inbox.selectors.presence import absences, last_day

NEXT: Final = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: from when to when, on the rota's own wall clock, who has it and who is passed over for it."""

    begins: datetime
    ends: datetime
    who: str
    skipped: tuple[str, ...]

    @property
    def since(self) -> str:
        """When it begins, on the rota's own wall clock."""
        return f"{self.begins:%a %-d %b %H:%M}"

    @property
    def until(self) -> str:
        """When it ends, on the same clock."""
        return f"{self.ends:%a %-d %b %H:%M}"


@dataclass(frozen=True, slots=True)
class RotaPage:
    """A rota with its turns, the present one first; `started` is False before its first."""

    rota: Rota
    people: tuple[str, ...]
    turns: tuple[Turn, ...]
    started: bool

    @property
    def now(self) -> str:
        """Who is on call at this moment, "" for nobody."""
        return self.turns[0].who if self.started else ""


def rotas_of(team_id: UUID, now: datetime) -> list[RotaPage]:
    """Every rota of a team by name, with its present and next turn."""
    found = Rota.objects.prefetch_related("seats__member__user").filter(team_id=team_id)
    away = absences(team_id, since=now)
    return [_page(rota, now, away, 2) for rota in found]


def rota_page(team_id: UUID, rota_id: UUID, now: datetime) -> RotaPage | None:
    """One rota, or None when the team has no such one."""
    found = Rota.objects.prefetch_related("seats__member__user").filter(team_id=team_id, pk=rota_id).first()
    return _page(found, now, absences(team_id, since=now), NEXT) if found else None


def active_members(team_id: UUID) -> list[Member]:
    """The active members of a team, by name."""
    return list(
        Member.objects.select_related("user")
        .filter(team_id=team_id, is_active=True, user__is_active=True)
        .order_by("user__username")
    )


def _page(rota: Rota, now: datetime, away: Sequence[Absence[UUID]], count: int) -> RotaPage:
    seats = list(rota.seats.all())
    names = {seat.member_id: seat.member.user.get_username() for seat in seats}
    gone = {
        seat.member_id: "not active"
        for seat in seats
        if not (seat.member.is_active and seat.member.user.is_active)
    }
    turns = rota.turns
    present = turns.number_at(now)
    first = present or 0
    listed = []
    for number in range(first, first + count):
        begins, ends = turns.begins(number), turns.begins(number + 1)
        # The present turn as things are now; a coming one as they will be when it begins.
        at = now if number == present else begins
        absent = {
            **{who: f"away until {last_day(one.end)}" for who, one in away_at(away, at).items()},
            **gone,
        }
        duty = on_duty([seat.member_id for seat in seats], number, absent)
        listed.append(
            Turn(
                begins.astimezone(turns.zone),
                ends.astimezone(turns.zone),
                names[duty.who] if duty else "",
                tuple(f"{names[who]} is {why}" for who, why in duty.skipped) if duty else (),
            )
        )
    return RotaPage(rota, tuple(names.values()), tuple(listed), present is not None)
