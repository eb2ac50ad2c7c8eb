"""What no service would do, tried in SQL: the database itself refuses every illegal state."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from inbox.clock import database_now
from inbox.lifecycle import TRANSITIONS, State
from inbox.models import ApprovalRequest, AuditEvent, Decision, PolicyVersion, Revision, Vote
from tests.factories import World, ask, vote


def refused(sql: str, *params: object) -> bool:
    """Whether the database refuses a statement; nothing of it remains."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
            changed = cursor.rowcount
    except DatabaseError:
        return True
    assert changed > 0, "the statement touched no row, so nothing was shown"
    return False


@pytest.fixture
def decided(world: World) -> ApprovalRequest:
    """A request one person approved."""
    request = ask(world)
    vote(world, request, world.dave)
    request.refresh_from_db()
    return request


def test_a_second_vote_in_a_slot(world: World, decided: ApprovalRequest) -> None:
    first = Vote.objects.get(request=decided)
    with pytest.raises(DatabaseError, match="slot_filled_once"), transaction.atomic():
        Vote.objects.create(
            request=decided,
            revision_number=1,
            person=world.alice,
            slot=first.slot,
            tier="lead",
            digest=first.digest,
            approves=True,
            via="test",
        )


def test_a_second_vote_of_a_person(world: World, decided: ApprovalRequest) -> None:
    first = Vote.objects.get(request=decided)
    with pytest.raises(DatabaseError, match="person_votes_once"), transaction.atomic():
        Vote.objects.create(
            request=decided,
            revision_number=1,
            person=world.dave,
            slot="lead#1",
            tier="lead",
            digest=first.digest,
            approves=True,
            via="test",
        )


def test_a_second_decision(decided: ApprovalRequest) -> None:
    first = Decision.objects.get(request=decided)
    first.pk = None
    first._state.adding = True
    from agents.ids import uuid7

    first.id = uuid7()
    with pytest.raises(DatabaseError), transaction.atomic():
        first.save(force_insert=True)


@pytest.mark.parametrize("target", [state for state in State if state is not State.DECIDED])
def test_a_final_state_never_changes(decided: ApprovalRequest, target: State) -> None:
    assert refused(
        "UPDATE inbox_approvalrequest SET state = %s, outcome = NULL, closed_at = CASE WHEN %s = 'pending' THEN NULL ELSE now() END WHERE id = %s",
        target.value,
        target.value,
        decided.pk,
    )


def test_every_move_outside_the_table_is_refused() -> None:
    finals = [state for state in State if not TRANSITIONS[state]]
    assert finals == [State.DECIDED, State.EXPIRED, State.WITHDRAWN, State.SUPERSEDED]


@pytest.mark.parametrize(
    "column", ["outcome = 'rejected'", "digest = 'sha256:0'", "thread = 'other'", "dedupe_key = 'x'"]
)
def test_what_a_decided_request_is_about_never_changes(decided: ApprovalRequest, column: str) -> None:
    assert refused(f"UPDATE inbox_approvalrequest SET {column} WHERE id = %s", decided.pk)


def test_a_decided_request_without_outcome(world: World) -> None:
    request = ask(world)
    assert refused(
        "UPDATE inbox_approvalrequest SET state = 'decided', closed_at = now() WHERE id = %s", request.pk
    )


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (AuditEvent, "verb = 'forged'"),
        (Revision, "payload = '\\x7b7d'"),
        (Vote, "approves = NOT approves"),
        (Decision, "outcome = 'rejected'"),
        (PolicyVersion, "number = 99"),
    ],
)
def test_records_are_neither_changed_nor_deleted(decided: ApprovalRequest, model: type, column: str) -> None:
    table = model._meta.db_table  # type: ignore[attr-defined]
    assert refused(f"UPDATE {table} SET {column}")
    assert refused(f"DELETE FROM {table}")


def test_requests_are_not_deleted(decided: ApprovalRequest) -> None:
    assert refused("DELETE FROM inbox_approvalrequest WHERE id = %s", decided.pk)


def test_the_audit_log_is_not_truncated(decided: ApprovalRequest) -> None:
    assert refused("TRUNCATE inbox_auditevent")


@pytest.mark.parametrize("spoil", ["seq + 2", "seq + 1"])
def test_an_audit_row_that_does_not_continue_the_chain(decided: ApprovalRequest, spoil: str) -> None:
    # seq + 2 leaves a gap; seq + 1 follows, but with the hash of the row before.
    last = AuditEvent.objects.filter(team=decided.team).order_by("-seq")[0]
    assert refused(
        "INSERT INTO inbox_auditevent (team_id, seq, verb, actor_kind, actor, entry, previous, hash)"
        f" SELECT team_id, {spoil}, verb, actor_kind, actor, entry, hash, hash FROM inbox_auditevent WHERE id = %s",
        last.pk,
    )


def test_silence_cannot_approve(world: World, decided: ApprovalRequest) -> None:
    decision = Decision.objects.get(request=decided)
    other = ask(world)
    assert refused(
        "INSERT INTO inbox_decision (id, request_id, kind, outcome, policy_version_id, rule, revision_number, digest, answer,"
        " message, via, decided_at, seq, chain_hash) SELECT gen_random_uuid(), %s, 'timeout', 'approved', policy_version_id, '', 1,"
        " digest, answer, '', '', now(), 1, chain_hash FROM inbox_decision WHERE id = %s",
        other.pk,
        decision.pk,
    )


def _forged(decided: ApprovalRequest, other: ApprovalRequest, kind: str) -> bool:
    """Whether the database refuses a decision of this kind with the approving answer of another request."""
    return refused(
        "INSERT INTO inbox_decision (id, request_id, kind, outcome, policy_version_id, rule, revision_number, digest, answer,"
        " message, via, decided_at, seq, chain_hash) SELECT gen_random_uuid(), %s, %s, 'rejected', policy_version_id, '', 1,"
        " digest, answer, '', '', now(), 1, chain_hash FROM inbox_decision WHERE request_id = %s",
        other.pk,
        kind,
        decided.pk,
    )


def test_silence_cannot_tell_the_agent_yes(world: World, decided: ApprovalRequest) -> None:
    """The outcome says rejected, but the answer's bytes approve; and the other way round about its request."""
    expired, waiting = ask(world), ask(world)
    ApprovalRequest.objects.filter(pk=expired.pk).update(state="expired", closed_at=database_now())
    assert _forged(decided, expired, "timeout")
    assert _forged(decided, waiting, "timeout")
    assert _forged(decided, expired, "policy")


def test_silence_has_no_word_for_yes(world: World) -> None:
    request = ask(world)
    assert refused("UPDATE inbox_approvalrequest SET on_timeout = 'approve' WHERE id = %s", request.pk)


def test_only_reads_are_harmless(world: World) -> None:
    assert refused(
        "UPDATE inbox_tool SET harmless = true WHERE team_id = %s AND name = 'send_email'", world.team.pk
    )
