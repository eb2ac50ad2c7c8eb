"""The life of a request as a state machine: whatever people, the agent and the clock do, in whatever order, the model and
Postgres agree on the state, and the invariants hold."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pgtrigger
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from inbox.answers import Said
from inbox.clock import database_now
from inbox.errors import Refused
from inbox.lifecycle import FINAL, State, Verb, may_move
from inbox.models import ApprovalRequest, Decision, Hold, Vote
from inbox.services.expire import expire_due
from inbox.services.holds import release_due
from inbox.services.undo import undo
from inbox.services.withdraw import withdraw
from tests.checker import check_team
from tests.factories import World, ask, make_world, vote
from tests.policies import enforce

VOTERS = ("alice", "bob", "carol", "dave")
TOOLS = {
    "low": ("write_file", {"path": "docs/a.md", "text": "hello"}),
    "medium": ("issue_refund", {"amount": 20, "customer": "cus_1"}),
    "two leads": ("delete_accounts", {"accounts": ["a", "b"]}),
}
people = st.sampled_from(VOTERS)


class Life(RuleBasedStateMachine):
    """One request of one team whose decisions are held; `was` is the state before the last step."""

    world: World
    request: ApprovalRequest
    was: State

    @initialize(kind=st.sampled_from(sorted(TOOLS)))
    def asked(self, kind: str) -> None:
        self.world = make_world()
        enforce(self.world, release_at_once=None)
        tool, args = TOOLS[kind]
        self.request = ask(self.world, tool, args, claims={"risk": "critical"} if kind == "two leads" else {})
        self.was, self.amounts = State.PENDING, count(21)

    def step(self) -> State:
        """The state before the step about to be taken."""
        self.request.refresh_from_db()
        self.was = State(self.request.state)
        return self.was

    @rule(person=people, verdict=st.sampled_from(["approve", "reject"]), stale=st.booleans())
    def decide(self, person: str, verdict: str, stale: bool) -> None:
        before = self.step()
        digest = "sha256:" + "0" * 64 if stale else self.request.digest
        try:
            decided = vote(self.world, self.request, getattr(self.world, person), verdict, digest=digest)
        except Refused:
            return
        assert before is State.PENDING
        assert not stale
        self.request.refresh_from_db()
        assert (self.request.state == State.HELD.value) == (not decided.slots_open)

    @rule(person=people)
    def edit(self, person: str) -> None:
        before, digest = self.step(), self.request.digest
        args = {"amount": next(self.amounts), "customer": "cus_1"}
        try:
            decided = vote(
                self.world,
                self.request,
                getattr(self.world, person),
                actions={"call_1": Said(Verb.EDIT, args)},
            )
        except Refused:
            return
        assert before is State.PENDING
        self.request.refresh_from_db()
        assert self.request.digest != digest
        assert (self.request.state == State.PENDING.value) == decided.proposed

    @rule(person=people)
    def take_back(self, person: str) -> None:
        before = self.step()
        try:
            undo(person=getattr(self.world, person), team=self.world.team, request_id=self.request.pk)
        except Refused:
            return
        assert before is State.HELD

    @rule()
    def the_agent_withdraws(self) -> None:
        before = self.step()
        try:
            withdraw(agent=self.world.agent, request_id=self.request.pk)
        except Refused:
            assert before in FINAL
            return
        assert before in (State.PENDING, State.HELD, State.WITHDRAWN)

    @rule()
    def the_hold_ends(self) -> None:
        before = self.step()
        with pgtrigger.ignore("inbox.Hold:hold_ends_once"):
            due = database_now() - timedelta(milliseconds=1)
            Hold.objects.filter(request=self.request, ended_at=None).update(release_at=due)
        assert release_due() == (before is State.HELD)

    @rule()
    def too_early(self) -> None:
        self.step()
        assert release_due() == 0

    @rule()
    def the_deadline_passes(self) -> None:
        before = self.step()
        ApprovalRequest.objects.filter(pk=self.request.pk, state=State.PENDING.value).update(
            expires_at=database_now() - timedelta(milliseconds=1)
        )
        assert expire_due() == (before is State.PENDING)

    @invariant()
    def only_legal_moves(self) -> None:
        if not hasattr(self, "request"):
            return
        self.request.refresh_from_db()
        now = State(self.request.state)
        # Decided at once counts as held and released: a hold may be of no length.
        assert now is self.was or may_move(self.was, now), f"{self.was} became {now}"

    @invariant()
    def what_the_tables_show_holds(self) -> None:
        if not hasattr(self, "request"):
            return
        check_team(self.world.team)
        decision = Decision.objects.filter(request=self.request).first()
        if decision is not None and decision.kind == Decision.Kind.PERSON:
            assert Hold.objects.filter(request=self.request, end="released").exists()
        if decision is not None and decision.outcome in ("approved", "edited"):
            counted = Vote.objects.filter(request=self.request, retracted_at=None, digest=decision.digest)
            assert counted.filter(approves=True).exists()


@pytest.mark.django_db
def test_every_order_of_events_ends_where_the_model_says() -> None:
    class Rolled(Life):
        """Each run in a transaction of its own, which is rolled back."""

        def __init__(self) -> None:
            super().__init__()
            self.block = transaction.atomic()
            # As test cases do: what must be the outermost transaction in the product may be nested in this one.
            self.block._from_testcase = True
            self.block.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    run_state_machine_as_test(
        Rolled,
        settings=settings(
            max_examples=40,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
