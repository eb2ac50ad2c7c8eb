"""Every page there is, asked by somebody who may not know that what it names exists.

The routes are read from the URLs themselves: one that is added is asked too, and one that names a kind of thing
nobody says here how to make is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from types import ModuleType
from typing import Any, Final
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import URLPattern, path
from django.utils import timezone

from inbox import urls
from inbox.models import Backtest, Tier, Tool
from inbox.selectors.policy import current_version
from inbox.services.batches import start_batch
from inbox.services.delegations import be_away
from inbox.services.groups import add_group
from inbox.services.rotas import create_rota
from inbox.services.teams import add_member
from tests.factories import World, ask, make_world
from tests.integration.core.test_batches import lines
from tests.integration.core.test_grants import granted
from tests.integration.core.test_pauses import pause
from tests.integration.pages.cast import decision, signed_in
from tests.integration.pages.test_rota_and_away import sent as rota_fields
from tests.policies import PASS_WRITES, draft

# Pages of nobody's team: they name a person at most, and that one by the session or by a secret.
OUTSIDE: Final = {
    "home",
    "preferences",
    "switch_team",
    "sign_in",
    "account_login",
    "account_inactive",
    "sign_in_link",
    "sign_out",
}
TODAY = timezone.localdate()


def a_token(world: World) -> Any:
    return world.agent.tokens.get().pk


def an_absence(world: World) -> Any:
    dave = world.member(world.dave)
    return be_away(by=dave, member_id=dave.pk, first_day=TODAY, last=TODAY).pk


def a_batch(world: World) -> Any:
    items = lines([ask(world) for _ in range(2)])
    batch = start_batch(
        person=world.dave, team=world.team, verdict="approve", items=items, idempotency_key=uuid4().hex
    )
    return batch.pk


def a_rota(world: World) -> Any:
    return create_rota(
        admin=world.member(world.erin),
        name="weekdays",
        period="week",
        weekday=0,
        handover=timezone.now().time().replace(microsecond=0),
        timezone="UTC",
        starts_on=TODAY,
        members=[world.member(world.dave).pk],
    ).pk


def a_backtest(world: World) -> Any:
    version = current_version(world.team.pk)
    return Backtest.objects.create(
        team=world.team,
        draft=draft(world, PASS_WRITES),
        base=version,
        person=world.erin,
        size=0,
        until=version.created_at,
    ).pk


# By the name of the parameter, with the part of the route before it where one name means two things.
KINDS: Final[dict[str, Callable[[World], Any]]] = {
    "request_id": lambda world: ask(world).pk,
    "g/group_id": lambda world: ask(world).group_id,
    "groups/group_id": lambda world: add_group(admin=world.member(world.erin), name="security").pk,
    "grant_id": lambda world: granted(world).pk,
    "batch_id": a_batch,
    "agent_id": lambda world: world.agent.pk,
    "token_id": a_token,
    "delegation_id": an_absence,
    "member_id": lambda world: world.member(world.carol).pk,
    "rota_id": a_rota,
    "tier_id": lambda world: Tier.objects.get(team=world.team, name="senior").pk,
    "tool_id": lambda world: Tool.objects.filter(team=world.team).earliest("name").pk,
    "number": lambda world: draft(world, PASS_WRITES).number,
    "backtest_id": a_backtest,
    "pause_id": lambda world: pause(world).pk,
}


def parameters(route: URLPattern) -> list[str]:
    """The ids a route names, each by its kind. Raises KeyError for a kind without a factory."""
    found = []
    for before, name in re.findall(r"(\w*)/<(?:\w+:)?(\w+)>", str(route.pattern)):
        if name != "slug":
            kind = name if name in KINDS else f"{before}/{name}"
            KINDS[kind]
            found.append(kind)
    assert len(found) == len(set(route.pattern.converters) - {"slug"}), f"an id was overlooked in {route}"
    return found


def addresses(
    route: URLPattern, slug: str, *choices: dict[str, Any]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The route's address under a team for every mixture of these ids, each with what was put in."""
    kinds = parameters(route)
    for mixture in product(choices, repeat=len(kinds)):
        address = f"/{route.pattern}".replace("<slug:slug>", slug)
        for kind, ids in zip(kinds, mixture, strict=True):
            address = re.sub(rf"<(\w+:)?{kind.rpartition('/')[2]}>", str(ids[kind]), address)
        yield address, mixture


