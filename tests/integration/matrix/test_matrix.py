"""Every verb on every surface in every state by every role: it works, or is refused by the one code, and a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from inbox.models import (
    ApprovalRequest,
    AuditEvent,
    Decision,
    Feedback,
    Hold,
    IdempotencyKey,
    Message,
    Notification,
    Pickup,
    Recall,
    RequestGroup,
    Revision,
    Snooze,
    Vote,
)
from inbox.urls import urlpatterns
from placet.commands import COMMANDS as TERMINAL
from tests.integration.matrix import expected, verbs
from tests.integration.matrix.roles import Cast, Role, make_cast
from tests.integration.matrix.states import Kind, State, make
from tests.integration.matrix.verbs import BY, NOT_DRIVEN, Call, Surface, Verb, kind_of

TABLES = (
    ApprovalRequest,
    Decision,
    Feedback,
    Hold,
    IdempotencyKey,
    Message,
    Notification,
    Pickup,
    Recall,
    RequestGroup,
    Revision,
    Snooze,
    Vote,
)
ROWS = " UNION ALL ".join(
    f"SELECT '{name}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t {where}"
    for name, where in [
        *((model._meta.db_table, "") for model in TABLES),
        # That somebody tried what they may not is on the record.
        (AuditEvent._meta.db_table, "WHERE verb <> 'refused'"),
    ]
)


@contextmanager
def undone_after() -> Iterator[None]:
    """A savepoint that is taken back, and in which the services' outermost transactions may be."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def rows() -> dict[str, tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return {name: (count, digest) for name, count, digest in cursor.fetchall()}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.mark.parametrize("state", State)
def test_every_cell(cast: Cast, state: State) -> None:
    wrong: list[str] = []
    tried = 0
    for kind in Kind:
        of_kind = [verb for verb in Verb if kind_of(verb) is kind and expected.makes_sense(verb, state)]
        if not of_kind:
            continue
        with undone_after():
            request = make(cast, kind, state)
            before = rows()
            for surface, verb, role in cells(of_kind, state):
                tried += 1
                with undone_after():
                    found = tried_on(surface, Call(cast, role, verb, request), state, before)
                if found:
                    wrong.append(f"{surface}: {verb} by {role}: {found}")
            assert rows() == before, "a cell left something behind"
    assert tried > 200
    assert not wrong, f"{len(wrong)} of {tried} cells are wrong when {state}:\n" + "\n".join(wrong)


def cells(of_kind: list[Verb], state: State) -> Iterator[tuple[Surface, Verb, Role]]:
    for surface in Surface:
        for verb in of_kind:
            for role in Role:
                # A service is called with somebody: who is anonymous came no further than an edge.
                nobody = surface is Surface.SERVICE and role is Role.ANONYMOUS
                # Drawing a page takes long: where the state alone refuses, one member sees it.
                drawn = surface in (Surface.PAGE, Surface.TERMINAL)
                again = drawn and expected.same_for_all(verb, state, role)
                if verb not in NOT_DRIVEN.get(surface, ()) and not nobody and not again:
                    yield surface, verb, role


def tried_on(surface: Surface, call: Call, state: State, before: dict[str, tuple[int, str]]) -> str:
    """What is wrong with one cell, "" for nothing."""
    cell = (surface, call.verb, state, call.role)
    defect = expected.known(*cell)
    wanted = defect.came_to if defect else expected.said_on(*cell)
    came_to = BY[surface](call)
    if came_to != wanted:
        return f"{came_to or 'worked'} instead of {wanted or 'working'}"
    if wanted:
        changed = [name for name, row in rows().items() if row != before[name]]
        return f"refused ({wanted}), and changed {', '.join(changed)}" if changed else ""
    now = ApprovalRequest.objects.get(pk=call.request.pk).state
    then = expected.left_in(call.verb, state, call.role)
    if now != then:
        return f"left it {now} instead of {then}"
    return "" if verbs.left(call) else "worked and left no trace"


def test_no_surface_has_verbs_that_the_matrix_does_not_know() -> None:
    below = {one.name for one in urlpatterns if "/r/<uuid:request_id>" in str(one.pattern)}
    assert below == verbs.REQUEST_PAGES, "a page came or went: say in verbs.py how it is called"
    known = {command.name for command in TERMINAL}
    assert known == verbs.COMMANDS, "a command came or went: say in verbs.py how it is called"
