"""A team's own domains: those that count, and those that wait for a second admin."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from inbox.models import ChangeRequest, Team
from inbox.selectors.policy_versions import active_admins


@dataclass(frozen=True, slots=True)
class DomainsPage:
    """What counts as the team's own now, by name, and the proposals that wait. `alone`: nobody could approve one."""

    domains: tuple[str, ...]
    waiting: tuple[ChangeRequest, ...]
    alone: bool


def domains_page(team_id: UUID) -> DomainsPage:
    """Everything the page shows, in three queries."""
    waiting = ChangeRequest.objects.select_related("author").filter(
        team_id=team_id, kind="domain", state=ChangeRequest.State.WAITING
    )
    return DomainsPage(
        domains=tuple(Team.objects.values_list("domains", flat=True).get(pk=team_id)),
        waiting=tuple(waiting.order_by("subject")),
        alone=active_admins(team_id) < 2,
    )
