"""People ask, send back and guide; the agent answers and drafts anew: whose turn it is, and what a new draft undoes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from agents import services as gateway
from agents.contract import RevisionBody, Submission
from agents.hosting.answers import parse
from inbox import canonical
from inbox.answers import Said
from inbox.clock import database_now
from inbox.errors import AlreadyClosed, Changed, Conflict, Expired, Invalid, NotAllowed, NotFound
from inbox.lifecycle import Verb
from inbox.models import ApprovalRequest, AuditEvent, Message, Revision, Snooze, Vote
from inbox.policy.words import Lane
from inbox.selectors import queue
from inbox.selectors.conversation import read
from inbox.selectors.filters import parse as filter_of
from inbox.selectors.turn import Turn
from inbox.services.converse import Heard, guide, regenerate, reply
from inbox.services.converse import ask as question
from inbox.services.decide import Decided
from inbox.services.revise import redraft
from inbox.services.submit import Addressed, submit_all
from inbox.services.undo import undo
from tests.checker import check_team
from tests.factories import World, ask, body, race, vote
from tests.policies import enforce

REFUND = {"amount": 20, "customer": "cus_1"}


def asks(
    world: World, request: ApprovalRequest, person: User, text: str = "Which order?", **more: Any
) -> Heard:
    fields = {"key": uuid4().hex, **more}
    return question(person=person, team=world.team, request_id=request.pk, text=text, **fields)


def answers(world: World, request: ApprovalRequest, text: str = "Order 7.") -> Heard:
    return reply(agent=world.agent, request_id=request.pk, text=text, key=uuid4().hex)


def draft(
    request: ApprovalRequest, args: dict[str, Any], *, name: str = "issue_refund", **more: Any
) -> RevisionBody:
    action = {"key": "call_1", "name": name, "args": args}
    return RevisionBody.model_validate(
        {"key": uuid4().hex, "digest": request.digest, "actions": [action], **more}, strict=False
    )


def facts(request: ApprovalRequest, verb: str) -> dict[str, Any]:
    (event,) = AuditEvent.objects.filter(request=request, verb=verb)
    found: dict[str, Any] = canonical.read(bytes(event.entry))["facts"]
    return found


def rows(world: World, person: User, request: ApprovalRequest) -> dict[str, queue.Row]:
    """The request's row by the list it stands in."""
    turn, every = Turn(world.member(person)), filter_of("")
    lists = {
        "turn": [
            row for lane in Lane for block in queue.lane(turn, every, lane).blocks for row in block.rows
        ],
        "waiting": [row for block in queue.waiting(turn, every).blocks for row in block.rows],
    }
    return {name: row for name, listed in lists.items() for row in listed if row.request.pk == request.pk}


