"""Rotas, absences and where an agent acts, through their pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents.models import Agent
from inbox.models import ApprovalRequest, AuditEvent, Delegation, Rota
from inbox.services.escalate import escalate_due
from tests.factories import World, ask
from tests.waiting import every_risk, in_force

TODAY = timezone.localdate()


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def sent(world: World, **change: str) -> dict[str, str]:
    return {
        "name": "weekday-eu",
        "period": "week",
        "weekday": "0",
        "handover": "09:00",
        "timezone": "Europe/Berlin",
        "starts_on": (TODAY - timedelta(days=2)).isoformat(),
        "place_1": str(world.member(world.dave).pk),
        "place_2": str(world.member(world.carol).pk),
        **change,
    }


def test_an_admin_makes_and_changes_a_rota_that_members_read(client: Client, world: World) -> None:
    client.force_login(world.erin)
    made = client.post(url(world, "rota_new"), sent(world))
    rota = Rota.objects.get(team=world.team)
    assert (made.status_code, made["Location"]) == (303, url(world, "rota", rota.pk))
    assert f"{world.dave.username} is on call" in client.get(made["Location"]).content.decode()
    swapped = sent(world, place_1=str(world.member(world.carol).pk), place_2="")
    assert client.post(url(world, "rota", rota.pk), swapped).status_code == 303
    assert [seat.member.user for seat in rota.seats.all()] == [world.carol]

    client.force_login(world.dave)
    text = client.get(url(world, "rotas")).content.decode()
    assert world.carol.username in text
    assert url(world, "rota_new") not in text
    assert "Change the rota" not in client.get(url(world, "rota", rota.pk)).content.decode()
    for name, rest in (("rota_new", ()), ("rota", (rota.pk,)), ("rota_remove", (rota.pk,))):
        assert client.post(url(world, name, *rest), sent(world)).status_code == 403
    client.force_login(world.charlie)
    assert client.get(url(world, "rota", rota.pk)).status_code == 404
    client.force_login(world.erin)
    assert client.post(url(world, "rota_remove", rota.pk)).status_code == 303
    assert not Rota.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timezone": "Europe/Atlantis"}, "There is no time zone Europe/Atlantis"),
        ({"name": "Weekday EU"}, "Use lower-case letters, digits and dashes."),
        ({"place_1": "", "place_2": ""}, "Name at least one person."),
        ({"handover": "25:00"}, "Enter a valid time."),
        ({"weekday": "9"}, "Select a valid choice"),
    ],
)
def test_a_wrong_rota_is_refused_at_its_field_and_keeps_what_was_typed(
    client: Client, world: World, change: dict[str, str], says: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "rota_new"), sent(world, **change))
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert f'value="{change.get("timezone", "Europe/Berlin")}"' in answer.content.decode()
    assert not Rota.objects.exists()


def test_everybody_notes_and_takes_back_their_own_absence(client: Client, world: World) -> None:
    client.force_login(world.dave)
    fields = {
        "first_day": TODAY.isoformat(),
        "last_day": (TODAY + timedelta(days=3)).isoformat(),
        "delegate": str(world.member(world.carol).pk),
        "reason": "skiing",
    }
    assert client.post(url(world, "away"), fields).status_code == 303
    row = Delegation.objects.get(member__user=world.dave)
    text = client.get(url(world, "away")).content.decode()
    assert "skiing" in text
    assert world.carol.username in text
    twice = client.post(url(world, "away"), fields)
    assert twice.status_code == 422
    assert "noted for these days already" in twice.content.decode()
    assert client.post(url(world, "away_revoke", row.pk)).status_code == 303
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert AuditEvent.objects.filter(team=world.team, verb="delegation_changed").count() == 2


def test_only_admins_note_anothers_absence(client: Client, world: World) -> None:
    dave = world.member(world.dave).pk
    fields = {"first_day": TODAY.isoformat(), "last_day": TODAY.isoformat()}
    client.force_login(world.carol)
    assert "Note an absence" not in client.get(url(world, "away_of", dave)).content.decode()
    assert client.post(url(world, "away_of", dave), fields).status_code == 403
    client.force_login(world.charlie)
    assert client.get(url(world, "away_of", dave)).status_code == 404
    client.force_login(world.erin)
    assert client.post(url(world, "away_of", dave), fields).status_code == 303
    backwards = {"first_day": TODAY.isoformat(), "last_day": (TODAY - timedelta(1)).isoformat()}
    answer = client.post(url(world, "away_of", world.member(world.carol).pk), backwards)
    assert answer.status_code == 422
    assert "The last day is before the first." in answer.content.decode()


def test_an_admin_says_where_an_agent_acts_and_requests_keep_it(client: Client, world: World) -> None:
    page = url(world, "agent_environment", world.agent.pk)
    client.force_login(world.carol)
    assert client.post(page, {"environment": "production"}).status_code == 403
    client.force_login(world.erin)
    assert client.post(page, {"environment": "pro duction"}).status_code == 422
    assert client.post(page, {"environment": "production"}).status_code == 303
    world.agent.refresh_from_db()
    request = ask(world)
    assert request.environment == "production"
    client.post(page, {"environment": "staging"})
    request.refresh_from_db()
    assert (request.environment, Agent.objects.get(pk=world.agent.pk).environment) == (
        "production",
        "staging",
    )
    assert "production" in client.get(url(world, "request", request.pk)).content.decode()
    assert AuditEvent.objects.filter(team=world.team, verb="agent_changed").count() == 2


@pytest.mark.parametrize(
    ("action", "row", "page"),
    [
        ("reject", "rejected in", "is told"),
        ("halt", "run halted in", "must stop"),
        ("wait", "overdue in", "it goes on waiting"),
        ("escalate", "escalates in", "it goes on to lead or above"),
    ],
)
def test_row_and_page_say_what_silence_will_do(
    client: Client, world: World, action: str, row: str, page: str
) -> None:
    steps = [{"after_seconds": 3600, "needs": [{"tier": "lead", "count": 1}]}]
    in_force(
        world.team,
        on_timeout=every_risk(action),
        escalation=every_risk(steps),
        routing={"strategy": "least_loaded"},
    )
    request = ask(world, "send_email", {"to": "a@example.com", "subject": "Hi"})
    client.force_login(world.alice)
    listed = client.get(url(world, "queue")).content.decode()
    shown = client.get(url(world, "request", request.pk)).content.decode()
    assert row in listed
    assert "Least loaded: 0 waiting" in listed
    assert row in shown
    assert page in shown
    assert "Least loaded: 0 waiting. Whoever may decide it still may." in shown


def test_an_overdue_request_says_so(client: Client, world: World) -> None:
    in_force(world.team, on_timeout=every_risk("wait"))
    request = ask(world)
    past = timezone.now() - timedelta(minutes=5)
    ApprovalRequest.objects.filter(pk=request.pk).update(expires_at=past, escalate_at=past)
    escalate_due()
    client.force_login(world.alice)
    assert (
        "It goes on waiting until somebody decides."
        in client.get(url(world, "request", request.pk)).content.decode()
    )


def test_context_that_is_missing_is_refused_or_flagged(client: Client, world: World) -> None:
    from inbox.errors import Invalid

    required = {"require": ["rollback_plan", "goal"], "missing": "refuse"}
    in_force(world.team, checkpoints={"pre_commit": required})
    with pytest.raises(Invalid) as refused:
        ask(world, checkpoint="pre_commit", context={"goal": "Tidy up"})
    assert refused.value.code == "missing-context"
    assert [error.pointer for error in refused.value.errors] == ["/context/rollback_plan"]
    assert ask(world).flags == []

    in_force(world.team, checkpoints={"pre_commit": {**required, "missing": "flag"}})
    request = ask(world, checkpoint="pre_commit", context={"goal": "Tidy up"})
    assert request.flags == ["The agent left out: rollback plan."]
    client.force_login(world.alice)
    assert request.flags[0] in client.get(url(world, "request", request.pk)).content.decode()
