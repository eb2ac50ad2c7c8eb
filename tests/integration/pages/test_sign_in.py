"""Signing in and out, links that work once, and what a browser remembers of a person's taste."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from inbox.services.sign_in_links import issue
from inbox.views import context
from tests.factories import World
from tests.integration.pages.cast import inbox_of, signed_in

PASSWORD = "correct horse battery staple"


@pytest.fixture
def embedded(settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"placet_embedded": True})


@pytest.fixture
def deployed(settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"placet_embedded": False})


def with_password(world: World) -> str:
    world.alice.set_password(PASSWORD)
    world.alice.email = "alice@example.com"
    world.alice.save()
    return world.alice.username


def test_a_person_signs_in_with_a_password_and_lands_where_they_wanted(world: World) -> None:
    name = with_password(world)
    wanted = inbox_of(world, "?view=done")
    answer = Client().post("/sign-in", {"login": name, "password": PASSWORD, "next": wanted})
    assert (answer.status_code, answer["Location"]) == (302, wanted)


def test_after_signing_in_one_is_never_sent_to_another_site(world: World) -> None:
    name = with_password(world)
    for wanted in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = Client().post("/sign-in", {"login": name, "password": PASSWORD, "next": wanted})
        assert answer["Location"] == "/"


def test_a_wrong_password_is_said_without_telling_which_half_was_wrong(world: World) -> None:
    name = with_password(world)
    pages = [
        Client().post("/sign-in", {"login": login, "password": "wrong"}).content.decode()
        for login in (name, "nobody-of-this-name")
    ]
    said = [page[page.index('class="notice"') : page.index("</form>")].split("</div>")[0] for page in pages]
    assert said[0] == said[1]
    assert "not correct" in said[0]


def test_guessing_is_slowed_down(world: World) -> None:
    name = with_password(world)
    client = Client()
    answers = [client.post("/sign-in", {"login": name, "password": f"guess-{n}"}) for n in range(7)]
    assert "Too many failed" in answers[-1].content.decode()
    late = client.post("/sign-in", {"login": name, "password": PASSWORD})
    assert "Too many failed" in late.content.decode()
    assert client.get(inbox_of(world)).status_code == 302


def test_someone_deactivated_does_not_get_in(world: World) -> None:
    name = with_password(world)
    world.alice.is_active = False
    world.alice.save()
    client = Client()
    answer = client.post("/sign-in", {"login": name, "password": PASSWORD}, follow=True)
    assert answer.status_code == 403
    assert "switched off" in answer.content.decode()
    assert client.get(inbox_of(world)).status_code == 302


def test_nobody_signs_up_by_themselves(db: None) -> None:
    for address in ("/sign-up", "/signup", "/accounts/signup/"):
        assert Client().get(address).status_code == 404


def test_signing_out_ends_the_session_and_takes_a_post(world: World) -> None:
    client = signed_in(world.alice)
    assert client.get("/sign-out").status_code == 405
    assert client.get(inbox_of(world)).status_code == 200
    assert client.post("/sign-out").status_code == 302
    assert client.get(inbox_of(world)).status_code == 302


@pytest.mark.usefixtures("embedded")
def test_a_link_signs_in_once_and_only_when_pressed(world: World) -> None:
    path = issue(world.alice.username)
    client = Client()
    for _ in range(2):
        page = client.get(path)
        assert page.status_code == 200
        assert f"Sign in as {world.alice.username}" in page.content.decode()
    assert client.get(inbox_of(world)).status_code == 302
    assert client.post(path).status_code == 302
    assert client.get(inbox_of(world)).status_code == 200
    for answer in (Client().get(path), Client().post(path)):
        assert answer.status_code == 404
        assert "does not work any more" in answer.content.decode()


@pytest.mark.usefixtures("embedded")
def test_in_the_embedded_default_links_work_from_this_machine_alone(world: World) -> None:
    path = issue(world.alice.username)
    assert Client(REMOTE_ADDR="192.0.2.7").get(path).status_code == 404
    assert Client(REMOTE_ADDR="192.0.2.7").post(path).status_code == 404
    assert Client().get(path, headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 404
    assert Client(REMOTE_ADDR="::1").get(path).status_code == 200


@pytest.mark.usefixtures("deployed")
def test_deployed_an_invitation_works_from_where_the_invited_are(world: World) -> None:
    path = issue(world.alice.username)
    assert Client(REMOTE_ADDR="192.0.2.7").post(path).status_code == 302


@pytest.mark.usefixtures("embedded")
def test_a_made_up_link_is_no_link(world: World) -> None:
    for token in ("x", "a" * 43, "%00", "..%2f"):
        assert Client().get(f"/sign-in/{token}").status_code == 404


def test_a_form_of_another_session_is_refused_with_a_page(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.alice, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/preferences", {"theme": "dark"})
    assert answer.status_code == 403
    assert "Form out of date" in answer.content.decode()


def test_theme_and_keys_are_kept_in_this_browser(world: World) -> None:
    client = signed_in(world.alice)
    page = client.get(inbox_of(world)).content.decode()
    assert 'data-theme="system"' in page
    assert 'data-keys="on"' in page
    wanted = inbox_of(world, "?view=done")
    answer = client.post("/preferences", {"theme": "dark", "keys": "off", "next": wanted})
    assert answer["Location"] == wanted
    page = client.get(inbox_of(world)).content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    client.post("/preferences", {"theme": "<script>", "keys": "maybe"})
    assert client.cookies[context.THEME_COOKIE].value == "dark"


def test_preferences_lead_back_to_this_site_alone(world: World) -> None:
    for wanted in ("https://evil.example/", "//evil.example", "", "javascript:1"):
        assert (
            signed_in(world.alice).post("/preferences", {"theme": "dark", "next": wanted})["Location"] == "/"
        )


def test_home_is_the_first_team_and_says_what_to_do_without_one(world: World) -> None:
    assert signed_in(world.alice).get("/")["Location"] == inbox_of(world)
    member = world.member(world.alice)
    member.is_active = False
    member.save()
    assert "You are in no team yet" in signed_in(world.alice).get("/").content.decode()


def test_switching_teams_goes_to_ones_own_alone(world: World) -> None:
    client = signed_in(world.alice)
    assert client.post("/switch-team", {"team": world.team.slug})["Location"] == inbox_of(world)
    assert client.post("/switch-team", {"team": world.other.slug}).status_code == 404


def test_unknown_addresses_get_the_page_of_things_one_may_not_see(world: World) -> None:
    answer = signed_in(world.alice).get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no such thing here." in answer.content.decode()


def test_pages_may_not_load_or_run_anything_from_elsewhere(world: World) -> None:
    answer = signed_in(world.alice).get(inbox_of(world))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy
    assert "'unsafe-eval'" not in policy
    page = answer.content.decode()
    for forbidden in (" style=", "<script>", " onclick", "hx-on", "javascript:"):
        assert forbidden not in page