def test_a_question_makes_it_the_agents_turn_and_its_answer_peoples_again(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    assert list(rows(world, world.carol, request)) == ["turn"]
    heard = asks(world, request, world.carol)
    request.refresh_from_db()
    assert request.asked_agent_at == heard.message.created_at
    for person in (world.carol, world.alice):
        ((where, row),) = rows(world, person, request).items()
        assert (where, row.waits_for_agent, row.back) == ("waiting", request.asked_agent_at, "")
    snooze = Snooze.objects.create(
        request=request, member=world.member(world.carol), until=Snooze.Until.REPLY
    )
    answers(world, request)
    request.refresh_from_db()
    snooze.refresh_from_db()
    assert request.asked_agent_at is None
    assert (snooze.ended_at is not None, snooze.ended_because) == (True, "crm-writer answered")
    ((where, row),) = rows(world, world.carol, request).items()
    assert (where, row.waits_for_agent, row.back) == ("turn", None, "answered")
    assert facts(request, "questioned")["text"] == "Which order?"
    assert facts(request, "answered")["text"] == "Order 7."
    said = read(request, world.carol).said
    assert [(one.by, one.text.shown.plain) for one in said] == [
        (world.carol.username, "Which order?"),
        ("crm-writer", "Order 7."),
    ]
    check_team(world.team)


def test_it_can_be_decided_while_the_agent_is_asked(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    asks(world, request, world.carol)
    assert vote(world, request, world.carol).decision is not None


def test_what_was_asked_about_leaves_its_batch(world: World) -> None:
    request, other = ask(world), ask(world)
    assert request.group_id == other.group_id is not None
    guide(person=world.dave, team=world.team, request_id=other.pk, text="Mind the path.", key="k1")
    asks(world, request, world.dave)
    request.refresh_from_db()
    other.refresh_from_db()
    assert (request.batchable, request.group_id) == (False, None)
    assert other.batchable
    check_team(world.team)


def test_only_who_may_decide_it_talks_to_the_agent_and_others_are_on_record(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    for say in (question, regenerate, guide):
        for person, code in ((world.dave, "insufficient-tier"), (world.erin, "no-tier")):
            with pytest.raises(NotAllowed) as refused:
                say(person=person, team=world.team, request_id=request.pk, text="Hm?", key=uuid4().hex)
            assert refused.value.code == code
        with pytest.raises(NotFound):
            say(person=world.charlie, team=world.team, request_id=request.pk, text="Hm?", key=uuid4().hex)
        with pytest.raises(NotFound):
            say(person=world.charlie, team=world.other, request_id=request.pk, text="Hm?", key=uuid4().hex)
    assert AuditEvent.objects.filter(request=request, verb="refused").count() == 6
    assert not Message.objects.filter(request=request).exists()


def test_who_has_voted_may_still_ask(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    vote(world, request, world.alice)
    assert asks(world, request, world.alice).message.person == world.alice


def test_a_repeat_is_the_same_message_and_another_under_its_key_is_refused(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    first = asks(world, request, world.carol, key="k")
    again = asks(world, request, world.carol, key="k")
    assert (again.message.pk, again.repeated) == (first.message.pk, True)
    for person, text in ((world.carol, "Something else?"), (world.alice, "Which order?")):
        with pytest.raises(Invalid) as refused:
            asks(world, request, person, text, key="k")
        assert refused.value.code == "idempotency-key-reused"
    with pytest.raises(Invalid):
        reply(agent=world.agent, request_id=request.pk, text="Which order?", key="k")
    vote(world, request, world.carol)
    assert asks(world, request, world.carol, key="k").repeated


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (" \r\n\t", "message-missing"),
        ("x" * 2_001, "message-too-long"),
        ("a\x00b", "control-characters"),
        ("a\x1b[2Jb", "control-characters"),
        ("a\ud800b", "control-characters"),
    ],
)
def test_what_cannot_be_read_is_not_sent(world: World, text: str, code: str) -> None:
    request = ask(world, "issue_refund", REFUND)
    before = AuditEvent.objects.count()
    with pytest.raises(Invalid) as refused:
        asks(world, request, world.carol, text)
    assert (refused.value.code, refused.value.errors[0].pointer) == (code, "/text")
    asks(world, request, world.carol, "Two lines\r\nand a\ttab: ясно, 明白")
    assert Message.objects.get().text == "Two lines\nand a\ttab: ясно, 明白"
    assert AuditEvent.objects.count() == before + 1


def test_nothing_is_said_of_what_is_closed_changed_or_over(world: World) -> None:
    changed, closed, over = (ask(world, "issue_refund", REFUND) for _ in range(3))
    asks(world, changed, world.carol, digest=changed.digest)
    redraft(agent=world.agent, request_id=changed.pk, draft=draft(changed, {**REFUND, "amount": 5}))
    with pytest.raises(Changed):
        asks(world, changed, world.carol, digest=changed.digest)
    asks(world, closed, world.carol)
    vote(world, closed, world.carol)
    asks(world, over, world.carol)
    ApprovalRequest.objects.filter(pk=over.pk).update(expires_at=database_now())
    for request, refusal in ((closed, AlreadyClosed), (over, Expired)):
        with pytest.raises(refusal):
            asks(world, request, world.carol)
        with pytest.raises(refusal):
            answers(world, request)
        with pytest.raises(refusal):
            redraft(agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 5}))


def test_a_held_decision_takes_no_word_and_its_agent_learns_nothing_of_it(world: World) -> None:
    enforce(world, release_at_once=None)
    request = ask(world, "issue_refund", REFUND)
    asks(world, request, world.carol)
    vote(world, request, world.carol)
    for call in (
        lambda: answers(world, request),
        lambda: redraft(
            agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 5})
        ),
    ):
        with pytest.raises(AlreadyClosed) as refused:
            call()
        assert refused.value.code == "held"
        assert not refused.value.extra
        assert "carol" not in refused.value.detail
        assert "approved" not in refused.value.detail
    with pytest.raises(AlreadyClosed):
        asks(world, request, world.carol)
    undo(person=world.carol, team=world.team, request_id=request.pk)
    assert list(rows(world, world.carol, request)) == ["waiting"]


