"""Groups, ceilings and the wait before a raise counts, and who could decide because of them."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEvent, Ceiling, Member, RoleGroup
from inbox.policy.document import parse_document
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of
from inbox.services.groups import add_group
from inbox.services.teams import write_version
from tests.factories import World, ask
from tests.integration.pages.people import ladder, url


def made_group(world: World, name: str = "security") -> RoleGroup:
    return add_group(admin=world.member(world.erin), name=name)


def test_an_admin_makes_a_group_fills_it_and_empties_it(client: Client, world: World) -> None:
    client.force_login(world.erin)
    assert client.post(url(world, "group_add"), {"name": "security"}).status_code == 303
    group, carol = RoleGroup.objects.get(team=world.team), world.member(world.carol)
    for joins, inside in (("1", True), ("0", False)):
        sent = {"member": str(carol.pk), "joins": joins}
        assert client.post(url(world, "group_member", group.pk), sent).status_code == 303
        assert group.members.filter(pk=carol.pk).exists() is inside
    page = client.get(reverse("audit", args=[world.team.slug]), {"verb": "group_changed"}).content.decode()
    for said in (
        "security made",
        f"{world.carol.get_username()} joined security",
        f"{world.carol.get_username()} left security",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Big Group", "Use lower-case letters, digits and dashes"),
        ("admins", "it fills itself"),
        ("security", "There is a group security already."),
        ("", "This field is required."),
    ],
)
def test_a_wrong_group_name_is_refused_at_its_field(
    client: Client, world: World, name: str, said: str
) -> None:
    made_group(world)
    client.force_login(world.erin)
    answer = client.post(url(world, "group_add"), {"name": name})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert RoleGroup.objects.filter(team=world.team).count() == 1


def test_an_admin_does_not_put_themselves_into_a_group(client: Client, world: World) -> None:
    group, erin = made_group(world), world.member(world.erin)
    client.force_login(world.erin)
    answer = client.post(url(world, "group_member", group.pk), {"member": str(erin.pk), "joins": "1"})
    assert answer.status_code == 403
    assert "another admin must put you into a group" in answer.content.decode()


def test_foreign_and_broken_ids_are_not_found(client: Client, world: World) -> None:
    group = made_group(world)
    foreign = Member.objects.get(team=world.other, user=world.charlie)
    theirs = RoleGroup.objects.create(team=world.other, name="security")
    client.force_login(world.erin)
    for target, member in ((group.pk, foreign.pk), (theirs.pk, world.member(world.dave).pk), (group.pk, "x")):
        sent = {"member": str(member), "joins": "1"}
        assert client.post(url(world, "group_member", target), sent).status_code == 404
    assert client.post(url(world, "person_ceiling", foreign.pk), {"amount": ""}).status_code == 404


def test_an_admin_sets_and_lifts_a_ceiling(client: Client, world: World) -> None:
    client.force_login(world.erin)
    alice = world.member(world.alice)
    sent = {"amount": "500", "currency": "eur", "environments": "staging, test", "tools": "send_*"}
    assert client.post(url(world, "person_ceiling", alice.pk), sent).status_code == 303
    text = client.get(url(world, "people")).content.decode()
    for clause in ("at most 500.00 EUR", "only in staging or test", "only send_*"):
        assert clause in text
    shown = client.get(url(world, "person", alice.pk)).content.decode()
    assert 'value="staging, test"' in shown
    assert client.post(url(world, "person_ceiling", alice.pk), {}).status_code == 303
    assert "at most 500.00 EUR" not in client.get(url(world, "people")).content.decode()


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"amount": "-5", "currency": "EUR"}, "amount", "Give a number from 0 up"),
        ({"amount": "NaN", "currency": "EUR"}, "amount", "Give a number from 0 up"),
        ({"amount": "5", "currency": "ZZZ"}, "currency", "three letters"),
        ({"environments": "pro duction"}, "environments", "Use names such as staging"),
        ({"tools": "[a]"}, "tools", "Use names of tools"),
    ],
)
def test_what_is_no_ceiling_is_refused_at_its_field_and_kept(
    client: Client, world: World, sent: dict[str, str], field: str, said: str
) -> None:
    client.force_login(world.erin)
    alice = world.member(world.alice)
    answer = client.post(url(world, "person_ceiling", alice.pk), sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    shown = re.search(rf'id="id_{field}_error">([^<]+)<', text)
    assert shown is not None
    assert said in shown.group(1)
    assert f'value="{next(iter(sent.values()))}"' in text
    assert not Ceiling.objects.filter(member=alice).exists()


def test_a_raise_says_from_when_it_counts(client: Client, world: World) -> None:
    client.force_login(world.erin)
    dave = world.member(world.dave)
    client.post(url(world, "person", dave.pk), {"tier": "senior", "is_active": "on"})
    for page in (url(world, "people"), url(world, "person", dave.pk)):
        assert "counts as reviewer; as senior from" in client.get(page).content.decode()


@pytest.mark.parametrize(
    ("minutes", "status"), [("0", 303), ("90", 303), ("-1", 422), ("x", 422), ("43201", 422)]
)
def test_the_wait_before_a_raise_counts(client: Client, world: World, minutes: str, status: int) -> None:
    client.force_login(world.erin)
    assert client.post(url(world, "cooldown_save"), {"minutes": minutes}).status_code == status
    world.team.refresh_from_db()
    assert world.team.cooldown_seconds == (int(minutes) * 60 if status == 303 else 3600)


def test_members_change_no_group_ceiling_or_wait(client: Client, world: World) -> None:
    group, dave = made_group(world), world.member(world.dave)
    client.force_login(world.alice)
    before = AuditEvent.objects.filter(team=world.team).count()
    for path, sent in (
        (url(world, "group_add"), {"name": "finance"}),
        (url(world, "group_member", group.pk), {"member": str(dave.pk), "joins": "1"}),
        (url(world, "person_ceiling", dave.pk), {"tools": "x"}),
        (url(world, "cooldown_save"), {"minutes": "0"}),
    ):
        assert client.post(path, sent).status_code == 403
        assert client.get(path).status_code == 405
    assert AuditEvent.objects.filter(team=world.team).count() == before


def test_a_person_page_says_what_they_could_decide_and_why_not(client: Client, world: World) -> None:
    ask(world)
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    client.force_login(world.dave)
    text = client.get(url(world, "person", world.member(world.dave).pk)).content.decode()
    assert "1 of the 2 requests that are due first" in text
    assert "no: is reviewer" in text
    owner = client.get(url(world, "person", world.member(world.erin).pk)).content.decode()
    assert "0 of the 2 requests" in owner
    assert "no: has no tier" in owner


def test_a_request_says_who_could_decide_it_and_who_could_not(client: Client, world: World) -> None:
    request = ask(world, "send_email", {"to": "a@b.example", "subject": "Hello"})
    client.force_login(world.carol)
    text = client.get(url(world, "request", request.pk)).content.decode()
    section = text[text.index('id="who"') : text.index("</section>", text.index('id="who"'))]
    may, may_not = section.split("<details>")
    for person in (world.alice, world.bob):
        assert person.get_username() in may
    for person, why in ((world.carol, "is senior"), (world.dave, "is reviewer"), (world.erin, "has no tier")):
        assert person.get_username() in may_not
        assert why in may_not
    assert "Too few people" not in text


def test_slots_nobody_can_fill_are_flagged_on_the_request(client: Client, world: World) -> None:
    request = ask(world, "delete_accounts", {"accounts": list(range(1_247))})
    client.force_login(world.carol)
    assert "Too few people are left" not in client.get(url(world, "request", request.pk)).content.decode()
    Member.objects.filter(team=world.team, user=world.bob).update(is_active=False)
    text = client.get(url(world, "request", request.pk)).content.decode()
    assert "Too few people are left to decide this: nobody for lead or above." in text


def test_a_level_that_asks_for_a_group_is_shown_and_kept_when_the_ladder_is_saved(
    client: Client, world: World
) -> None:
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    wanted["ladder"]["critical"] = [{"tier": "lead", "count": 2}, {"group": "security", "count": 1}]
    write_version(version.policy, parse_document(wanted), author=world.erin)
    client.force_login(world.erin)
    text = client.get(url(world, "people")).content.decode()
    assert "2 different people of lead or above, and 1 person in security" in text
    assert "Too few people" in text
    sent = {"base": "2", "tier-critical": "reviewer", "count-critical": "1", "tier-medium": "lead"}
    assert client.post(url(world, "ladder_save"), ladder(**sent)).status_code == 303
    saved = document_of(current_version(world.team.pk)).ladder
    assert [need.who for need in saved[Risk.CRITICAL]] == [("lead", ""), ("", "security")]
    assert [need.tier for need in saved[Risk.MEDIUM]] == ["lead"]


def test_a_policy_that_asks_for_people_there_are_not_says_so_on_its_page(
    client: Client, world: World
) -> None:
    client.force_login(world.erin)
    assert "Too few people" not in client.get(url(world, "policy")).content.decode()
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    wanted["ladder"]["critical"] = [{"tier": "lead", "count": 2}, {"group": "security", "count": 1}]
    write_version(version.policy, parse_document(wanted), author=world.erin)
    text = client.get(url(world, "policy")).content.decode()
    said = "Critical risk needs 2 different people of lead or above, and 1 person in security"
    assert f"{said}. Nobody is left who is in security." in text
