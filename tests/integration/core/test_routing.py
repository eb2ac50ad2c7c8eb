"""Whose a request is first, and why: rota, least loaded, standing in; it never limits who may decide."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.models import ApprovalRequest, AuditEvent, Delegation, Member, Rota
from inbox.services.delegations import be_away, revoke
from inbox.services.handover import hand_over_due
from inbox.services.people import change_member
from inbox.services.rotas import change_rota, create_rota, remove_rota
from tests.checker import check_team
from tests.factories import World, ask, race, vote
from tests.waiting import in_force

TODAY = timezone.localdate()


def rota(world: World, *people: User, **fields: Any) -> Rota:
    """A weekly rota in force, the first of these on call."""
    made = create_rota(
        admin=world.member(world.erin),
        name="weekday-eu",
        members=[world.member(person).pk for person in people],
        **{**MONDAYS, **fields},
    )
    in_force(world.team, routing={"strategy": "rota", "rota": "weekday-eu"})
    return made


MONDAYS: dict[str, Any] = {
    "period": "week",
    "weekday": (TODAY.weekday() + 3) % 7,
    "handover": time(0),
    "timezone": "Europe/Berlin",
    "starts_on": TODAY - timedelta(days=1),
}


def away(
    world: World, person: User, delegate: User | None = None, by: User | None = None, days: int = 2
) -> Delegation:
    return be_away(
        by=world.member(by or person),
        member_id=world.member(person).pk,
        first_day=TODAY,
        last=TODAY + timedelta(days=days),
        delegate_id=world.member(delegate).pk if delegate else None,
        reason="skiing",
    )


def whose(request: ApprovalRequest) -> tuple[str, str]:
    request.refresh_from_db()
    name = request.assignee.user.get_username() if request.assignee else ""
    return name.partition("-")[0], request.assigned_because


def test_without_a_strategy_nobody_is_named(world: World) -> None:
    assert whose(ask(world)) == ("", "")


def test_whoever_is_on_call_is_named_with_the_reason(world: World) -> None:
    rota(world, world.dave, world.carol)
    assert whose(ask(world)) == ("dave", "On call this week (rota weekday-eu)")


def test_the_rota_is_walked_on_past_whoever_may_not_decide_or_is_away(world: World) -> None:
    rota(world, world.dave, world.carol, world.alice)
    mail = ask(world, "send_email", {"to": "a@example.com", "subject": "Hi"})
    assert mail.risk == "high"
    name, because = whose(mail)
    assert name == "alice"
    assert because == f"Next on rota weekday-eu: {world.dave.username} may not decide it"
    away(world, world.dave)
    name, because = whose(ask(world))
    assert name == "carol"
    assert because.startswith(f"Next on rota weekday-eu: {world.dave.username} is away until ")


def test_it_limits_nobody(world: World) -> None:
    rota(world, world.dave)
    request = ask(world)
    assert vote(world, request, world.alice).decision is not None


def test_nobody_excluded_is_named(world: World) -> None:
    """Carol is on call, but it is asked on her behalf."""
    rota(world, world.carol, world.dave)
    assert whose(ask(world))[0] == "carol"
    assert whose(ask(world, on_behalf_of=world.carol.username))[0] == "dave"


def test_the_least_loaded_is_named_with_the_count(world: World) -> None:
    in_force(world.team, routing={"strategy": "least_loaded"})
    named = [whose(ask(world)) for _ in range(8)]
    people = [name for name, _ in named]
    assert {people.count(name) for name in ("alice", "bob", "carol", "dave")} == {2}
    assert [because for _, because in named] == ["Least loaded: 0 waiting"] * 4 + [
        "Least loaded: 1 waiting"
    ] * 4


def test_routing_asks_a_fixed_number_of_queries(world: World) -> None:
    from agents.contract import Submission
    from inbox.services.submit import Addressed, submit_all
    from tests.factories import body

    rota(world, world.dave, world.carol)
    away(world, world.dave, world.carol)
    counts = []
    for number in (1, 8):
        asked = [Addressed(Submission.model_validate(body(thread=f"q-{n}"))) for n in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            submit_all(agent=world.agent, asked=asked, channel="poll")
        # Each request of a group counts itself into it; nothing else is asked once a request.
        counts.append(sum("inbox_requestgroup" not in query["sql"] for query in queries))
    assert counts[0] == counts[1]


def test_a_slot_nobody_can_fill_is_flagged_and_goes_to_an_admin(world: World) -> None:
    bob = world.member(world.bob)
    change_member(
        admin=world.member(world.erin), member_id=bob.pk, tier="lead", is_admin=False, is_active=False
    )
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    assert request.flags == ["Nobody can fill lead#2 now."]
    assert whose(request) == ("erin", "Nobody can fill lead#2 now: an admin has to see to it")


def test_somebody_who_goes_hands_over_and_gets_it_back(world: World) -> None:
    rota(world, world.dave, world.alice)
    request = ask(world)
    absence = away(world, world.dave, world.carol)
    assert hand_over_due() == 1
    assert hand_over_due() == 0
    name, because = whose(request)
    assert name == "carol"
    assert because.startswith(f"Instead of {world.dave.username}, away until ")
    later = ask(world)
    assert whose(later)[0] == "carol"

    revoke(by=world.member(world.dave), delegation_id=absence.pk)
    assert hand_over_due() == 2
    assert whose(request) == ("dave", f"{world.dave.username} is back")
    assert whose(later)[0] == "dave"
    assert AuditEvent.objects.filter(request=request, verb="assigned").count() == 2
    check_team(world.team)


def test_a_delegate_gets_no_right_by_it(world: World) -> None:
    """A reviewer stands in for a lead: a high risk is still decided by a lead, and is not even the reviewer's first."""
    rota(world, world.alice, world.bob)
    away(world, world.alice, world.dave)
    mail = ask(world, "send_email", {"to": "a@example.com", "subject": "Hi"})
    assert whose(mail)[0] == "bob"
    with pytest.raises(NotAllowed) as refused:
        vote(world, mail, world.dave)
    assert refused.value.code == "insufficient-tier"


