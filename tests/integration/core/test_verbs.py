"""Every verb through the one door: edits judged again, answers held to what was asked, parts of a plan, lines of a payload."""

from __future__ import annotations

from typing import Any

import pytest

from agents.contract import Submission
from inbox import canonical
from inbox.answers import APPROVED, REJECTED, Answers, Said
from inbox.api.ballots import ballot_of
from inbox.api.schemas.requests import DecideIn
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.lifecycle import Verb
from inbox.models import ApprovalRequest, AuditEvent, Revision, ToolHistory, Vote
from inbox.services.decide import Decided
from inbox.services.submit import submit
from tests.checker import check_team
from tests.factories import World, ask, body, in_force, vote
from tests.policies import enforce


def asked(world: World, *actions: dict[str, Any], **fields: Any) -> ApprovalRequest:
    sent = {**body(), "actions": list(actions), **fields}
    return submit(agent=world.agent, submission=Submission.model_validate(sent)).request


def told(decided: Decided) -> list[dict[str, Any]]:
    assert decided.decision is not None
    answer: list[dict[str, Any]] = canonical.read(bytes(decided.decision.answer))["actions"]
    return answer


def edit(args: dict[str, Any], **more: Any) -> Answers:
    return {"call_1": Said(Verb.EDIT, args, **more)}


REFUND = {"amount": 20, "customer": "cus_1"}


