"""Limits of allow rules: which buckets a passing action takes from, and how much.

The pure half. A service takes all uses of a verdict in one transaction, and asks people when one is used up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from inbox import canonical
from inbox.policy.facts import ActionFacts, Facts
from inbox.policy.meter import Unanswerable
from inbox.policy.rule import Limit, Rule

MOST_TARGETS: Final = 50
_LENGTH: Final = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class LimitUse:
    """So much of one bucket, of which at most `ceiling` may be used from `starts` to just before `ends` (UTC).

    `key` names the bucket (`sha256:` and 64 hex digits, over rule, unit, by, subject and start: a changed
    ceiling goes on with the same bucket). `unit` is `times` or a currency; amounts are in whole units of it.
    """

    key: str
    rule: str
    unit: str
    by: str
    subject: str
    starts: datetime
    ends: datetime
    amount: Decimal
    ceiling: Decimal

    def says(self) -> str:
        """The limit in words: "20 times a day for one agent"."""
        what = f"{self.ceiling:,} times" if self.unit == "times" else f"{self.ceiling:,} {self.unit}"
        per = "an hour" if self.ends - self.starts == _LENGTH["hour"] else "a day"
        return f"{what} {per}" + ("" if self.by == "rule" else f" for one {self.by}")


def limit_uses(rule: Rule, action: ActionFacts, facts: Facts) -> tuple[LimitUse, ...]:
    """What passing this action by this rule takes from the rule's limits; nothing for a rule without limits.

    Raises Unanswerable when that is not known: no amount, another currency, no target or too many.
    """
    return tuple(use for limit in rule.limits or () for use in _uses(rule, limit, action, facts))


def together(uses: Iterable[LimitUse]) -> tuple[LimitUse, ...]:
    """The uses with those of one bucket added up, under the smallest of its ceilings, in the order of their keys."""
    merged: dict[str, LimitUse] = {}
    for use in uses:
        known = merged.get(use.key)
        merged[use.key] = (
            use
            if known is None
            else replace(known, amount=known.amount + use.amount, ceiling=min(known.ceiling, use.ceiling))
        )
    return tuple(merged[key] for key in sorted(merged))


def used_up(uses: Iterable[LimitUse], used: Mapping[str, Decimal]) -> LimitUse | None:
    """The first of these uses for which there is no room left, by what each bucket holds; None when all may be taken."""
    return next((use for use in uses if used.get(use.key, Decimal(0)) + use.amount > use.ceiling), None)


def _uses(rule: Rule, limit: Limit, action: ActionFacts, facts: Facts) -> Iterator[LimitUse]:
    now = facts.now.astimezone(UTC)
    starts = now.replace(minute=0, second=0, microsecond=0)
    if limit.per == "day":
        starts = starts.replace(hour=0)
    for subject in _subjects(limit, action, facts):
        for unit, amount, ceiling in _amounts(limit, action):
            name = canonical.dumps([rule.id, unit, limit.per, limit.by, subject, starts.isoformat()])
            yield LimitUse(
                key="sha256:" + hashlib.sha256(name).hexdigest(),
                rule=rule.id,
                unit=unit,
                by=limit.by,
                subject=subject,
                starts=starts,
                ends=starts + _LENGTH[limit.per],
                amount=amount,
                ceiling=ceiling,
            )


def _subjects(limit: Limit, action: ActionFacts, facts: Facts) -> tuple[str, ...]:
    if limit.by != "target":
        return ({"rule": "", "agent": facts.agent, "tool": action.name}[limit.by],)
    computed = action.computed
    targets = {
        *computed.domains,
        *computed.hosts,
        *computed.paths,
        *(computed.sql.tables if computed.sql else ()),
    }
    if not targets:
        raise Unanswerable("its limit is for each target, and no target was found")
    if len(targets) > MOST_TARGETS:
        raise Unanswerable(f"its limit is for each target, and there are more than {MOST_TARGETS}")
    return tuple(sorted(targets))


def _amounts(limit: Limit, action: ActionFacts) -> Iterator[tuple[str, Decimal, Decimal]]:
    if limit.count is not None:
        yield "times", Decimal(1), Decimal(limit.count)
    if limit.value is not None and limit.currency is not None:
        amount, currency = action.computed.amount, action.computed.currency
        if amount is None or not amount >= 0:
            raise Unanswerable("its limit is on money, and no amount was found")
        if currency != limit.currency:
            raise Unanswerable(f"its limit is in {limit.currency}, and the amount may not be")
        yield limit.currency, Decimal(str(amount)), Decimal(str(limit.value))
