"""A team's own domains, through the page: proposed, approved by a second admin, counted in judging, removed at once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from inbox import canonical
from inbox.errors import Invalid, NotAllowed, NotFound
from inbox.models import AuditEvent, ChangeRequest, Team
from inbox.services import domains
from inbox.services.sweep import sweep
from tests.factories import World, ask, in_force, vote
from tests.integration.core.test_changes import second_admin

MAIL = {"to": "ana@mail.acme.example", "subject": "Hello"}
OUTSIDE = {
    "id": "outside",
    "tool": "send_email",
    "when": [{"fact": "external", "op": "exists"}],
    "then": "deny",
}


def url(world: World, name: str = "domains") -> str:
    return reverse(name, args=[world.team.slug])


def own(world: World) -> list[str]:
    return Team.objects.get(pk=world.team.pk).domains


def test_a_domain_counts_after_the_second_admin_approved_and_no_longer_once_removed(
    client: Client, world: World
) -> None:
    frank = second_admin(world)
    in_force(world, OUTSIDE)
    client.force_login(world.erin)
    answer = client.post(url(world), {"domain": " ACME.example. "})
    change = ChangeRequest.objects.get(team=world.team)
    assert change.request is not None
    assert answer["Location"] == reverse("request", args=[world.team.slug, change.request_id])
    assert "Count acme.example as this team&#x27;s own" in client.get(answer["Location"]).content.decode()
    assert f"waits for an admin other than {world.erin.username}" in client.get(url(world)).content.decode()
    assert "waits" in client.post(url(world), {"domain": "acme.example"}).content.decode()
    assert own(world) == []
    assert ask(world, "send_email", MAIL).outcome == "rejected", "nothing changed by asking"
    with pytest.raises(NotAllowed, match="self-approval"):
        vote(world, change.request, world.erin)
    vote(world, change.request, frank)
    sweep()
    assert own(world) == ["acme.example"]
    assert ask(world, "send_email", MAIL).state == "pending"
    for other in ("ana@notacme.example", "ana@acme.example.evil.test", "ana@acme.example, bob@evil.test"):
        assert ask(world, "send_email", {"to": other, "subject": "Hello"}).outcome == "rejected"

    assert client.post(url(world, "domain_remove"), {"domain": "acme.example"}).status_code == 303
    assert own(world) == []
    assert ask(world, "send_email", MAIL).outcome == "rejected"
    changed = AuditEvent.objects.filter(team=world.team, verb="team_changed").order_by("seq")
    facts = [canonical.read(bytes(event.entry))["facts"] for event in changed]
    assert [one["after"]["domains"] for one in facts] == [["acme.example"], []]
    client.force_login(frank)
    log = client.get(reverse("audit", args=[world.team.slug])).content.decode()
    assert "domains none → acme.example" in log


@pytest.mark.parametrize(
    ("typed", "says"),
    [("gmail.com", "public mail provider"), ("*.acme.example", "without *"), ("", "required")],
)
def test_what_is_no_own_domain_is_said_at_the_field(
    client: Client, world: World, typed: str, says: str
) -> None:
    second_admin(world)
    client.force_login(world.erin)
    answer = client.post(url(world), {"domain": typed})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not ChangeRequest.objects.exists()
    assert own(world) == []


def test_members_look_admins_change_and_strangers_find_nothing(client: Client, world: World) -> None:
    domains.add_domain(admin=world.member(world.erin), domain="acme.example")
    client.force_login(world.dave)
    text = client.get(url(world)).content.decode()
    assert "acme.example" in text
    assert "Add domain" not in text
    assert client.post(url(world), {"domain": "b.example"}).status_code == 403
    assert client.post(url(world, "domain_remove"), {"domain": "acme.example"}).status_code == 403
    client.force_login(world.charlie)
    assert client.get(url(world)).status_code == 404
    assert client.post(url(world, "domain_remove"), {"domain": "acme.example"}).status_code == 404
    assert own(world) == ["acme.example"]


def test_the_only_admin_adds_at_once_and_is_told_so(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert "you are the only admin" in client.get(url(world)).content.decode()
    answer = client.post(url(world), {"domain": "acme.example"})
    assert "no second admin" in client.get(answer["Location"]).content.decode()
    assert own(world) == ["acme.example"]
    assert ChangeRequest.objects.get(team=world.team).alone


def test_a_team_has_so_many_domains_and_each_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    erin = world.member(world.erin)
    domains.add_domain(admin=erin, domain="acme.example")
    with pytest.raises(Invalid, match="own-already"):
        domains.add_domain(admin=erin, domain="mail.acme.example")
    with pytest.raises(NotFound):
        domains.remove_domain(admin=erin, domain="mail.acme.example")
    monkeypatch.setattr(domains, "MOST_DOMAINS", 1)
    with pytest.raises(Invalid, match="too-many-domains"):
        domains.add_domain(admin=erin, domain="b.example")
