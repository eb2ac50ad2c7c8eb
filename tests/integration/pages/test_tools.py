"""The tool catalogue: reading it, describing tools, and trying a sentence on the latest call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from inbox.models import AuditEvent, Tool
from inbox.rendering.filters import FILTERS
from inbox.selectors.tools import UnknownTool, called_but_unknown, latest_call
from tests.factories import World, ask, vote


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def described(**change: str) -> dict[str, str]:
    return {
        "name": "archive_ticket",
        "effect": "write",
        "reversible": "on",
        "template": "Archive {ticket}",
    } | change


def test_the_catalogue_lists_every_tool_with_what_is_vouched_for(client: Client, world: World) -> None:
    client.force_login(world.carol)
    text = client.get(url(world, "tools")).content.decode()
    for name in ("lookup_order", "issue_refund", "delete_accounts"):
        assert name in text
    assert "Refund {amount|money:USD} to {customer}" in text
    assert reverse("tool_new", args=[world.team.slug]) not in text


def test_an_admin_describes_a_tool_and_new_calls_use_its_sentence(client: Client, world: World) -> None:
    client.force_login(world.erin)
    sent = described(
        rejection_presets="Not this ticket.\n\n Ask the customer first. \n",
        idempotent="on",
        risk_floor="medium",
    )
    assert client.post(url(world, "tool_new"), sent).status_code == 303
    tool = Tool.objects.get(team=world.team, name="archive_ticket")
    assert (tool.effect, tool.reversible, tool.harmless, tool.idempotent, tool.risk_floor) == (
        "write",
        True,
        False,
        True,
        "medium",
    )
    assert tool.rejection_presets == ["Not this ticket.", "Ask the customer first."]
    assert ask(world, "archive_ticket", {"ticket": "T-1"}).sentence == "Archive T-1"
    assert AuditEvent.objects.filter(team=world.team, verb="tool_changed").count() == 1


def test_changing_a_tool_never_renames_it(client: Client, world: World) -> None:
    client.force_login(world.erin)
    tool = Tool.objects.get(team=world.team, name="write_file")
    assert client.post(url(world, "tool", tool.pk), described(name="delete_everything")).status_code == 303
    tool.refresh_from_db()
    assert (tool.name, tool.template) == ("write_file", "Archive {ticket}")
    assert not Tool.objects.filter(team=world.team, name="delete_everything").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"harmless": "on"}, "Only a tool that reads can be harmless."),
        ({"rejection_presets": "x\n" * 10}, "Up to nine sentences"),
        ({"effect": "sing"}, "Select a valid choice."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_wrong_description_is_refused_at_its_field_and_keeps_what_was_typed(
    client: Client, world: World, change: dict[str, str], said: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "tool_new"), described(**change))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert "Archive {ticket}" in text
    assert not Tool.objects.filter(team=world.team, name="archive_ticket").exists()


def test_a_wrong_sentence_is_refused_with_the_place_where_it_stops(client: Client, world: World) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "tool_new"), described(template="Archive {ticket|nonsense} now"))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "id_template_error" in text
    assert "<mark>" in text
    assert "nonsense" in text


def test_the_preview_shows_what_reviewers_would_read_on_the_latest_call(client: Client, world: World) -> None:
    ask(world, "issue_refund", {"amount": 1, "customer": "cus_old"})
    ask(world, "issue_refund", {"amount": 640, "customer": "cus_new"})
    client.force_login(world.erin)
    text = client.get(
        url(world, "tool_preview"),
        {"name": "issue_refund", "template": "Pay {amount|money:USD} back to {customer}"},
    ).content.decode()
    assert "Pay $640.00 back to cus_new" in text
    assert "<html" not in text


def test_the_preview_button_saves_nothing(client: Client, world: World) -> None:
    ask(world, "issue_refund", {"amount": 640, "customer": "cus_new"})
    tool = Tool.objects.get(team=world.team, name="issue_refund")
    client.force_login(world.erin)
    sent = described(name="issue_refund", template="Pay {customer}", preview="1")
    answer = client.post(url(world, "tool", tool.pk), sent)
    assert answer.status_code == 200
    assert "Pay cus_new" in answer.content.decode()
    tool.refresh_from_db()
    assert tool.template == "Refund {amount|money:USD} to {customer}"


def test_a_sentence_shows_hostile_arguments_harmlessly(client: Client, world: World) -> None:
    ask(world, "issue_refund", {"amount": 1, "customer": "<img src=x onerror=alert(1)>\u202ecod.exe"})
    client.force_login(world.erin)
    sent = {"name": "issue_refund", "template": "Pay {customer}"}
    text = client.get(url(world, "tool_preview"), sent).content.decode()
    assert "<img" not in text
    assert "\u202e" not in text
    assert "U+202E" in text


def test_a_preview_without_any_call_says_so(client: Client, world: World) -> None:
    client.force_login(world.erin)
    sent = {"name": "archive_ticket", "template": "x"}
    assert (
        "no agent has called this tool here yet"
        in client.get(url(world, "tool_preview"), sent).content.decode()
    )


def test_the_latest_call_is_the_newest_whether_closed_or_pending(world: World) -> None:
    closed = ask(world, "issue_refund", {"amount": 1, "customer": "first"})
    vote(world, closed, world.alice, "reject", message="No.")
    found = latest_call(world.team.pk, "issue_refund")
    assert found is not None
    assert found.args["customer"] == "first"
    ask(world, "issue_refund", {"amount": 2, "customer": "second"})
    found = latest_call(world.team.pk, "issue_refund")
    assert found is not None
    assert found.args["customer"] == "second"
    assert latest_call(world.other.pk, "issue_refund") is None


def test_tools_that_were_called_but_are_not_described_are_named(client: Client, world: World) -> None:
    for name in ("wipe_disk", "b:c/d", "issue_refund"):
        vote(world, ask(world, name, {"x": 1}), world.alice, "reject", message="No.")
    ask(world, "wipe_disk", {"x": 2})
    assert called_but_unknown(world.team.pk) == [UnknownTool("wipe_disk", 2), UnknownTool("b:c/d", 1)]
    assert called_but_unknown(world.other.pk) == []
    client.force_login(world.erin)
    text = client.get(url(world, "tools")).content.decode()
    assert f"{url(world, 'tool_new')}?name=wipe_disk" in text
    assert f"{url(world, 'tool_new')}?name=b%3Ac/d" in text
    assert 'value="wipe_disk"' in client.get(url(world, "tool_new"), {"name": "wipe_disk"}).content.decode()


def test_a_member_reads_but_may_not_change(client: Client, world: World) -> None:
    tool = Tool.objects.get(team=world.team, name="write_file")
    client.force_login(world.alice)
    assert client.get(url(world, "tool", tool.pk)).status_code == 200
    assert client.post(url(world, "tool", tool.pk), described()).status_code == 403
    assert client.post(url(world, "tool_new"), described()).status_code == 403
    tool.refresh_from_db()
    assert tool.template == "Write {path}: {text}"


def test_strangers_and_other_teams_tools_are_404(client: Client, world: World) -> None:
    tool = Tool.objects.get(team=world.team, name="write_file")
    client.force_login(world.charlie)
    for name, rest in (("tools", ()), ("tool_new", ()), ("tool_preview", ()), ("tool", (tool.pk,))):
        assert client.get(url(world, name, *rest)).status_code == 404
    own = reverse("tool", args=[world.other.slug, tool.pk])
    assert client.get(own).status_code == 404
    assert client.post(own, described()).status_code == 404


def test_long_catalogues_come_in_pages(client: Client, world: World) -> None:
    Tool.objects.bulk_create(
        Tool(team=world.team, name=f"zz_{number:03}", effect="read") for number in range(120)
    )
    client.force_login(world.carol)
    first = client.get(url(world, "tools")).context["page"]
    rest = client.get(url(world, "tools"), {"after": first.after}).context["page"]
    names = [tool.name for tool in (*first.tools, *rest.tools)]
    assert names == sorted(set(names))
    assert len(names) == 126
    assert rest.after == ""


def test_the_pages_cost_the_same_for_more_tools_and_calls(
    client: Client, world: World, django_assert_num_queries: Callable[..., Any]
) -> None:
    tool = Tool.objects.get(team=world.team, name="write_file")
    client.force_login(world.erin)
    addresses = ((url(world, "tools"), 13), (url(world, "tool", tool.pk), 14))
    ask(world, "write_file")
    for address, count in addresses:
        client.get(address)
        with django_assert_num_queries(count):
            client.get(address)
    for number in range(30):
        ask(world, "write_file", {"path": f"docs/{number}.md", "text": "x"})
    Tool.objects.bulk_create(
        Tool(team=world.team, name=f"zz_{number:03}", effect="read") for number in range(40)
    )
    for address, count in addresses:
        with django_assert_num_queries(count):
            client.get(address)


def test_every_filter_of_the_sentence_language_is_documented() -> None:
    guide = (Path(settings.BASE_DIR) / "docs" / "how-to" / "describe-a-tool.md").read_text()
    assert [name for name in (*FILTERS, "money") if name and f"|{name}" not in guide] == []


def test_reach_and_the_way_back_are_saved_and_shown_again(client: Client, world: World) -> None:
    client.force_login(world.erin)
    sent = described(
        recipients="watchers, owner.mail",
        amount="fee.cents",
        currency="fee.unit",
        minor="on",
        rows="ids",
        scope="all",
        window="36",
        window_unit="hours",
        inverse_tool="restore_ticket",
        inverse="queue = place.queue\nticket = ticket",
    )
    assert client.post(url(world, "tool_new"), sent).status_code == 303
    tool = Tool.objects.get(team=world.team, name="archive_ticket")
    assert tool.impact == {
        "recipients": ["watchers", "owner.mail"],
        "amount": "fee.cents",
        "currency": "fee.unit",
        "minor": True,
        "rows": ["ids"],
        "scope": ["all"],
    }
    assert (tool.window_seconds, tool.inverse_tool) == (36 * 3600, "restore_ticket")
    assert tool.inverse == {"ticket": "ticket", "queue": "place.queue"}
    shown = client.get(url(world, "tool", tool.pk)).context["form"]
    for name in ("recipients", "amount", "inverse", "window_unit"):
        assert shown[name].value() == sent[name]
    assert str(shown["window"].value()) == "36"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipients": "a b"}, "recipients"),
        ({"rows": "x" * 90}, "rows"),
        ({"scope": ",".join("abcdefghijkl")}, "scope"),
        ({"amount": "fee..cents"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"minor": "on"}, "minor"),
        ({"window": "0"}, "window"),
        ({"window": "400", "window_unit": "days"}, "window"),
        ({"window": "5", "window_unit": "hours", "effect": "read", "reversible": ""}, "window"),
        ({"window": "5", "window_unit": "aeons"}, "window_unit"),
        ({"inverse_tool": "re open"}, "inverse_tool"),
        ({"inverse": "ticket = id"}, "inverse_tool"),
        ({"inverse_tool": "reopen", "inverse": "ticket"}, "inverse"),
        ({"inverse_tool": "reopen", "inverse": "a b = c"}, "inverse"),
        ({"effect": "irreversible"}, "reversible"),
        ({"name": "no spaces"}, "name"),
    ],
)
def test_a_wrong_reach_or_way_back_is_refused_at_its_field(
    client: Client, world: World, change: dict[str, str], field: str
) -> None:
    client.force_login(world.erin)
    answer = client.post(url(world, "tool_new"), described(**change))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Tool.objects.filter(team=world.team, effect="write", template="Archive {ticket}").exists()


def test_an_unknown_tool_has_a_proposal_tried_on_a_real_call_and_only_saving_counts(
    client: Client, world: World
) -> None:
    ask(world, "forward_email", {"to": ["<b>x</b>@a.io"], "subject": "Plan"})
    client.force_login(world.erin)
    page = url(world, "tool_new")
    text = client.get(page, {"name": "forward_email"}).content.decode()
    assert "Proposed: sends a message" in text
    assert "Send Plan to &lt;b&gt;x&lt;/b&gt;@a.io" in text
    assert "name=forward_email&amp;proposed=1" in text
    form = client.get(page, {"name": "forward_email", "proposed": "1"}).context["form"]
    assert form["effect"].value() == "irreversible"
    assert form["recipients"].value() == "to"
    assert form["harmless"].value() is False
    assert not Tool.objects.filter(team=world.team, name="forward_email").exists()


def test_a_proposal_over_a_described_tool_keeps_what_only_a_person_can_say(
    client: Client, world: World
) -> None:
    ask(world, "issue_refund", {"amount": 5, "customer": "c1"})
    tool = Tool.objects.get(team=world.team, name="issue_refund")
    Tool.objects.filter(pk=tool.pk).update(risk_floor="high", idempotent=True, rejection_presets=["No."])
    client.force_login(world.erin)
    form = client.get(url(world, "tool", tool.pk), {"proposed": "1"}).context["form"]
    assert (form["risk_floor"].value(), form["idempotent"].value()) == ("high", True)
    assert (form["rejection_presets"].value(), form["template"].value()) == (
        "No.",
        "Refund {amount} to {customer}",
    )
    tool.refresh_from_db()
    assert tool.template == "Refund {amount|money:USD} to {customer}"


def test_the_request_page_says_how_a_call_is_put_back(client: Client, world: World) -> None:
    Tool.objects.filter(team=world.team, name="write_file").update(
        window_seconds=7_200, inverse_tool="restore_file", inverse={"file": "path"}
    )
    client.force_login(world.dave)
    page = reverse("request", args=[world.team.slug, ask(world).pk])
    text = " ".join(client.get(page).content.decode().split())
    assert '<code class="anywhere">restore_file</code> (<code>file</code> from <code>path</code>)' in text
    assert "for 2 h after it ran" in text
