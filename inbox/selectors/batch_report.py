"""What became of a batch: how far it is, and the outcome of each item, failures first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count

from inbox.lifecycle import Outcome
from inbox.models import ApprovalRequest, Batch, BatchItem, RequestGroup

FAILURES: Final = 500
PAGE: Final = 100
VOTED: Final = "vote-recorded"
# Outcomes that did what was asked; everything else is named first.
DONE: Final = frozenset({Outcome.APPROVED.value, Outcome.REJECTED.value, Outcome.MIXED.value, VOTED})


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One item: its request when there is one, what became of it, and the service's words for why."""

    reference: str
    request_id: UUID | None
    sentence: str
    outcome: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """A batch's report. `counts` is per outcome, most first; `left` items are not decided yet."""

    batch: Batch
    counts: Sequence[tuple[str, int]]
    left: int
    failed: int
    failures: Sequence[ReportLine]
    done: Sequence[ReportLine]
    after: int | None
    group: RequestGroup | None

    @property
    def finished(self) -> bool:
        return self.batch.finished_at is not None

    @property
    def more_needed(self) -> bool:
        """Whether some votes count but did not decide: further people are needed."""
        return any(outcome == VOTED for outcome, _ in self.counts)

    @property
    def settled(self) -> int:
        """How many items have their outcome."""
        return self.batch.total - self.left


def report(team_id: UUID, batch_id: UUID, *, after: int | None = None) -> Report | None:
    """The report of a team's batch, or None when it has none such. Six queries; `after` a position pages the done."""
    batch = Batch.objects.select_related("person").filter(team_id=team_id, pk=batch_id).first()
    if batch is None:
        return None
    counts = dict(batch.items.order_by().values_list("outcome").annotate(Count("id")))
    left = counts.pop("", 0)
    settled = batch.items.exclude(outcome="").order_by("position")
    failures = list(settled.exclude(outcome__in=DONE)[:FAILURES])
    good = settled.filter(outcome__in=DONE)
    done = list((good.filter(position__gt=after) if after is not None else good)[: PAGE + 1])
    requests = _requests(team_id, [*failures, *done])
    return Report(
        batch=batch,
        counts=sorted(counts.items(), key=lambda pair: (pair[0] in DONE, -pair[1], pair[0])),
        left=left,
        failed=sum(count for outcome, count in counts.items() if outcome not in DONE),
        failures=[_line(item, requests) for item in failures],
        done=[_line(item, requests) for item in done[:PAGE]],
        after=done[PAGE - 1].position if len(done) > PAGE else None,
        group=_group(requests),
    )


def _requests(team_id: UUID, items: Sequence[BatchItem]) -> dict[str, ApprovalRequest]:
    """Requests by their id as it was sent: what is of another team stays unknown here too."""
    sent = {item.reference: _uuid(item.reference) for item in items}
    found = ApprovalRequest.objects.filter(
        team_id=team_id, pk__in={known for known in sent.values() if known}
    ).only("id", "sentence", "group_id")
    by_id = {request.pk: request for request in found}
    return {reference: by_id[known] for reference, known in sent.items() if known in by_id}


def _group(requests: dict[str, ApprovalRequest]) -> RequestGroup | None:
    """The group they all came from, when they came from one."""
    groups = {request.group_id for request in requests.values()}
    only = groups.pop() if len(groups) == 1 else None
    return RequestGroup.objects.filter(pk=only).first() if only else None


def _line(item: BatchItem, requests: dict[str, ApprovalRequest]) -> ReportLine:
    request = requests.get(item.reference)
    return ReportLine(
        reference=item.reference,
        request_id=request.pk if request else None,
        sentence=request.sentence if request else "",
        outcome=item.outcome,
        detail=item.detail,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
