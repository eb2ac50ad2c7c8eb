"""Trying a draft on what was really asked. A job in chunks: one worker at a time, and any worker may go on with it.

Each chunk commits what it found together with how far it got, under the epoch of its claim: after a kill nothing is
counted twice and nothing is left out. Celery only hurries it; the sweep finds what nobody works on.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from agents import leases, outbox
from agents.crashpoints import crashpoint
from inbox.clock import database_now
from inbox.errors import Conflict, NotFound
from inbox.models import ApprovalRequest, Backtest, BacktestBucket, BacktestFinding, Member, PolicyVersion
from inbox.models.change import CHANNEL
from inbox.policy.compare import Change, Ended, Tally, change, weight
from inbox.policy.evaluate import Verdict
from inbox.policy.words import Outcome
from inbox.selectors.policy import current_version, tier_ranks
from inbox.selectors.policy_words import verdict_words
from inbox.services.judging import verdict_by
from inbox.services.past import Past, past
from inbox.services.people import actor_of, require_admin_of
from inbox.services.replayed_limits import ReplayedLimits
from inbox.services.teams import record

log = structlog.get_logger(__name__)

CHUNK: Final = 100
MOST: Final = 10_000
# What one round of the sweep gives to back-tests: deliveries wait behind it where there is no Celery.
SWEEP_SECONDS: Final = 2.0
MOST_FAILURES: Final = 5

_CLAIM = """
    UPDATE inbox_backtest
    SET epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
    WHERE id = (
        SELECT id FROM inbox_backtest
        WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until <= clock_timestamp()) {}
        ORDER BY created_at FOR UPDATE SKIP LOCKED LIMIT 1
    )
    RETURNING *