def test_an_agent_speaks_only_of_its_own_and_when_it_is_spoken_to(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    with pytest.raises(Conflict) as unasked:
        answers(world, request)
    assert unasked.value.code == "not-asked"
    other = gateway.register_agent(team_id=world.team.pk, handle="other", owner=None)
    with pytest.raises(NotFound):
        reply(agent=other, request_id=request.pk, text="Hi", key="k")
    with pytest.raises(NotFound):
        redraft(agent=other, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 5}))


def test_guidance_changes_nothing_and_comes_with_the_decision(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    before = ApprovalRequest.objects.filter(pk=request.pk).values().get()
    for text in ("Refund to the card.", "Never over 50."):
        guide(person=world.carol, team=world.team, request_id=request.pk, text=text, key=text[:6])
    assert ApprovalRequest.objects.filter(pk=request.pk).values().get() == before
    decided = vote(world, request, world.carol)
    assert decided.decision is not None
    told = bytes(decided.decision.answer)
    assert canonical.read(told)["guidance"] == ["Refund to the card.", "Never over 50."]
    value = parse(told).value
    assert isinstance(value, dict)
    assert value["guidance"] == ["Refund to the card.", "Never over 50."]


def test_a_paused_run_is_asked_nothing_but_takes_guidance(world: World) -> None:
    submission = Submission.model_validate(body("issue_refund", REFUND))
    (made,) = submit_all(agent=world.agent, asked=[Addressed(submission, "i-1")], channel="hosted")
    for say in (question, regenerate):
        with pytest.raises(Conflict) as refused:
            say(person=world.carol, team=world.team, request_id=made.request.pk, text="Hm?", key="k")
        assert refused.value.code == "hosted-request"
    guide(person=world.carol, team=world.team, request_id=made.request.pk, text="Slowly.", key="k")
    for call in (
        lambda: answers(world, made.request),
        lambda: redraft(
            agent=world.agent, request_id=made.request.pk, draft=draft(made.request, {"amount": 1})
        ),
    ):
        with pytest.raises(Conflict) as theirs:
            call()
        assert theirs.value.code == "hosted-request"


def test_another_draft_is_judged_anew_and_outdates_the_votes_before_it(world: World) -> None:
    enforce(
        world,
        {"id": "two", "tool": "issue_refund", "then": "review", "needs": [{"tier": "senior", "count": 1}]},
    )
    request = ask(world, "issue_refund", REFUND)
    vote(world, request, world.alice)
    heard = regenerate(
        person=world.carol, team=world.team, request_id=request.pk, text="Half of it.", key="k"
    )
    assert heard.request.asked_agent_at is not None
    sent = draft(request, {"amount": 10, "customer": "cus_1"}, note="Half, then.")
    redraft(agent=world.agent, request_id=request.pk, draft=sent)
    again = redraft(agent=world.agent, request_id=request.pk, draft=sent)
    old = request.digest
    request.refresh_from_db()
    assert again.digest == request.digest != old
    assert (request.revision_number, request.asked_agent_at, request.state) == (2, None, "pending")
    assert Vote.objects.get(request=request).digest == old
    ((where, row),) = rows(world, world.alice, request).items()
    assert (where, row.back) == ("turn", "revised")
    told = facts(request, "revised")
    assert (told["from_digest"], told["digest"]) == (old, request.digest)
    assert told["changes"] == {"call_1": "args.amount 20 → 10"}
    assert told["message"] == "Half, then."
    page = read(request, world.alice)
    assert page.since == 1
    ((change,),) = (action.changes for action in page.changes)
    assert (change.pointer, change.before, change.after) == ("/args/amount", 20, 10)
    assert [one.text.shown.plain for one in page.said] == ["Half of it.", "Half, then."]
    with pytest.raises(Changed):
        vote(world, request, world.bob, digest=old)
    vote(world, request, world.alice)
    decided = vote(world, request, world.bob)
    assert decided.decision is not None
    (action,) = canonical.read(bytes(decided.decision.answer))["actions"]
    assert (action["type"], action["args"]) == ("approve", {"amount": 10, "customer": "cus_1"})
    check_team(world.team)


def test_a_draft_binds_to_the_one_it_replaces(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    first = draft(request, {**REFUND, "amount": 10})
    redraft(agent=world.agent, request_id=request.pk, draft=first)
    with pytest.raises(Changed) as stale:
        redraft(agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 5}))
    assert stale.value.extra["revision"] == 2
    request.refresh_from_db()
    for wrong, code in (
        (draft(request, {**REFUND, "amount": 10}), "nothing-revised"),
        (draft(request, {}, name="placet.change"), "reserved-tool"),
        (draft(request, {**REFUND, "amount": 9}, note="a\x1bb"), "control-characters"),
        (
            draft(request, {**REFUND, "amount": 9}).model_copy(update={"key": first.key}),
            "idempotency-key-reused",
        ),
    ):
        with pytest.raises(Invalid) as refused:
            redraft(agent=world.agent, request_id=request.pk, draft=wrong)
        assert refused.value.code == code
    assert Revision.objects.filter(request=request).count() == 2