def test_an_edit_keeps_what_was_proposed_decided_and_released(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    before = request.digest
    decided = vote(world, request, world.carol, actions=edit({"amount": 30, "customer": "cus_1"}))
    (action,) = told(decided)
    assert (action["type"], action["args"]) == ("edit", {"amount": 30, "customer": "cus_1"})
    assert decided.decision is not None
    assert decided.decision.outcome == "edited"
    proposed, edited = Revision.objects.filter(request=request).order_by("number")
    assert proposed.digest == before
    assert proposed.author is None
    assert edited.author == world.carol
    assert Vote.objects.get(request=request).digest == edited.digest == decided.decision.digest
    (entry,) = AuditEvent.objects.filter(request=request, verb="edited")
    facts = canonical.read(bytes(entry.entry))["facts"]
    assert (facts["from_digest"], facts["digest"]) == (before, edited.digest)
    assert ToolHistory.objects.get(agent=world.agent, tool="issue_refund").edited == 1
    check_team(world.team)


def test_from_one_to_true_is_an_edit(world: World) -> None:
    request = ask(world, "issue_refund", {"amount": 1, "customer": "cus_1"})
    decided = vote(world, request, world.alice, actions=edit({"amount": True, "customer": "cus_1"}))
    (action,) = told(decided)
    assert (action["type"], action["args"]["amount"]) == ("edit", True)
    assert decided.decision is not None
    assert decided.decision.outcome == "edited"


def test_an_edit_that_policy_ranks_higher_waits_for_others_and_its_author_is_barred(world: World) -> None:
    in_force(
        world,
        {
            "id": "large",
            "tool": "issue_refund",
            "when": [{"fact": "args.amount", "op": "gt", "value": 100}],
            "then": "review",
            "needs": [{"tier": "lead", "count": 2}],
        },
    )
    request = ask(world, "issue_refund", REFUND)
    decided = vote(world, request, world.alice, actions=edit({"amount": 500, "customer": "cus_1"}))
    assert decided.proposed
    assert decided.decision is None
    assert len(decided.slots_open) >= 2
    request.refresh_from_db()
    assert (request.state, request.editor, request.revision_number) == ("pending", world.alice, 2)
    assert not Vote.objects.filter(request=request).exists()
    with pytest.raises(NotAllowed) as own:
        vote(world, request, world.alice)
    assert own.value.code == "self-approval"


def test_an_edit_that_changes_nothing_or_is_denied_leaves_everything_as_it_was(world: World) -> None:
    in_force(
        world,
        {
            "id": "never",
            "tool": "issue_refund",
            "when": [{"fact": "args.amount", "op": "gt", "value": 1000}],
            "then": "deny",
        },
    )
    request = ask(world, "issue_refund", REFUND)
    for args, code in ((REFUND, "nothing-edited"), ({"amount": 5000, "customer": "cus_1"}, "policy-refuses")):
        with pytest.raises(Invalid) as refused:
            vote(world, request, world.carol, actions=edit(args))
        assert refused.value.code == code
    request.refresh_from_db()
    assert (request.state, request.revision_number) == ("pending", 1)
    assert Revision.objects.filter(request=request).count() == 1


def test_an_edit_is_held_to_the_tools_schema(world: World) -> None:
    schema = {"type": "object", "properties": {"amount": {"type": "integer", "maximum": 50}}}
    action = {"key": "call_1", "name": "issue_refund", "args": REFUND, "args_schema": schema}
    request = asked(world, action)
    for amount in (60, "20"):
        with pytest.raises(Invalid) as refused:
            vote(world, request, world.carol, actions=edit({"amount": amount, "customer": "cus_1"}))
        assert refused.value.errors[0].pointer == "/decisions/call_1/args/amount"


def test_a_second_person_votes_on_the_edited_bytes_alone(world: World) -> None:
    enforce(
        world,
        {"id": "two", "tool": "issue_refund", "then": "review", "needs": [{"tier": "lead", "count": 2}]},
    )
    request = ask(world, "issue_refund", REFUND)
    vote(world, request, world.alice)
    # Dave stands too low to decide it and may still say how it should be.
    decided = vote(world, request, world.dave, actions=edit({"amount": 10, "customer": "cus_1"}))
    assert decided.proposed
    request.refresh_from_db()
    # The vote on the bytes before is outdated; what everybody approves now is told to the agent as an edit.
    for person in (world.alice, world.bob):
        decided = vote(world, request, person)
    while decided.decision is None:
        decided = vote(world, request, world.carol)
    assert told(decided)[0]["type"] == "edit"
    check_team(world.team)


def test_an_edit_by_a_stranger_changes_nothing(world: World) -> None:
    request = ask(world, "issue_refund", REFUND)
    for person in (world.charlie, world.erin):
        with pytest.raises((NotAllowed, NotFound)):
            vote(world, request, person, actions=edit({"amount": 1, "customer": "cus_1"}))
    request.refresh_from_db()
    assert request.revision_number == 1


def test_an_answer_is_the_tools_result(world: World) -> None:
    question = {
        "key": "q",
        "kind": "question",
        "name": "ask_person",
        "args": {"question": "Which list?"},
        "answer_schema": {
            "type": "object",
            "required": ["list"],
            "properties": {"list": {"enum": ["a", "b"]}},
        },
    }
    request = asked(world, question)
    for value, code in (("a", ""), ({"list": "c"}, ""), (None, "answer-missing")):
        with pytest.raises(Invalid) as refused:
            vote(world, request, world.alice, actions={"q": Said(Verb.RESPOND, value=value)})
        assert not code or refused.value.code == code
    with pytest.raises(Invalid) as not_offered:
        vote(world, request, world.alice)
    assert not_offered.value.code == "verb-not-offered"
    decided = vote(world, request, world.alice, actions={"q": Said(Verb.RESPOND, value={"list": "b"})})
    (action,) = told(decided)
    assert (action["type"], action["value"], action["args"]) == ("respond", {"list": "b"}, None)
    assert decided.decision is not None
    assert decided.decision.outcome == "answered"
    assert not ToolHistory.objects.filter(tool="ask_person").exists()


def test_a_choice_is_one_of_what_was_offered(world: World) -> None:
    flights = [{"value": {"flight": n}, "label": f"Flight {n}"} for n in range(3)]
    request = asked(world, {"key": "c", "kind": "choice", "name": "choose_flight", "options": flights})
    for value, code in (
        ([], "choice-missing"),
        ([{"flight": 7}], "not-an-option"),
        ([{"flight": True}], "not-an-option"),
        ([{"flight": 0}, {"flight": 1}], "one-choice"),
    ):
        with pytest.raises(Invalid) as refused:
            vote(world, request, world.alice, actions={"c": Said(Verb.CHOOSE, value=value)})
        assert refused.value.code == code
    decided = vote(world, request, world.alice, actions={"c": Said(Verb.CHOOSE, value=[{"flight": 2}])})
    assert told(decided)[0]["value"] == [{"flight": 2}]


def plan(world: World) -> ApprovalRequest:
    steps = [
        {
            "key": f"s{n}",
            "name": "write_file",
            "args": {"path": f"docs/{n}", "text": "x"},
            "depends_on": [f"s{n - 1}"] if n else [],
        }
        for n in range(4)
    ]
    return asked(world, *steps, checkpoint="post_planning")


def test_a_plan_is_approved_up_to_its_stop_line(world: World) -> None:
    request = plan(world)
    torn = {"s0": APPROVED, "s1": REJECTED, "s2": APPROVED, "s3": Said(Verb.DEFER)}
    with pytest.raises(Invalid) as refused:
        vote(world, request, world.dave, actions=torn)
    assert refused.value.code == "depends-on-stopped"
    with pytest.raises(Invalid) as nothing:
        vote(world, request, world.dave, actions={f"s{n}": Said(Verb.DEFER) for n in range(4)})
    assert nothing.value.code == "nothing-decided"
    line = {"s0": APPROVED, "s1": APPROVED, "s2": Said(Verb.DEFER), "s3": Said(Verb.DEFER)}
    decided = vote(world, request, world.dave, actions=line)
    assert [action["type"] for action in told(decided)] == ["approve", "approve", "defer", "defer"]
    assert [action["args"] is None for action in told(decided)] == [False, False, True, True]


def test_an_approved_plan_approves_no_arguments_that_are_not_known_yet(world: World) -> None:
    late = {
        "key": "s1",
        "name": "write_file",
        "args": {"path": "docs/b", "text": {"$from": "s0", "path": "/text"}},
        "depends_on": ["s0"],
    }
    first = {"key": "s0", "name": "write_file", "args": {"path": "docs/a", "text": "x"}}
    request = asked(world, first, late, checkpoint="post_planning")
    decided = vote(world, request, world.alice, actions={"s0": APPROVED, "s1": APPROVED})
    assert [(action["type"], action["args"] is None) for action in told(decided)] == [
        ("approve", False),
        ("defer", True),
    ]


def test_people_who_decide_together_say_the_same_of_every_part(world: World) -> None:
    enforce(
        world, {"id": "two", "tool": "write_file", "then": "review", "needs": [{"tier": "lead", "count": 2}]}
    )
    request = plan(world)
    line = {"s0": APPROVED, **{f"s{n}": Said(Verb.DEFER) for n in (1, 2, 3)}}
    voted = vote(world, request, world.alice, actions=line)
    assert voted.slots_open
    with pytest.raises(Conflict) as refused:
        vote(world, request, world.bob)
    assert refused.value.code == "answers-differ"
    for person in (world.bob, world.carol, world.dave):
        try:
            decided = vote(world, request, person, actions=line)
        except NotAllowed:
            continue
        if decided.decision is not None:
            break
    assert [action["type"] for action in told(decided)] == ["approve", "defer", "defer", "defer"]


def five_invoices(world: World) -> ApprovalRequest:
    lines = [{"id": f"INV-{n}", "amount": 10 * n} for n in range(1, 6)]
    pay = {
        "key": "pay",
        "name": "pay_invoices",
        "args": {"run": "w48", "invoices": lines},
        "lines": "/invoices",
    }
    return asked(world, pay)


def test_four_of_five_invoices_are_paid_and_the_fifth_comes_back(world: World) -> None:
    request = five_invoices(world)
    sent = DecideIn.model_validate(
        {
            "digest": request.digest,
            "decisions": [
                {
                    "key": "pay",
                    "type": "approve",
                    "lines": [{"index": 4, "type": "defer", "message": "Next month."}],
                }
            ],
            "idempotency_key": "k",
        }
    )
    ballot = ballot_of(request, sent)
    decided = vote(world, request, world.alice, actions=ballot.answers, set_aside=ballot.set_aside)
    (action,) = told(decided)
    assert [line["id"] for line in action["args"]["invoices"]] == ["INV-1", "INV-2", "INV-3", "INV-4"]
    (line,) = action["lines"]
    assert (line["index"], line["type"], line["message"]) == (4, "defer", "Next month.")
    part = ApprovalRequest.objects.get(pk=line["request_id"])
    assert (part.part_of, part.state, part.thread, part.team) == (
        request,
        "pending",
        request.thread,
        world.team,
    )
    (back,) = canonical.read(bytes(part.revisions.get().payload))["actions"]
    assert back["args"] == {"run": "w48", "invoices": [{"id": "INV-5", "amount": 50}]}
    assert part.batchable is False
    check_team(world.team)


def test_no_line_left_is_no_approval(world: World) -> None:
    request = five_invoices(world)
    sent = {
        "digest": request.digest,
        "decisions": [
            {"key": "pay", "type": "approve", "lines": [{"index": n, "type": "reject"} for n in range(5)]}
        ],
        "idempotency_key": "k",
    }
    with pytest.raises(Invalid) as refused:
        ballot_of(request, DecideIn.model_validate(sent))
    assert refused.value.code == "nothing-left"
