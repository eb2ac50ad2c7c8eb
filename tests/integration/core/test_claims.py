"""A claim is a lease: renewed, released, taken over with a word, lapsed by the clock; and who else looks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import override_settings

from inbox.clock import database_now
from inbox.errors import Conflict, NotAllowed
from inbox.models import ApprovalRequest, AuditEvent, Notification
from inbox.selectors.claims import claim_of
from inbox.selectors.looking import looking
from inbox.services import claims
from inbox.services.claims import claim, release
from inbox.services.looking import look, look_away
from inbox.services.withdraw import withdraw
from tests.factories import World, ask, race, vote


def take(world: World, request: ApprovalRequest, name: str = "dave", *, over: bool = False) -> claims.Claimed:
    return claim(person=getattr(world, name), team=world.team, request_id=request.pk, take_over=over)


def lapses_in(request: ApprovalRequest, seconds: float) -> None:
    ApprovalRequest.objects.filter(pk=request.pk).update(
        claimed_until=database_now() + timedelta(seconds=seconds)
    )


def told(request: ApprovalRequest, kind: str) -> list[tuple[str, bool]]:
    lines = Notification.objects.filter(request=request, kind=kind).order_by("created_at")
    return [(line.member.user.get_username(), line.read_at is not None) for line in lines]


def test_claim_renew_release(world: World) -> None:
    request = ask(world)
    first = take(world, request)
    assert timedelta(minutes=4) < first.until - database_now() <= timedelta(minutes=5)
    again = take(world, request)
    assert again.renewed
    assert again.until >= first.until
    with pytest.raises(NotAllowed) as not_hers:
        release(person=world.carol, team=world.team, request_id=request.pk)
    assert not_hers.value.code == "not-yours"
    release(person=world.dave, team=world.team, request_id=request.pk)
    release(person=world.dave, team=world.team, request_id=request.pk)
    request.refresh_from_db()
    assert request.claimed_by is None
    # A renewal is no event: a page that stays open all day does not fill the log.
    verbs = AuditEvent.objects.filter(request=request).order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["requested", "claimed", "claim_released"]
    # Who may not decide it does not keep it from those who may.
    with pytest.raises(NotAllowed):
        take(world, request, "erin")


def test_a_live_claim_is_taken_over_with_a_word_and_its_holder_told(world: World) -> None:
    request = ask(world)
    take(world, request)
    with pytest.raises(Conflict) as taken:
        take(world, request, "carol")
    assert (taken.value.code, taken.value.extra["who"]) == ("claimed", world.dave.get_username())
    assert take(world, request, "carol", over=True).taken_from == world.dave.get_username()
    assert told(request, "claim_taken") == [(world.dave.get_username(), False)]
    with pytest.raises(Conflict) as over:
        vote(world, request, world.dave)
    assert over.value.code == "claimed"
    assert vote(world, request, world.dave, over_claim=True).decision is not None
    request.refresh_from_db()
    assert (request.claimed_by, request.claimed_until) == (None, None)
    assert told(request, "claim_taken") == [(world.dave.get_username(), True)]


def test_it_lapses_by_the_clock_and_its_end_is_told_once_a_lease(world: World) -> None:
    request = ask(world)
    take(world, request)
    claims.end_due()
    assert told(request, "claim_ending") == []
    lapses_in(request, 30)
    assert [claims.end_due(), claims.end_due()] == [1, 0]
    assert told(request, "claim_ending") == [(world.dave.get_username(), False)]
    take(world, request)
    assert told(request, "claim_ending") == [(world.dave.get_username(), True)]
    lapses_in(request, -1)
    request.refresh_from_db()
    assert claim_of(request, database_now()) is None
    # Lapsed and not yet cleared: nobody is asked about it.
    assert take(world, request, "carol").taken_from == ""
    lapses_in(request, -1)
    assert claims.end_due() == 1
    request.refresh_from_db()
    assert request.claimed_by is None


def test_it_ends_when_the_agent_takes_the_request_back(world: World) -> None:
    request = ask(world)
    take(world, request)
    withdraw(agent=world.agent, request_id=request.pk)
    request.refresh_from_db()
    assert request.claimed_by is None


def test_two_who_claim_at_once_are_one_who_has_it(real_world: World) -> None:
    for _ in range(5):
        request = ask(real_world)
        results = race(
            lambda r=request: take(real_world, r, "dave"),  # type: ignore[misc]
            lambda r=request: take(real_world, r, "carol"),  # type: ignore[misc]
        )
        assert sorted(type(result).__name__ for result in results) == ["Claimed", "Conflict"]


def test_who_else_looks(world: World) -> None:
    request, dave, carol = ask(world), world.member(world.dave), world.member(world.carol)
    look(dave, request.pk)
    look(carol, request.pk)
    assert looking(dave, request.pk) == (world.carol.get_username(),)
    look_away(carol, request.pk)
    assert looking(dave, request.pk) == ()
    look(carol, request.pk)
    gone = {**settings.CACHES["looking"], "LOCATION": "unix:///nonexistent/valkey.sock?db=0"}
    with override_settings(CACHES={**settings.CACHES, "looking": gone}):
        look(dave, request.pk)
        assert looking(dave, request.pk) == ()