def test_needs_only_grow_and_no_draft_passes_by_policy_alone(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    needs = request.needs
    redraft(
        agent=world.agent, request_id=request.pk, draft=draft(request, {"order": "#1"}, name="lookup_order")
    )
    request.refresh_from_db()
    assert (request.state, request.needs, request.risk) == ("pending", needs, "critical")
    small = ask(world)
    redraft(
        agent=world.agent,
        request_id=small.pk,
        draft=draft(small, {"accounts": list(range(1_247))}, name="delete_accounts"),
    )
    small.refresh_from_db()
    assert (small.needs, small.risk, small.group_id) == (needs, "critical", None)
    with pytest.raises(NotAllowed):
        vote(world, small, world.dave)
    check_team(world.team)


def test_a_draft_that_policy_refuses_closes_the_request(world: World) -> None:
    enforce(
        world,
        {
            "id": "never",
            "tool": "issue_refund",
            "when": [{"fact": "args.amount", "op": "gt", "value": 1000}],
            "then": "deny",
        },
    )
    request = ask(world, "issue_refund", REFUND)
    asks(world, request, world.carol)
    redraft(agent=world.agent, request_id=request.pk, draft=draft(request, {**REFUND, "amount": 5_000}))
    request.refresh_from_db()
    assert (request.state, request.outcome, request.decision.kind) == ("decided", "rejected", "policy")
    assert request.decision.digest == request.digest
    assert request.decision.rule == "never"
    verbs = AuditEvent.objects.filter(request=request).order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["requested", "questioned", "revised", "decided"]
    check_team(world.team)


def test_a_draft_takes_the_place_of_an_edit_and_frees_its_author(world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    edited = {"call_1": Said(Verb.EDIT, {"accounts": list(range(1_100))})}
    assert vote(world, request, world.alice, actions=edited).proposed
    request.refresh_from_db()
    redraft(
        agent=world.agent,
        request_id=request.pk,
        draft=draft(request, {"accounts": list(range(1_200))}, name="delete_accounts"),
    )
    request.refresh_from_db()
    assert (request.editor, request.revision_number) == (None, 3)
    vote(world, request, world.alice)
    assert vote(world, request, world.bob).decision is not None


def test_a_decision_and_another_draft_at_once_end_in_one(real_world: World) -> None:
    for _ in range(10):
        request = ask(real_world, "issue_refund", REFUND)
        sent = draft(request, {**REFUND, "amount": 10})
        voted, drafted = race(
            lambda r=request: vote(real_world, r, real_world.carol),
            lambda r=request, s=sent: redraft(agent=real_world.agent, request_id=r.pk, draft=s),
        )
        request.refresh_from_db()
        if isinstance(voted, Decided):
            assert isinstance(drafted, AlreadyClosed)
            assert (request.state, request.revision_number) == ("decided", 1)
        else:
            assert isinstance(voted, Changed)
            assert isinstance(drafted, ApprovalRequest)
            assert (request.state, request.revision_number) == ("pending", 2)
    check_team(real_world.team)
