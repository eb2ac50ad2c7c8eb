"""The life of a request as a state machine: whatever people, the agent and the clock do, in whatever order, the model and
Postgres agree on the state, and the invariants hold."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from uuid import uuid4

import pgtrigger
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agents.contract import ConsumeBody, RevisionBody
from agents.models import Pause
from inbox.answers import Said
from inbox.clock import database_now
from inbox.errors import Refused
from inbox.lifecycle import FINAL, State, Verb, may_move
from inbox.models import ApprovalRequest, Decision, Hold, Pickup, Recall, Vote
from inbox.selectors.answers import request_of
from inbox.services import claims, converse, pauses
from inbox.services.expire import expire_due
from inbox.services.holds import release_due
from inbox.services.pickups import consume, had
from inbox.services.recall import recall
from inbox.services.revise import redraft
from inbox.services.snooze import snooze
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
SAYS: dict[str, converse.Say] = {
    "ask": converse.ask,
    "regenerate": converse.regenerate,
    "guide": converse.guide,
}


class Life(RuleBasedStateMachine):
    """One request of one team whose decisions are held; `was` is the state before the last step."""

    world: World
    request: ApprovalRequest
    was: State
    pause: Pause | None

    @initialize(kind=st.sampled_from(sorted(TOOLS)), permit=st.booleans())
    def asked(self, kind: str, permit: bool) -> None:
        self.world = make_world()
        enforce(self.world, release_at_once=None)
        tool, args = TOOLS[kind]
        claimed = {"risk": "critical"} if kind == "two leads" else {}
        self.request = ask(
            self.world, tool, args, claims=claimed, reply={"channel": "poll", "permit": permit}
        )
        self.was, self.amounts, self.pause = State.PENDING, count(21), None

    def step(self) -> State:
        """The state before the step about to be taken."""
        self.request.refresh_from_db()
        self.was = State(self.request.state)
        return self.was

    def again(self) -> ApprovalRequest:
        self.request.refresh_from_db()
        return self.request

    @property
    def agent_has_it(self) -> bool:
        return Pickup.objects.filter(decision__request=self.request).exists()

    @property
    def taken_back(self) -> bool:
        return Recall.objects.filter(decision__request=self.request).exists()

    @property
    def due(self) -> bool:
        over = Hold.objects.filter(request=self.request, ended_at=None, release_at__lte=database_now())
        return over.exists() and self.pause is None

    @rule(
        person=people, verdict=st.sampled_from(["approve", "reject"]), stale=st.booleans(), over=st.booleans()
    )
    def decide(self, person: str, verdict: str, stale: bool, over: bool) -> None:
        before, holder = self.step(), self.request.claimed_by
        digest = "sha256:" + "0" * 64 if stale else self.request.digest
        voter = getattr(self.world, person)
        try:
            decided = vote(self.world, self.request, voter, verdict, digest=digest, over_claim=over)
        except Refused:
            return
        assert before is State.PENDING
        assert not stale
        assert over or holder is None or holder.user == voter
        assert (self.again().state == State.HELD.value) == (not decided.slots_open)

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
        assert release_due() == (before is State.HELD and self.pause is None)

    @rule()
    def the_sweep_comes(self) -> None:
        self.step()
        due = self.due
        assert release_due() == due

    @rule()
    def the_deadline_passes(self) -> None:
        before = self.step()
        ApprovalRequest.objects.filter(pk=self.request.pk, state=State.PENDING.value).update(
            expires_at=database_now() - timedelta(milliseconds=1)
        )
        assert expire_due() == (before is State.PENDING)

    @rule(person=people, how=st.sampled_from(sorted(SAYS)))
    def people_say(self, person: str, how: str) -> None:
        before, asked_at = self.step(), self.request.asked_agent_at
        try:
            SAYS[how](
                person=getattr(self.world, person),
                team=self.world.team,
                request_id=self.request.pk,
                text="Which one?",
                key=uuid4().hex,
            )
        except Refused:
            return
        assert before is State.PENDING
        passes = how != "guide" or asked_at is not None
        assert (self.again().asked_agent_at is not None) == passes

    @rule()
    def the_agent_replies(self) -> None:
        before = self.step()
        try:
            converse.reply(
                agent=self.world.agent, request_id=self.request.pk, text="The first.", key=uuid4().hex
            )
        except Refused:
            return
        assert before is State.PENDING
        assert self.again().asked_agent_at is None

    @rule(stale=st.booleans())
    def the_agent_revises(self, stale: bool) -> None:
        before, digest = self.step(), self.request.digest
        args = {"amount": next(self.amounts), "customer": "cus_2"}
        draft = {
            "key": uuid4().hex,
            "digest": "sha256:" + "0" * 64 if stale else digest,
            "actions": [{"key": "call_1", "name": "issue_refund", "args": args}],
        }
        try:
            redraft(
                agent=self.world.agent,
                request_id=self.request.pk,
                draft=RevisionBody.model_validate(draft, strict=False),
            )
        except Refused:
            assert before is not State.PENDING or stale
            return
        assert before is State.PENDING
        assert not stale
        request = self.again()
        assert (request.state, request.asked_agent_at) == (State.PENDING.value, None)
        assert request.digest != digest
        assert not Vote.objects.filter(request=request, digest=request.digest).exists()

    @rule()
    def the_agent_asks_anew(self) -> None:
        before = self.step()
        try:
            ask(self.world, supersedes=self.request.dedupe_key)
        except Refused:
            assert before in FINAL
            return
        assert before in (State.PENDING, State.HELD)
        assert self.again().state == State.SUPERSEDED.value

    @rule(person=people, over=st.booleans())
    def claim(self, person: str, over: bool) -> None:
        before, holder = self.step(), self.request.claimed_by
        claimer = getattr(self.world, person)
        try:
            claims.claim(person=claimer, team=self.world.team, request_id=self.request.pk, take_over=over)
        except Refused:
            return
        assert before is State.PENDING
        assert over or holder is None or holder.user == claimer
        holds = self.again().claimed_by
        assert holds is not None
        assert holds.user == claimer

    @rule(person=people, until=st.sampled_from(["time", "reply"]))
    def put_aside(self, person: str, until: str) -> None:
        before, asked_at = self.step(), self.request.asked_agent_at
        try:
            snooze(
                person=getattr(self.world, person),
                team=self.world.team,
                request_id=self.request.pk,
                until=until,
                at=database_now() + timedelta(hours=1) if until == "time" else None,
            )
        except Refused:
            assert before is not State.PENDING or (until == "reply" and asked_at is None)
            return
        assert before is State.PENDING

    @rule(person=st.sampled_from([*VOTERS, "erin"]))
    def call_back(self, person: str) -> None:
        before, too_late = self.step(), self.agent_has_it or self.taken_back
        try:
            recall(
                person=getattr(self.world, person),
                team=self.world.team,
                request_id=self.request.pk,
                reason="Wrong one.",
            )
        except Refused:
            return
        assert before is State.DECIDED
        assert not too_late
        assert self.request.outcome in ("approved", "edited")

    @rule()
    def the_agent_reads(self) -> None:
        self.step()
        had_it = self.agent_has_it
        held_back = had([request_of(self.world.agent, self.request.pk)])
        # What was had before stays had, and what was taken back reads as a no; a pause keeps the rest.
        if held_back:
            assert self.pause is not None
            assert not had_it
        decided = Decision.objects.filter(request=self.request).exists()
        gets = decided and self.pause is None and not self.request.permit and not self.taken_back
        assert self.agent_has_it == (had_it or gets)

    @rule(holder=st.sampled_from(["worker-1", "worker-2"]))
    def the_agent_consumes(self, holder: str) -> None:
        before, taken_back = self.step(), self.taken_back
        body = ConsumeBody(digest=self.request.digest, holder=holder)
        earlier = Pickup.objects.filter(decision__request=self.request).first()
        try:
            consume(agent=self.world.agent, request_id=self.request.pk, body=body)
        except Refused:
            return
        assert before is State.DECIDED
        assert not taken_back
        assert self.request.permit
        assert earlier.holder == holder if earlier else self.pause is None

    @rule(what=st.sampled_from(["team", "agent"]))
    def pause_or_resume(self, what: str) -> None:
        self.step()
        if self.pause is not None:
            pauses.resume(person=self.world.erin, pause_id=self.pause.pk)
            self.pause = None
            return
        agent_id = self.world.agent.pk if what == "agent" else None
        self.pause = pauses.pause(
            person=self.world.erin, team=self.world.team, agent_id=agent_id, reason="An incident."
        )

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
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
