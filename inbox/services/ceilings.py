"""What a person may decide at most, beside their tier: set by admins, never lifted by oneself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from inbox.errors import FieldError, Invalid, NotAllowed, NotFound
from inbox.models import Ceiling, Member
from inbox.policy.ceiling import Limits, loosens
from inbox.policy.currencies import ISO_4217
from inbox.selectors.rights import limits_of
from inbox.services.people import actor_of, admin_held
from inbox.services.teams import record

MOST_AMOUNT = Decimal(10) ** 15
MOST_LISTED = 50
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_TOOLS = re.compile(r"[A-Za-z0-9_.:/*?-]{1,200}")


@dataclass(frozen=True, slots=True)
class CeilingAsked:
    """A ceiling as somebody typed it: "" for no amount, None for any environment or any tool."""

    amount: str = ""
    currency: str = ""
    environments: Sequence[str] | None = None
    tools: Sequence[str] | None = None


def as_json(asked: CeilingAsked) -> dict[str, Any]:
    """What was typed, as JSON that people read and CeilingAsked takes again."""
    return {
        "amount": asked.amount,
        "currency": asked.currency,
        "environments": None if asked.environments is None else list(asked.environments),
        "tools": None if asked.tools is None else list(asked.tools),
    }


def set_ceiling(*, admin: Member, member_id: UUID, asked: CeilingAsked) -> Limits:
    """Set or, with nothing asked, lift a member's ceiling. It holds for votes not yet cast and for those that count.

    Raises Invalid for what is no limit, NotFound for another team's member, NotAllowed (own-ceiling) for raising
    one's own.
    """
    limits = read_ceiling(asked)
    with transaction.atomic():
        # Both rows at once, by key: a vote of this member waits here or is seen by nobody after.
        pair = Member.objects.select_for_update(no_key=True).filter(
            team=admin.team_id, pk__in=[admin.pk, member_id]
        )
        list(pair.order_by("pk").values_list("pk"))
        admin = admin_held(admin)
        member = (
            Member.objects.select_related("user", "ceiling").filter(team=admin.team, pk=member_id).first()
        )
        if member is None:
            raise NotFound()
        before = limits_of(member)
        if member.pk == admin.pk and loosens(before, limits):
            raise NotAllowed("own-ceiling", "Not changed: another admin must lift your ceiling.")
        if limits == before:
            return limits
        if limits:
            Ceiling.objects.update_or_create(
                member=member,
                defaults={
                    "amount": limits.amount,
                    "currency": limits.currency,
                    "environments": None if limits.environments is None else list(limits.environments),
                    "tools": None if limits.tools is None else list(limits.tools),
                },
            )
        else:
            Ceiling.objects.filter(member=member).delete()
        record(
            admin.team,
            "ceiling_changed",
            actor_of(admin.user),
            {"person": member.user.get_username(), "before": _facts(before), "after": _facts(limits)},
        )
    return limits


def read_ceiling(asked: CeilingAsked) -> Limits:
    """What was typed, as limits. Raises Invalid with every field that is wrong."""
    problems: list[FieldError] = []

    def wrong(field: str, message: str) -> None:
        problems.append(FieldError(f"/{field}", f"invalid-{field}", message))

    amount: Decimal | None = None
    currency = asked.currency.strip().upper()
    if asked.amount.strip():
        amount = _amount(asked.amount.strip())
        if amount is None:
            wrong("amount", "Give a number from 0 up, with at most two decimals, such as 500 or 99.50.")
        if currency not in ISO_4217:
            wrong("currency", "Give the currency's three letters, such as EUR.")
    elif currency:
        wrong("amount", "A currency needs an amount.")
    environments = _listed(asked.environments)
    if environments is not None and not all(_ENVIRONMENT.fullmatch(name) for name in environments):
        wrong("environments", "Use names such as staging: letters, digits, dots and dashes, at most 40.")
    tools = _listed(asked.tools)
    if tools is not None and not all(_TOOLS.fullmatch(pattern) for pattern in tools):
        wrong("tools", "Use names of tools, with * for any run of characters and ? for one.")
    for field, values in (("environments", environments), ("tools", tools)):
        if values is not None and len(values) > MOST_LISTED:
            wrong(field, f"List at most {MOST_LISTED}.")
    if problems:
        raise Invalid("invalid-ceiling", "Not changed: correct the marked fields.", errors=problems)
    return Limits(amount, currency, environments, tools)


def _amount(text: str) -> Decimal | None:
    if len(text) > 40:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or amount > MOST_AMOUNT:
        return None
    exact = amount.quantize(Decimal("0.01"))
    return abs(exact) if exact == amount else None


def _listed(values: Sequence[str] | None) -> tuple[str, ...] | None:
    if values is None:
        return None
    return tuple(dict.fromkeys(value.strip() for value in values if value.strip()))


def _facts(limits: Limits) -> dict[str, object]:
    return {
        "amount": None if limits.amount is None else f"{limits.amount} {limits.currency}",
        "environments": None if limits.environments is None else list(limits.environments),
        "tools": None if limits.tools is None else list(limits.tools),
    }
