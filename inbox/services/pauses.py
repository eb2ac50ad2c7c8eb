"""Pausing and resuming: when `pause` has returned, nothing of what it names is released any more (agents/gate.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from agents import gate
from agents.models import Agent, Pause
from inbox import audit, events
from inbox.audit import Actor, Entry
from inbox.clock import database_now
from inbox.errors import FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Member, Team
from inbox.services.people import actor_of

REASON_LENGTH = 500
TOOL_LENGTH = 200


def pause(
    *,
    person: User,
    team: Team | None,
    agent_id: UUID | None = None,
    tool: str = "",
    reason: str,
    via: str = "web",
) -> Pause:
    """Stop an agent, a tool or a whole team (admins), or without a team everything on this server (superusers).

    Returns once every release that had begun is over. What is paused already stays so, under its first reason. Pauses
    may overlap: something is released when none holds it. Raises NotFound, NotAllowed (admins-only), Invalid
    (reason-missing, reason-too-long, one-thing).
    """
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        code = "reason-too-long" if reason else "reason-missing"
        raise Invalid(
            code, f"Say why, in at most {REASON_LENGTH} characters.", errors=[FieldError("/reason", code)]
        )
    if (agent_id is not None and tool) or (team is None and (agent_id is not None or tool)):
        raise Invalid("one-thing", "A pause names an agent, a tool, a team, or everything: one of them.")
    if len(tool) > TOOL_LENGTH:
        raise NotFound()
    with transaction.atomic(durable=True):
        _require(person, team.pk if team is not None else None)
        agent = None
        if agent_id is not None and team is not None:
            agent = Agent.objects.filter(pk=agent_id, team_id=team.pk, built_in=False).first()
            if agent is None:
                raise NotFound()
        gate.close()
        team_id = team.pk if team is not None else None
        same = Pause.objects.filter(team_id=team_id, agent=agent, tool=tool, ended_at=None).first()
        if same is not None:
            return same
        now = database_now()
        row = Pause.objects.create(
            team_id=team_id, agent=agent, tool=tool, reason=reason, begun_by=person, begun_at=now
        )
        _record(row, "paused", person, now, {"reason": reason, "via": via})
    return row


def resume(*, person: User, pause_id: UUID, note: str = "", via: str = "web") -> Pause:
    """End a pause; the next sweep releases what nothing else holds. Ending one that has ended changes nothing.

    Raises NotFound, NotAllowed (admins-only), Invalid (reason-too-long).
    """
    if len(note) > REASON_LENGTH:
        raise Invalid("reason-too-long", f"At most {REASON_LENGTH} characters.")
    with transaction.atomic(durable=True):
        team_id = Pause.objects.filter(pk=pause_id).values_list("team_id", flat=True).first()
        if team_id is None and not Pause.objects.filter(pk=pause_id).exists():
            raise NotFound()
        _require(person, team_id)
        row = Pause.objects.select_for_update(of=("self",)).select_related("agent").get(pk=pause_id)
        if row.ended_at is None:
            now = database_now()
            row.ended_at, row.ended_by = now, person
            row.save(update_fields=["ended_at", "ended_by"])
            _record(row, "resumed", person, now, {"reason": note, "via": via})
    return row


def _require(person: User, team_id: UUID | None) -> None:
    """Raises NotFound for strangers, NotAllowed for members who are no admins. The member's row stays locked."""
    if team_id is None:
        if not (person.is_active and person.is_superuser):
            raise NotFound()
        return
    held = Member.objects.select_for_update(no_key=True)
    member = held.filter(team_id=team_id, user=person, is_active=True).first()
    if member is None:
        raise NotFound()
    if not member.is_admin:
        raise NotAllowed("admins-only", "Only admins of this team pause and resume.")


def _record(row: Pause, verb: str, person: User, at: datetime, facts: dict[str, Any]) -> None:
    """In the log of every team it holds something of, one after the other by id."""
    actor: Actor = actor_of(person)
    named = {
        "pause": str(row.pk),
        "agent": row.agent.handle if row.agent else "",
        "tool": row.tool,
        "everything": row.team_id is None,
    }
    teams = (
        [row.team_id] if row.team_id is not None else Team.objects.order_by("pk").values_list("pk", flat=True)
    )
    for team_id in teams:
        receipt = audit.append(team_id, [Entry(verb, actor, None, {**named, **facts})], at=at)[-1]
        events.announce(team_id, receipt.seq)
