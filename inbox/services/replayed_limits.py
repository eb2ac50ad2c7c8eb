"""The limits of two versions while history is replayed: each takes from its own, as if it had been in force all along.

History comes in the order in which it was asked, so a bucket is kept only while its hour or day goes on. At the
beginning every bucket is empty, which is too much room in the first hour and on the first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from inbox.models import Backtest, BacktestBucket, PolicyVersion
from inbox.policy.evaluate import Verdict, with_limit_reached
from inbox.policy.limits import LimitUse, used_up
from inbox.selectors.policy import document_of


class ReplayedLimits:
    """What the version in force (False) and the draft (True) have used at one point of a replay."""

    def __init__(self, backtest: Backtest, versions: Mapping[bool, PolicyVersion]) -> None:
        self._backtest = backtest
        self._versions = versions
        self._used: dict[bool, dict[str, Decimal]] = {False: {}, True: {}}
        self._taken: dict[tuple[bool, str], LimitUse] = {}

    def load(self, of_draft: bool, verdicts: Iterable[Verdict]) -> None:
        """Read what the buckets hold that these verdicts would take from."""
        keys = {use.key for verdict in verdicts for use in verdict.limits}
        if keys:
            rows = BacktestBucket.objects.filter(backtest=self._backtest, of_draft=of_draft, key__in=keys)
            self._used[of_draft] = dict(rows.values_list("key", "used"))

    def settle(self, of_draft: bool, verdict: Verdict) -> Verdict:
        """The verdict when its limits are taken, or the review it becomes when one of them is used up."""
        if not verdict.limits:
            return verdict
        used = self._used[of_draft]
        full = used_up(verdict.limits, used)
        if full is not None:
            return with_limit_reached(verdict, document_of(self._versions[of_draft]), full)
        for use in verdict.limits:
            used[use.key] = used.get(use.key, Decimal(0)) + use.amount
            self._taken[of_draft, use.key] = use
        return verdict

    def save(self, *, at: datetime, done: bool) -> None:
        """Store what was taken, in the chunk's own transaction; what ended by `at`, or all when `done`, is removed."""
        kept = BacktestBucket.objects.filter(backtest=self._backtest)
        if done:
            kept.delete()
            return
        BacktestBucket.objects.bulk_create(
            (
                BacktestBucket(
                    backtest=self._backtest,
                    of_draft=of_draft,
                    key=key,
                    used=self._used[of_draft][key],
                    ends=use.ends,
                )
                for (of_draft, key), use in self._taken.items()
                if use.ends > at
            ),
            update_conflicts=True,
            unique_fields=["backtest", "of_draft", "key"],
            update_fields=["used"],
        )
        kept.filter(ends__lte=at).delete()