def written() -> int:
    """How many rows of ours this transaction has written so far, whatever became of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
            r" WHERE relname LIKE 'inbox\_%' OR relname LIKE 'agents\_%'"
        )
        return int(cursor.fetchone()[0])


def fields(theirs: World) -> dict[str, Any]:
    """What the forms of all these pages would send about the other team, at once."""
    request = ask(theirs)
    return {
        **rota_fields(theirs),
        **decision(request, "approve", confirmed="1"),
        "item": f"{request.pk} {request.digest}",
        "include": str(request.pk),
        "member": str(theirs.member(theirs.dave).pk),
        "joins": "1",
        "up": "1",
        "tier": "lead",
        "is_active": "1",
        "enabled": "0",
        "environment": "production",
        "amount": "5",
        "currency": "EUR",
        "first_day": TODAY.isoformat(),
        "last_day": (TODAY + timedelta(days=3)).isoformat(),
        "lifetime": "2",
        "unit": "hours",
        "op_0": "equal",
        "op_1": "equal",
        "effect": "write",
        "window_unit": "hours",
        "days": "30",
        "kind": "ask",
        "text": "Which order is this for?",
        "until": "1h",
        "reason": "You know the customer.",
        "to": theirs.carol.username,
        "take_over": "1",
        "agent": str(theirs.agent.pk),
    }


class Foreign:
    """Two teams with one of everything, and somebody with every right in one of them."""

    def __init__(self) -> None:
        self.theirs, self.own = make_world(), make_world()
        self.person = User.objects.create_user(f"both-{uuid4().hex[:8]}")
        add_member(team=self.own.team, user=self.person, tier="lead", is_admin=True)
        self.ids = {kind: make(self.theirs) for kind, make in KINDS.items()}
        self.own_ids = {kind: make(self.own) for kind, make in KINDS.items()}
        # Numbers of versions begin at one in every team: this one the other team has, and their own has not.
        for _ in range(3):
            self.ids["number"] = draft(self.theirs, PASS_WRITES).number
        self.fields = fields(self.theirs)

    def wrong(self, routes: list[URLPattern]) -> list[str]:
        """What these routes give away or change, a line each; nothing is as it should be."""
        stranger, nobody = signed_in(self.person), Client()
        found = []
        for route in routes:
            if route.name in OUTSIDE:
                continue
            assert str(route.pattern).startswith("t/<slug:slug>/"), (
                f"{route} is of no team and not in OUTSIDE"
            )
            asked = [next(addresses(route, self.theirs.team.slug, self.ids))[0]]
            asked += [
                address
                for address, mixture in addresses(route, self.own.team.slug, self.own_ids, self.ids)
                if any(ids is self.ids for ids in mixture)
            ]
            for address in asked:
                found += self._answers(stranger, address, 404)
            found += self._answers(nobody, asked[0], 302)
        return found

    def _answers(self, client: Client, address: str, wanted: int) -> Iterator[str]:
        before, given = written(), []
        for method, sent in (("GET", {}), ("POST", self.fields)):
            answer = getattr(client, method.lower())(address, sent)
            given.append(answer.status_code)
            if answer.status_code not in (wanted, 405):
                yield f"{method} {address}: {answer.status_code}"
            elif answer.status_code == 302 and not answer["Location"].startswith("/sign-in?next="):
                yield f"{method} {address}: to {answer['Location']}"
            if written() != before:
                yield f"{method} {address}: something was written"
        if set(given) == {405}:
            yield f"{address}: takes neither GET nor POST"


@pytest.fixture
def foreign(db: None) -> Foreign:
    return Foreign()


def test_no_page_tells_of_another_team_or_changes_it(foreign: Foreign) -> None:
    assert foreign.wrong(urls.urlpatterns) == []


def unguarded(request: HttpRequest, **ids: Any) -> HttpResponse:
    if request.method == "POST":
        Tool.objects.update(template="changed")
    return HttpResponse("open to everybody")


def test_a_page_without_protection_is_found(foreign: Foreign) -> None:
    module = ModuleType("open_urls")
    route = path("t/<slug:slug>/tools/<uuid:tool_id>/open", unguarded, name="open")
    module.urlpatterns = [route]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=module):
        found = foreign.wrong([route])
    assert [line.partition(": ")[2] for line in found] == 3 * ["200", "200", "something was written"]


def test_an_id_of_an_unknown_kind_and_a_page_of_no_team_are_found(foreign: Foreign) -> None:
    for text in ("t/<slug:slug>/x/<uuid:thing_id>", "t/<slug:slug>/x/<int:group_id>"):
        with pytest.raises(KeyError):
            foreign.wrong([path(text, unguarded, name="open")])
    with pytest.raises(AssertionError, match="not in OUTSIDE"):
        foreign.wrong([path("tools/<uuid:tool_id>", unguarded, name="open")])
