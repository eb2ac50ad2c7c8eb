"""Writing down whom a waiting request is for first: when it is asked, escalated, or somebody goes or returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from inbox.models import ApprovalRequest, PolicyVersion
from inbox.selectors.router import Pick, Router, nobody_can_fill

COLUMNS = ("assignee", "assigned_because", "instead_of")
LONGEST = 200


def route(
    team_id: UUID,
    requests: Sequence[ApprovalRequest],
    *,
    at: datetime,
    current: PolicyVersion | None = None,
    ranks: Mapping[str, int] | None = None,
) -> dict[UUID, dict[str, Any]]:
    """Set whose each pending request is first, without saving; flag those with places that nobody can fill.

    Returns per request what the audit log shall say of it.
    """
    if not requests:
        return {}
    router = Router.load(team_id, requests, at=at, current=current, ranks=ranks)
    found = {}
    for request in requests:
        missing = router.unfillable(request)
        if missing:
            flag = f"{nobody_can_fill(missing)}."
            request.flags = [*(other for other in request.flags if other != flag), flag]
        found[request.pk] = assign(request, router.pick(request))
    return found


def assign(request: ApprovalRequest, pick: Pick) -> dict[str, Any]:
    """Set whose it is first, without saving. Returns what the audit log shall say of it."""
    request.assignee_id, request.able = pick.member_id, pick.able
    request.assigned_because = pick.because[:LONGEST]
    request.instead_of_id = pick.instead_of
    return {"assignee": pick.name, "because": request.assigned_because} if pick.because else {}


def find_able(request: ApprovalRequest, *, at: datetime) -> None:
    """Note on an unassigned request who may decide it, for telling them, where the policy routes to nobody."""
    request.able = Router.load(request.team_id, [request], at=at).pick(request).able