def test_a_chain_of_stand_ins_is_followed_to_its_end(world: World) -> None:
    rota(world, world.dave)
    away(world, world.dave, world.carol)
    away(world, world.carol, world.bob)
    assert whose(ask(world))[0] == "bob"


def test_cycles_are_refused_with_their_names(world: World) -> None:
    away(world, world.dave, world.carol)
    with pytest.raises(Invalid) as refused:
        away(world, world.carol, world.dave)
    assert refused.value.code == "delegation-cycle"
    assert (
        f"{world.dave.username} → {world.carol.username} → {world.dave.username}" in refused.value.detail
        or (
            f"{world.carol.username} → {world.dave.username} → {world.carol.username}" in refused.value.detail
        )
    )
    assert Delegation.objects.filter(team=world.team).count() == 1


def test_two_who_name_each_other_at_one_instant_do_not_both_succeed(real_world: World) -> None:
    for _ in range(100):
        results = race(
            lambda: away(real_world, real_world.dave, real_world.carol),
            lambda: away(real_world, real_world.carol, real_world.dave),
        )
        made = [result for result in results if isinstance(result, Delegation)]
        assert len(made) == 1, results
        revoke(by=real_world.member(real_world.erin), delegation_id=made[0].pk)
    check_team(real_world.team)


@pytest.mark.parametrize(
    ("first", "last", "code", "pointer"),
    [
        (-1, 2, "in-the-past", "/first_day"),
        (3, 2, "ends-before-start", "/last_day"),
        (0, 400, "too-long", "/last_day"),
    ],
)
def test_wrong_dates_are_refused_with_a_sentence(
    world: World, first: int, last: int, code: str, pointer: str
) -> None:
    dave = world.member(world.dave)
    with pytest.raises(Invalid) as refused:
        be_away(by=dave, member_id=dave.pk, first_day=TODAY + timedelta(first), last=TODAY + timedelta(last))
    assert (refused.value.code, refused.value.errors[0].pointer) == (code, pointer)
    assert refused.value.detail.endswith((".", "people who have left."))
    assert not Delegation.objects.exists()


