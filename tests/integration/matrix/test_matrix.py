"""Every verb on every surface in every state by every role: it works, or is refused by the one code, and a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
from placet.commands import COMMANDS
from tests.integration.matrix.expected import (
    as_when_waiting,
    expected,
    left_in,
    makes_sense,
    same_for_all,
)
from tests.integration.matrix.roles import Cast, Role, make_cast
from tests.integration.matrix.states import Kind, State, make
from tests.integration.matrix.surfaces import BY, OTHER_PAGES, Surface, hands_on, route_of
from tests.integration.matrix.terminal import OTHER_COMMANDS, command_of
from tests.integration.matrix.verbs import Call, Verb, kind_of, left

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


@pytest.fixture(scope="module")
def cast(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """One cast for all states: each leaves the rows as it found them."""
    with django_db_blocker.unblock(), undone_after():
        yield make_cast()


@pytest.mark.parametrize("state", State)
def test_every_cell(cast: Cast, state: State) -> None:
    wrong: list[str] = []
    tried = 0
    for kind in Kind:
        of_kind = [verb for verb in Verb if kind_of(verb) is kind and makes_sense(verb, state)]
        if not of_kind:
            continue
        with undone_after():
            request = make(cast, kind, state)
            before = rows()
            for surface in Surface:
                for verb in of_kind:
                    calls = [Call(cast, role, verb, request) for role in roles(surface, verb, state)]
                    tried += len(calls)
                    found = [*refused(surface, calls, state, before), *worked(surface, calls, state)]
                    wrong += [f"{surface}: {verb}: {one}" for one in found]
            assert rows() == before, "a cell left something behind"
    assert tried > 200
    assert not wrong, f"{len(wrong)} of {tried} cells are wrong when {state}:\n" + "\n".join(wrong)


def roles(surface: Surface, verb: Verb, state: State) -> list[Role]:
    """Who tries it there. Everybody tries everything on the API; where that is done again, what is the same is left out."""
    found = list(Role)
    if surface is Surface.API:
        return found
    if surface is Surface.SERVICE:
        # A service is called with somebody: who is anonymous came no further than an edge.
        found.remove(Role.ANONYMOUS)
    if hands_on(surface, verb):
        # `ME` meets every state, the others those in which they fare otherwise.
        found = [role for role in found if role is Role.ME or not as_when_waiting(verb, state, role)]
    # Drawing a page takes long: where the state alone refuses, one member sees it.
    return [role for role in found if not same_for_all(verb, state, role)]


def refused(
    surface: Surface, calls: list[Call], state: State, before: dict[str, tuple[int, str]]
) -> Iterator[str]:
    """What is wrong with those of the calls that must be refused: each with its code, and all of them changing nothing."""
    with undone_after():
        for call in calls:
            wanted = expected(call.verb, state, call.role)
            came_to = BY[surface](call) if wanted else ""
            if came_to != wanted:
                yield f"by {call.role}: {came_to or 'worked'} instead of {wanted}"
        changed = [name for name, row in rows().items() if row != before[name]]
        if changed:
            yield f"a refusal changed {', '.join(changed)}"


def worked(surface: Surface, calls: list[Call], state: State) -> Iterator[str]:
    """What is wrong with those that must work, each on the request as it was."""
    for call in calls:
        if expected(call.verb, state, call.role):
            continue
        with undone_after():
            came_to = BY[surface](call)
            now = ApprovalRequest.objects.get(pk=call.request.pk).state
            then = left_in(call.verb, state, call.role)
            if came_to:
                yield f"by {call.role}: {came_to} instead of working"
            elif now != then:
                yield f"by {call.role}: left it {now} instead of {then}"
            elif not left(call):
                yield f"by {call.role}: worked and left no trace"


def test_no_surface_has_verbs_that_the_matrix_does_not_know() -> None:
    below = {one.name for one in urlpatterns if "/r/<uuid:request_id>" in str(one.pattern)}
    driven = {route_of(verb) for verb in Verb}
    assert below == driven | OTHER_PAGES, "a page came or went: say in surfaces.py how it is called"
    known = {command.name for command in COMMANDS}
    driven = {command_of(verb) for verb in Verb}
    assert known == driven | OTHER_COMMANDS, "a command came or went: say in terminal.py how it is called"
