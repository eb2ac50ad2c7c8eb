"""Policies for tests: the default document with some keys set, put in force at once."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from inbox.models import Policy, PolicyVersion, Team
from inbox.policy.document import parse_document
from inbox.selectors.policy import current_version, document_of, tier_ranks
from inbox.services.teams import write_version


def in_force(team: Team, **keys: Any) -> PolicyVersion:
    """A new version of the team's policy: the one in force with these keys of the document set."""
    document = document_of(current_version(team.pk)).model_dump(mode="json", exclude_none=True)
    new = parse_document({**document, **keys}, ranks=tier_ranks(team.pk))
    with transaction.atomic():
        return write_version(Policy.objects.get(team=team), new, author=None)


def every_risk(value: Any) -> dict[str, Any]:
    """A table of the document with the same value for every risk."""
    return dict.fromkeys(("low", "medium", "high", "unverifiable", "critical"), value)