"""


def start_backtest(*, admin: Member, number: int) -> Backtest:
    """Begin to try version `number` beside the one in force. One that goes on already is returned instead.

    Raises NotAllowed for who is no admin, NotFound for a version that does not exist, Conflict (in-force) for the
    version in force itself.
    """
    require_admin_of(admin)
    with transaction.atomic():
        base = current_version(admin.team_id)
        draft = PolicyVersion.objects.filter(policy_id=base.policy_id, number=number).first()
        if draft is None:
            raise NotFound()
        if draft.pk == base.pk:
            raise Conflict("in-force", "Not started: this version is in force, there is nothing to compare.")
        until = database_now()
        closed = _closed(admin.team_id).filter(closed_at__lt=until)
        moments = closed.order_by("-closed_at").values_list("closed_at", flat=True)
        # All that closed in the same instant as the last one are in: a batch closes many at once.
        since = next(iter(moments[MOST - 1 : MOST]), None)
        size = (closed.filter(closed_at__gte=since) if since else closed).count()
        backtest, made = Backtest.objects.get_or_create(
            draft=draft,
            base=base,
            finished_at=None,
            defaults={
                "team": admin.team,
                "person": admin.user,
                "size": size,
                "since": since,
                "until": until,
            },
        )
    if made:
        outbox.nudge("inbox.backtest", str(backtest.pk))
    return backtest


def run_backtest(backtest_id: UUID) -> bool:
    """Work on this back-test to its end, if nobody else does. Whether it was ours."""
    claimed = _claim(backtest_id)
    if claimed is None:
        return False
    _work(claimed, seconds=None)
    return True


def continue_backtests(*, seconds: float = SWEEP_SECONDS) -> int:
    """Go on with back-tests nobody works on, for so many seconds altogether. Returns how many were worked on."""
    end = time.monotonic() + seconds
    worked = 0
    while time.monotonic() < end:
        claimed = _claim(None)
        if claimed is None:
            break
        _work(claimed, seconds=end - time.monotonic())
        worked += 1
    return worked


def _claim(backtest_id: UUID | None) -> Backtest | None:
    lease = leases.seconds()
    if backtest_id is None:
        rows = Backtest.objects.raw(_CLAIM.format(""), [lease])
    else:
        rows = Backtest.objects.raw(_CLAIM.format("AND id = %s"), [lease, backtest_id])
    return next(iter(rows), None)


def _work(claimed: Backtest, *, seconds: float | None) -> None:
    """Chunk after chunk until the end, or until the time is up; then anybody may go on."""
    end = None if seconds is None else time.monotonic() + seconds
    versions = {
        version.pk: version
        for version in PolicyVersion.objects.select_related("policy__team").filter(
            pk__in=(claimed.draft_id, claimed.base_id)
        )
    }
    draft, base = versions[claimed.draft_id], versions[claimed.base_id]
    try:
        while _chunk(claimed, draft, base):
            crashpoint("backtest.between_chunks")
            if end is not None and time.monotonic() >= end:
                _mine(claimed).update(lease_until=None)
                return
    except leases.LeaseLost:
        log.warning("backtest_lease_lost", backtest=str(claimed.pk), epoch=claimed.epoch)
    except Exception as error:
        log.exception("backtest_failed", backtest=str(claimed.pk))
        _stumble(claimed, error)


def _chunk(claimed: Backtest, draft: PolicyVersion, base: PolicyVersion) -> bool:
    """Judge the next requests and store what was found. Whether there are more. Raises leases.LeaseLost."""
    requests = _next(claimed)
    ranks = tier_ranks(claimed.team_id)
    tally = Tally.read(claimed.counts)
    findings = []
    known = past(draft.policy.team.slug, requests)
    tally.unreadable += sum(one.facts is None for one in known)
    judged = [
        (one, verdict_by(base, one.facts), verdict_by(draft, one.facts))
        for one in known
        if one.facts is not None
    ]
    limits = ReplayedLimits(claimed, {False: base, True: draft})
    limits.load(False, (before for _, before, _ in judged))
    limits.load(True, (after for _, _, after in judged))
    for one, without, would in judged:
        before, after = limits.settle(False, without), limits.settle(True, would)
        found = change(before, after, ranks)
        if found is None and after.outcome is Outcome.ALLOW and one.ended in (Ended.REJECTED, Ended.EDITED):
            found = Change.STILL
        tally.add(before, after, found, one.ended)
        if found is not None:
            findings.append(_finding(claimed, one, found, before, after))
    claimed.judged += len(requests)
    claimed.counts = tally.stored()
    done = len(requests) < CHUNK
    if requests:
        claimed.asked_at, claimed.cursor = requests[-1].created_at, requests[-1].pk
    with transaction.atomic():
        # First the mark: zero rows means another worker holds a later epoch, and nothing below may happen.
        if not _mine(claimed).update(
            judged=claimed.judged,
            counts=claimed.counts,
            asked_at=claimed.asked_at,
            cursor=claimed.cursor,
            lease_until=None if done else Now() + timedelta(seconds=leases.seconds()),
            finished_at=Now() if done else None,
        ):
            raise leases.LeaseLost
        BacktestFinding.objects.bulk_create(findings)
        limits.save(at=claimed.asked_at or claimed.until, done=done)
        crashpoint("backtest.mid_chunk")
        if done:
            _told(claimed, draft, base)
    return not done


def _next(claimed: Backtest) -> list[ApprovalRequest]:
    """The next requests in the order in which they were asked: limits are used up in that order."""
    rows = _closed(claimed.team_id).filter(closed_at__lt=claimed.until)
    if claimed.since is not None:
        rows = rows.filter(closed_at__gte=claimed.since)
    if claimed.asked_at is not None:
        rows = rows.filter(created_at__gte=claimed.asked_at).filter(
            Q(created_at__gt=claimed.asked_at) | Q(pk__gt=claimed.cursor)
        )
    return list(rows.select_related("agent").order_by("created_at", "pk")[:CHUNK])


def _closed(team_id: UUID) -> QuerySet[ApprovalRequest]:
    """What a back-test may look at: requests that ended, changes of the team's own rules aside."""
    closed = ApprovalRequest.objects.filter(team_id=team_id).filter(closed_at__isnull=False)
    return closed.exclude(channel=CHANNEL)


def _finding(claimed: Backtest, one: Past, found: Change, before: Verdict, after: Verdict) -> BacktestFinding:
    return BacktestFinding(
        backtest=claimed,
        request=one.request,
        weight=weight(found, one.ended),
        change=found.value,
        ended=one.ended.value,
        rule=after.rule or "",
        before=verdict_words(before)[:300],
        after=verdict_words(after)[:300],
    )


def _told(claimed: Backtest, draft: PolicyVersion, base: PolicyVersion) -> None:
    record(
        draft.policy.team,
        "policy_backtested",
        actor_of(claimed.person),
        {
            "version": str(draft),
            "digest": draft.digest,
            "against": str(base),
            "requests": claimed.judged,
            "passed": claimed.counts["passed"],
            "changes": claimed.counts["changes"],
        },
    )


def _stumble(claimed: Backtest, error: Exception) -> None:
    """A chunk that fails is tried again later; after the last time the back-test ends without a result."""
    gave_up = claimed.failures + 1 >= MOST_FAILURES
    with transaction.atomic():
        ours = _mine(claimed).update(
            failures=F("failures") + 1,
            error=f"{type(error).__name__}" if gave_up else "",
            finished_at=Now() if gave_up else None,
            lease_until=None if gave_up else Now() + timedelta(seconds=leases.backoff(claimed.failures + 1)),
        )
        if ours and gave_up:
            BacktestBucket.objects.filter(backtest=claimed).delete()


def _mine(claimed: Backtest) -> QuerySet[Backtest]:
    return Backtest.objects.filter(pk=claimed.pk, epoch=claimed.epoch, finished_at=None)
