"""The whole product under faults: three workers, one of them killed, the broker wiped, and every decision lands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User

from agents.demos.models import LedgerEntry
from agents.demos.rounds import start_round
from agents.models import Delivery, HostedRun
from config import demo_team
from inbox import canonical
from inbox.answers import APPROVED, Said
from inbox.lifecycle import State, Verb
from inbox.models import ApprovalRequest, Decision, Team
from inbox.services.batches import BatchLine, start_batch
from inbox.services.decide import decide
from tests.checker import check_team
from tests.product import Product, product, until

pytestmark = pytest.mark.faults
BACKGROUND = 20


def test_every_decision_takes_effect_exactly_once(committed_db: None, tmp_path: Path) -> None:
    team = demo_team.seed()
    runs = [run.pk for run in start_round(team.pk, background=BACKGROUND)]
    with product(tmp_path, PLACET_LEASE_SECONDS="2", PLACET_SWEEP_SECONDS="1") as running:
        for name in ("worker-1", "worker-2", "worker-3", "sweep"):
            running.start(name)
        _until_all_ask_people(team, runs, running)
        _approve_the_groups(team)
        running.kill("worker-1")
        _wipe_the_broker()
        _answer_the_rest(team)
        running.start("worker-1")
        _wipe_the_broker()
        _until_all(team, runs, {"done", "outcome_unknown"}, running)
    _check(team, runs)


def _until_all(team: Team, runs: list[object], states: set[str], running: Product) -> None:
    def settled() -> bool:
        # What was answered is held for some seconds, and then some runs ask the next thing.
        _answer_the_rest(team)
        return not HostedRun.objects.filter(pk__in=runs).exclude(state__in=states).exists()

    until(settled, 150, f"runs are not {states}: {running.log('worker-2')[-1500:]}")


def _until_all_ask_people(team: Team, runs: list[object], running: Product) -> None:
    # Not "all are paused": a run is paused too while policy's answer to its first read is on its way.
    threads = set(HostedRun.objects.filter(pk__in=runs).values_list("thread", flat=True))
    pending = ApprovalRequest.objects.filter(team=team, state=State.PENDING.value)

    def asked() -> bool:
        return threads <= set(pending.values_list("thread", flat=True))

    until(asked, 90, f"not every run asks: {running.log('worker-2')[-1500:]}")


def _approve_the_groups(team: Team) -> None:
    dana = User.objects.get(username="dana")
    for tool in ("issue_refund", "write_file"):
        waiting = ApprovalRequest.objects.filter(team=team, tool=tool, state=State.PENDING.value).order_by(
            "pk"
        )
        items = [BatchLine(str(request.pk), request.digest) for request in waiting]
        assert len(items) >= BACKGROUND
        batch = start_batch(
            person=dana, team=team, verdict="approve", items=items, idempotency_key=uuid4().hex
        )
        assert set(batch.items.values_list("outcome", flat=True)) == {"approved"}


def _answer_the_rest(team: Team) -> None:
    leads = [User.objects.get(username=name) for name in ("lena", "ines")]
    for request in ApprovalRequest.objects.filter(team=team, state=State.PENDING.value):
        revision = request.revisions.get(number=request.revision_number)
        actions = canonical.read(bytes(revision.payload))["actions"]
        for person in leads:
            decided = decide(
                person=person,
                team=team,
                request_id=request.pk,
                digest=request.digest,
                verdict="approve",
                idempotency_key=uuid4().hex,
                actions={action["key"]: _said(action) for action in actions},
            )
            if not decided.slots_open:
                break


def _said(action: Mapping[str, Any]) -> Said:
    if action["kind"] == "choice":
        return Said(Verb.CHOOSE, value=[action["options"][0]["value"]])
    return Said(Verb.RESPOND, value="Yes.") if action["kind"] == "question" else APPROVED


def _wipe_the_broker() -> None:
    redis.Redis.from_url(settings.REDIS_URL).flushall()


def _check(team: Team, runs: list[object]) -> None:
    ours = set(HostedRun.objects.filter(pk__in=runs).values_list("thread", flat=True))
    effects = Counter(LedgerEntry.objects.filter(thread__in=ours).values_list("effect_key", flat=True))
    assert effects
    assert max(effects.values()) == 1, "an effect happened twice"
    # Reads that policy let pass leave no effect; what people approved does.
    decisions = Decision.objects.filter(
        request__team=team, request__thread__in=ours, kind=Decision.Kind.PERSON, outcome="approved"
    )
    deliveries = dict(Delivery.objects.filter(thread__in=ours).values_list("correlation_id", "state"))
    landed = {key.partition(":")[0] for key in effects}
    for decision in decisions:
        # Killed between the start and the record of a tool that may not be repeated: a person is told.
        assert str(decision.pk) in landed or deliveries[decision.pk] == Delivery.State.UNKNOWN, deliveries[
            decision.pk
        ]
    assert not ApprovalRequest.objects.filter(team=team, thread__in=ours, state=State.PENDING.value).exists()
    check_team(team)