def test_who_may_say_that_somebody_is_away(world: World) -> None:
    with pytest.raises(NotAllowed):
        away(world, world.dave, by=world.carol)
    absence = away(world, world.dave, by=world.erin)
    with pytest.raises(NotAllowed):
        revoke(by=world.member(world.carol), delegation_id=absence.pk)
    stranger = Member.objects.get(user=world.charlie)
    with pytest.raises(NotFound):
        revoke(by=stranger, delegation_id=absence.pk)
    with pytest.raises(NotFound):
        be_away(by=stranger, member_id=world.member(world.dave).pk, first_day=TODAY, last=TODAY)
    with pytest.raises(Invalid) as foreign:
        be_away(
            by=world.member(world.carol),
            member_id=world.member(world.carol).pk,
            first_day=TODAY,
            last=TODAY,
            delegate_id=stranger.pk,
        )
    assert foreign.value.code == "unknown-member"
    with pytest.raises(Invalid) as twice:
        away(world, world.dave)
    assert twice.value.code == "already-away"


def test_a_rota_is_the_admins(world: World) -> None:
    made = rota(world, world.dave)
    fields = {**MONDAYS, "members": [world.member(world.carol).pk]}
    with pytest.raises(NotAllowed):
        change_rota(admin=world.member(world.alice), rota_id=made.pk, **fields)
    with pytest.raises(NotFound):
        change_rota(admin=Member.objects.get(user=world.charlie), rota_id=made.pk, **fields)
    change_rota(admin=world.member(world.erin), rota_id=made.pk, **fields)
    assert whose(ask(world))[0] == "carol"
    with pytest.raises(Conflict):
        remove_rota(admin=world.member(world.erin), rota_id=made.pk)
    in_force(world.team, routing={"strategy": "none"})
    remove_rota(admin=world.member(world.erin), rota_id=made.pk)
    assert AuditEvent.objects.filter(team=world.team, verb="rota_changed").count() == 3


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "Weekday EU", "invalid-name"),
        ("period", "month", "unknown-period"),
        ("weekday", 7, "unknown-weekday"),
        ("timezone", "Europe/Atlantis", "unknown-timezone"),
        ("timezone", "../../etc/passwd", "unknown-timezone"),
        ("members", [], "nobody"),
    ],
)
def test_a_wrong_rota_is_refused_whole(world: World, field: str, value: Any, code: str) -> None:
    good = {**MONDAYS, "name": "nights", "members": [world.member(world.dave).pk]}
    with pytest.raises(Invalid) as refused:
        create_rota(admin=world.member(world.erin), **{**good, field: value})
    assert (refused.value.code, refused.value.errors[0].pointer) == (code, f"/{field}")
    assert not Rota.objects.exists()


def test_names_are_taken_once_and_strangers_have_no_seat(world: World) -> None:
    rota(world, world.dave)
    with pytest.raises(Invalid) as taken:
        rota(world, world.carol)
    assert taken.value.code == "name-taken"
    for members in ([Member.objects.get(user=world.charlie).pk], [world.member(world.dave).pk] * 2):
        with pytest.raises(Invalid):
            create_rota(admin=world.member(world.erin), name="nights", members=members, **MONDAYS)
    assert Rota.objects.count() == 1


def test_before_its_start_nobody_is_on_call(world: World) -> None:
    rota(world, world.dave, starts_on=date(2099, 1, 1))
    name, because = whose(ask(world))
    assert name
    assert because.startswith("Nobody on rota weekday-eu could decide it now. Least loaded: ")
