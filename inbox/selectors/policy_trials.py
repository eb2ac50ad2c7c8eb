"""What trying a version showed: on history, and in shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from inbox.models import Backtest, BacktestFinding, PolicyVersion, ShadowRun, ShadowVerdict
from inbox.policy.compare import Change, Ended

# How long a back-test speaks for the present: what ended since it began it has not seen.
FRESH: Final = timedelta(hours=24)
LISTED: Final = 100
FIRST_FEW: Final = 5
# How long a version is best watched before it decides.
SHADOW_DAYS: Final = 7

CHANGES: Final[dict[str, str]] = {
    Change.PASSES.value: "would newly pass",
    Change.STILL.value: "passes today and with this version",
    Change.FEWER.value: "would ask fewer people",
    Change.OTHERS.value: "would ask other people",
    Change.MORE.value: "would ask more people",
    Change.ASKS.value: "would newly ask people",
    Change.REFUSED.value: "would newly be refused",
}
ENDED: Final[dict[str, str]] = {
    Ended.REJECTED.value: "people rejected it",
    Ended.EDITED.value: "people changed it first",
    Ended.EXPIRED.value: "nobody decided in time",
    Ended.WITHDRAWN.value: "the agent took it back",
    Ended.APPROVED.value: "people approved it",
    Ended.POLICY.value: "policy decided it",
}


@dataclass(frozen=True, slots=True)
class Count:
    """So many requests, in words. `bad` marks what should stop an author."""

    number: int
    words: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One request on which two versions differ."""

    request_id: UUID
    sentence: str
    change: str
    ended: str
    before: str
    after: str
    rule: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A back-test as people see it. `percent` is how far it is; `differences` the worst of what it found.

    `fresh` says that its version may be enabled by it.
    """

    backtest: Backtest
    percent: int
    passed: Sequence[Count]
    changes: Sequence[Count]
    differences: Sequence[Difference]
    found: int
    fresh: bool

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.backtest.finished_at is None

    @property
    def done(self) -> bool:
        """Whether it came to its end with a result."""
        return self.backtest.finished_at is not None and not self.backtest.error

    @property
    def rejected(self) -> int:
        """How many requests people rejected that the draft would pass."""
        return int(self.backtest.counts.get("passed", {}).get(Ended.REJECTED.value, 0))

    @property
    def unreadable(self) -> int:
        """How many requests could not be read again."""
        return int(self.backtest.counts.get("unreadable", 0))


@dataclass(frozen=True, slots=True)
class ShadowPage:
    """A shadow run as people see it."""

    run: ShadowRun
    agreed: int
    days: int
    differences: Sequence[Difference]

    @property
    def running(self) -> bool:
        """Whether the version is being tried now."""
        return self.run.stopped_at is None

    @property
    def long_enough(self) -> bool:
        """Whether it ran as long as is suggested."""
        return self.days >= SHADOW_DAYS


def is_fresh(backtest: Backtest, at: datetime) -> bool:
    """Whether a back-test began so recently that its version may be enabled by it."""
    return at - backtest.until <= FRESH


def trial_of(draft: PolicyVersion, base: PolicyVersion) -> Trial | None:
    """The latest back-test of a version against the one in force, with the first few findings; None without one."""
    backtest = Backtest.objects.filter(draft=draft, base=base).order_by("-created_at").first()
    return _trial(backtest, after=0, limit=FIRST_FEW) if backtest else None


def backtest_page(team_id: UUID, backtest_id: UUID, *, after: int = 0) -> Trial | None:
    """One back-test with a page of what it found, from finding number `after` on; None for another team's."""
    backtest = (
        Backtest.objects.select_related("draft__policy", "base__policy", "person")
        .filter(team_id=team_id, pk=backtest_id)
        .first()
    )
    return _trial(backtest, after=after, limit=LISTED) if backtest else None


def shadow_page(version: PolicyVersion) -> ShadowPage | None:
    """The latest shadow run of a version, with its latest differences; None when it never ran."""
    run = (
        ShadowRun.objects.select_related("started_by").filter(version=version).order_by("-started_at").first()
    )
    if run is None:
        return None
    verdicts = ShadowVerdict.objects.filter(run=run).select_related("request").order_by("-pk")[:LISTED]
    return ShadowPage(
        run=run,
        agreed=run.judged - run.differed - run.failed,
        days=_days(run.started_at, run.stopped_at),
        differences=[
            Difference(
                request_id=one.request_id,
                sentence=one.request.sentence,
                change=CHANGES[one.change],
                ended=_now(one.request.state, one.request.outcome),
                before=one.before,
                after=one.after,
                rule=one.rule,
                bad=one.change == Change.PASSES.value and one.request.outcome in ("rejected", "mixed"),
            )
            for one in verdicts
        ],
    )


def _trial(backtest: Backtest, *, after: int, limit: int) -> Trial:
    findings = BacktestFinding.objects.filter(backtest=backtest)
    passed = backtest.counts.get("passed", {})
    changes = backtest.counts.get("changes", {})
    return Trial(
        backtest=backtest,
        percent=100 if not backtest.size else min(100, 100 * backtest.judged // backtest.size),
        passed=[
            Count(passed[ended], words, ended in (Ended.REJECTED.value, Ended.EDITED.value))
            for ended, words in ENDED.items()
            if passed.get(ended)
        ],
        changes=[Count(changes[name], words) for name, words in CHANGES.items() if changes.get(name)],
        differences=[
            Difference(
                request_id=one.request_id,
                sentence=one.request.sentence,
                change=CHANGES[one.change],
                ended=ENDED[one.ended],
                before=one.before,
                after=one.after,
                rule=one.rule,
                bad=one.change in (Change.PASSES.value, Change.STILL.value)
                and one.ended in (Ended.REJECTED.value, Ended.EDITED.value),
            )
            for one in findings.select_related("request").order_by("weight", "-pk")[after : after + limit]
        ],
        found=findings.count(),
        fresh=is_fresh(backtest, timezone.now()),
    )


def _now(state: str, outcome: str | None) -> str:
    return {
        "approved": ENDED["approved"],
        "rejected": ENDED["rejected"],
        "mixed": "people approved a part of it",
    }.get(outcome or "", {"pending": "it waits", "expired": ENDED["expired"]}.get(state, ENDED["withdrawn"]))


def _days(start: datetime, end: datetime | None) -> int:
    return ((end or timezone.now()) - start).days
