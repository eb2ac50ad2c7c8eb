"""The policy in force, and what admins know about tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from inbox.models import ApprovalRequest, PolicyVersion, Tier, Tool
from inbox.models.change import CHANNEL
from inbox.policy.document import PolicyDocument
from inbox.policy.need import Need
from inbox.policy.requirement import strictest
from inbox.policy.stored import Stored, read_stored
from inbox.policy.words import Risk


def current_version(team_id: UUID) -> PolicyVersion:
    """The team's policy version in force, with its policy, team and shadow. Raises PolicyVersion.DoesNotExist without one."""
    return _current(team_id).get()


def _current(team_id: UUID) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.select_related("policy__team", "policy__shadow").filter(
        policy__team_id=team_id, policy__current_id=F("pk")
    )


def in_force(team_id: UUID) -> tuple[PolicyVersion, dict[str, int]]:
    """The version in force, as `current_version` reads it, and the ladder's `tier_ranks`, in one query."""
    tiers = Tier.objects.filter(team=OuterRef("policy__team")).order_by()
    version = (
        _current(team_id)
        .annotate(tiers=ArraySubquery(tiers.values(step=JSONObject(name="name", rank="rank"))))
        .get()
    )
    return version, {step["name"]: step["rank"] for step in version.tiers}


def document_of(version: PolicyVersion) -> PolicyDocument:
    """A version's parsed document; parsed once a process, since a version never changes."""
    return _read(version.pk, bytes(version.document)).document


def asking_of(version: PolicyVersion) -> tuple[str, ...]:
    """The rules of a version that allowed when it was written, and ask now (inbox/policy/stored.py)."""
    return _read(version.pk, bytes(version.document)).asking


@lru_cache(maxsize=256)
def _read(version_id: UUID, raw: bytes) -> Stored:
    return read_stored(raw, datetime.now(UTC))


def pinned_needs(request: ApprovalRequest) -> tuple[Need, ...]:
    """The needs a request was created with."""
    return tuple(Need.model_validate(need) for need in request.needs)


def judged_by_another(version_id: UUID) -> Q:
    """Requests last judged by another version than this. Changes of the team's own rules are judged by none."""
    last = Q(judged_by=None) & ~Q(policy_version=version_id)
    return (last | (Q(judged_by__isnull=False) & ~Q(judged_by=version_id))) & ~Q(channel=CHANNEL)


def needs_now(request: ApprovalRequest, current: PolicyVersion, ranks: Mapping[str, int]) -> tuple[Need, ...]:
    """The needs of a pending request: the stricter of those written on it and the current ladder's.

    They are written when it is asked and whenever a new version is held against it, rules and all; until that is
    done the ladder alone is compared. A change of the team's own rules keeps the people it was asked of.
    """
    judged_by = request.judged_by_id or request.policy_version_id
    if judged_by == current.pk or request.channel == CHANNEL:
        return pinned_needs(request)
    return strictest(pinned_needs(request), document_of(current).ladder[Risk(request.risk)], ranks)


def tier_ranks(team_id: UUID) -> dict[str, int]:
    """Tier names and their ranks, lowest 1."""
    return dict(Tier.objects.filter(team_id=team_id).values_list("name", "rank"))


def tools_named(team_id: UUID, names: Iterable[str]) -> dict[str, Tool]:
    """The catalogue's rows for these names; a name without a row is an unknown tool."""
    return {tool.name: tool for tool in Tool.objects.filter(team_id=team_id, name__in=set(names))}
