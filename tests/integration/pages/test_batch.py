"""The batch sheet: what it shows, what it lets pass, and the report of what became of each request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.ids import uuid7
from inbox.models import ApprovalRequest, Batch, BatchItem, Decision, RequestGroup, TeamStream, Vote
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.groups import FOLDED, TOO_LONG, arrivals, open_sheet
from inbox.selectors.history import ENOUGH, approved_values
from inbox.selectors.turn import Turn
from inbox.services.batches import OUTCOMES
from inbox.views.keys import SHEET_KEYS
from tests.factories import World, ask, vote
from tests.integration.pages.cast import crowd, signed_in
from tests.policies import bind


def files(world: World, count: int, **more: Any) -> list[ApprovalRequest]:
    """Requests alike: small writes under docs/."""
    return [
        ask(world, "write_file", {"path": f"docs/page-{n:03}.md", "text": "hello there"} | more)
        for n in range(count)
    ]


def group_of(request: ApprovalRequest) -> RequestGroup:
    assert request.group is not None
    return request.group


def url(world: World, name: str, *rest: object) -> str:
    return reverse(name, args=[world.team.slug, *rest])


def form_of(page: Any) -> dict[str, Any]:
    """The fields the sheet's form would send as it was opened, without its button."""
    text = page.content.decode()
    fields: dict[str, Any] = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', text)
        for name in ("item", "include", "idempotency_key", "last")
    }
    ticked = re.findall(r'name="include" value="([^"]*)"[^>]* checked', text)
    return {
        "item": fields["item"],
        "include": ticked,
        "idempotency_key": fields["idempotency_key"][0],
        "last": fields["last"][0],
    }


def opened(client: Client, world: World, request: ApprovalRequest) -> tuple[Any, dict[str, Any]]:
    """The sheet of a request's group, and the form it carries."""
    page = client.get(url(world, "batch_sheet", group_of(request).pk))
    assert page.status_code == 200
    return page, form_of(page)


def send(
    client: Client,
    world: World,
    request: ApprovalRequest,
    form: dict[str, Any],
    verdict: str = "approve",
    **more: Any,
) -> Any:
    return client.post(url(world, "batch_decide", group_of(request).pk), {**form, "verdict": verdict, **more})


def outcomes(world: World) -> dict[str, str]:
    batch = Batch.objects.get(team=world.team)
    return dict(batch.items.values_list("reference", "outcome"))


def states(requests: list[ApprovalRequest]) -> list[str]:
    found = dict(ApprovalRequest.objects.filter(pk__in=[r.pk for r in requests]).values_list("pk", "state"))
    return [found[request.pk] for request in requests]


def sections(page: Any) -> dict[str, list[UUID]]:
    return {title: [row.line.id for row, *_ in rows] for title, rows in page.context["sections"]}


def test_the_sheet_says_once_what_is_the_same_and_shows_what_varies(world: World) -> None:
    requests = files(world, 25)
    page, form = opened(signed_in(world.dave), world, requests[0])
    text = page.content.decode()
    assert [constant.name for constant in page.context["sheet"].constants] == ["text"]
    assert [(column.name, column.summary) for column in page.context["sheet"].columns] == [
        ("path", "25 distinct")
    ]
    assert "Same in all 25" in text
    assert len(form["item"]) == len(form["include"]) == 25
    assert all(f"{request.pk} {request.digest}" in form["item"] for request in requests)


def test_approving_the_sheet_decides_every_ticked_request_and_each_agent_gets_its_result(
    world: World,
) -> None:
    requests = files(world, 22)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    answer = send(client, world, requests[0], form)
    assert answer.status_code == 303
    assert set(outcomes(world).values()) == {"approved"}
    assert states(requests) == ["decided"] * 22
    assert Decision.objects.filter(request__in=requests, person=world.dave, via="batch").count() == 22
    report = client.get(answer["Location"]).content.decode()
    assert "All 22 recorded." in report


def test_an_unticked_request_stays_in_the_queue(world: World) -> None:
    requests = files(world, 5)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    form["include"].remove(str(requests[2].pk))
    send(client, world, requests[0], form)
    assert states(requests) == ["decided", "decided", "pending", "decided", "decided"]


def test_requests_that_arrive_after_opening_are_not_included_and_are_said(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    late = files(world, 4)
    group = group_of(requests[0])
    said = client.get(url(world, "batch_arrivals", group.pk), {"since": form["last"]}).content.decode()
    assert "4 more like these arrived, not included." in said
    answer = send(client, world, requests[0], form)
    assert states(late) == ["pending"] * 4
    assert (
        "4 more like these are waiting, not included here." in client.get(answer["Location"]).content.decode()
    )


def test_a_request_that_stands_out_comes_first_with_its_reason_and_starts_unticked(world: World) -> None:
    requests = files(world, 12)
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})
    page, form = opened(signed_in(world.dave), world, odd)
    assert next(iter(sections(page).items())) == ("Look at these", [odd.pk])
    assert "all others have “hello there”" in page.content.decode()
    assert str(odd.pk) not in form["include"]
    assert len(form["include"]) == len(requests)


def test_nothing_is_approved_until_every_odd_row_was_looked_at_or_left_out(world: World) -> None:
    requests = files(world, 6)
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})
    client = signed_in(world.dave)
    _, form = opened(client, world, odd)
    form["include"].remove(str(requests[1].pk))
    answer = send(client, world, odd, form)
    assert answer.status_code == 422
    assert "Nothing was approved. 1 request stands out" in answer.content.decode()
    assert not Batch.objects.filter(team=world.team).exists()
    assert form_of(answer)["include"] == form["include"] or set(form_of(answer)["include"]) == set(
        form["include"]
    )
    assert form_of(answer)["item"] == form["item"]


@pytest.mark.parametrize(("choice", "state"), [("include", "decided"), ("leave", "pending")])
def test_an_odd_row_that_was_looked_at_goes_along_and_one_left_out_stays(
    world: World, choice: str, state: str
) -> None:
    files(world, 6)
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})
    client = signed_in(world.dave)
    _, form = opened(client, world, odd)
    assert send(client, world, odd, form, **{f"odd-{odd.pk}": choice}).status_code == 303
    assert states([odd]) == [state]


def test_ticking_an_odd_row_like_the_others_does_not_count_as_looking(world: World) -> None:
    files(world, 6)
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})
    client = signed_in(world.dave)
    _, form = opened(client, world, odd)
    form["include"].append(str(odd.pk))
    assert send(client, world, odd, form).status_code == 422
    assert states([odd]) == ["pending"]


def test_a_value_too_long_for_its_cell_must_be_looked_at(world: World) -> None:
    files(world, 3)
    long = ask(world, "write_file", {"path": "docs/long.md", "text": "x " * FOLDED})
    page, form = opened(signed_in(world.dave), world, long)
    assert TOO_LONG in page.content.decode()
    assert str(long.pk) not in form["include"]


def test_a_folded_value_is_whole_on_the_sheet(world: World) -> None:
    files(world, 3)
    middle = "start " + "word " * 400 + "the very end"
    ask(world, "write_file", {"path": "docs/m.md", "text": middle})
    page, _ = opened(signed_in(world.dave), world, files(world, 1)[0])
    text = page.content.decode()
    assert "<details>" in text
    assert "the very end" in text


def test_a_new_value_that_all_share_must_be_looked_at_too(world: World) -> None:
    for request in files(world, ENOUGH):
        vote(world, request, world.dave)
    fresh = [ask(world, "write_file", {"path": f"docs/n-{n}.md", "text": "never seen"}) for n in range(4)]
    client = signed_in(world.dave)
    page, form = opened(client, world, fresh[0])
    assert page.context["sheet"].suspects
    assert f"Compared with the latest {ENOUGH} approved calls" in page.content.decode()
    answer = send(client, world, fresh[0], form)
    assert answer.status_code == 422
    assert "Look at the values all of them share" in answer.content.decode()
    assert states(fresh) == ["pending"] * 4
    assert send(client, world, fresh[0], form, constants="1").status_code == 303
    assert states(fresh) == ["decided"] * 4


def test_history_knows_what_was_approved_and_only_that(world: World) -> None:
    assert approved_values(world.team.pk, "write_file") is None
    for request in files(world, ENOUGH):
        vote(world, request, world.dave)
    vote(
        world,
        ask(world, "write_file", {"path": "docs/no.md", "text": "hello there"}),
        world.dave,
        "reject",
        message="No.",
    )
    history = approved_values(world.team.pk, "write_file")
    assert history is not None
    assert history.calls == ENOUGH
    assert history.approved_before("/text", "hello there")
    assert history.approved_before("/path", "docs/page-003.md")
    assert not history.approved_before("/path", "docs/no.md")
    assert not history.approved_before("/elsewhere", "hello there")


def test_rejecting_tells_every_agent_the_reason_and_needs_no_second_look(world: World) -> None:
    requests = files(world, 5)
    odd = ask(world, "write_file", {"path": "docs/odd.md", "text": "another text"})
    client = signed_in(world.dave)
    _, form = opened(client, world, odd)
    answer = send(client, world, odd, form, "reject", preset="Wrong folder.", message="Use wiki/.")
    assert answer.status_code == 303
    assert set(outcomes(world).values()) == {"rejected"}
    assert states([*requests, odd]) == ["decided"] * 6
    assert set(Decision.objects.filter(request__team=world.team).values_list("message", flat=True)) == {
        "Wrong folder. Use wiki/."
    }


def test_sending_the_same_form_twice_records_once(world: World) -> None:
    requests = files(world, 4)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    first, second = send(client, world, requests[0], form), send(client, world, requests[0], form)
    assert first["Location"] == second["Location"]
    assert Vote.objects.filter(request__in=requests).count() == 4


def test_where_several_people_are_needed_each_vote_is_recorded_and_the_report_says_so(world: World) -> None:
    two = {risk: Need(tier="reviewer", count=2) for risk in Risk}
    bind(world.team, two)
    requests = files(world, 3)
    first, second = signed_in(world.dave), signed_in(world.carol)
    _, form = opened(first, world, requests[0])
    report = first.get(send(first, world, requests[0], form)["Location"]).content.decode()
    assert set(outcomes(world).values()) == {"vote-recorded"}
    assert "goes on waiting for the others" in report
    again, _ = opened(first, world, requests[0])
    assert "You cannot decide these: you have voted on it" in again.content.decode()
    _, form = opened(second, world, requests[0])
    send(second, world, requests[0], form)
    assert states(requests) == ["decided"] * 3


def test_what_someone_else_decided_first_is_named_first_in_the_report(world: World) -> None:
    requests = files(world, 4)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    vote(world, requests[3], world.carol)
    answer = send(client, world, requests[0], form)
    assert outcomes(world)[str(requests[3].pk)] == "already-decided"
    text = client.get(answer["Location"]).content.decode()
    assert "1 of 4 not approved." in text
    assert text.index("already decided") < text.index("Recorded</h2>")
    assert world.carol.get_username() in text
    assert requests[3].sentence in text


def test_another_digest_than_the_one_shown_is_refused_for_that_item_alone(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    form["item"] = [item.replace(requests[1].digest, "sha256:" + "0" * 64) for item in form["item"]]
    send(client, world, requests[0], form)
    assert outcomes(world)[str(requests[1].pk)] == "digest-mismatch"
    assert states(requests) == ["decided", "pending", "decided"]


def test_an_expired_request_is_refused_for_that_item_alone(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    ApprovalRequest.objects.filter(pk=requests[0].pk).update(expires_at=requests[0].created_at)
    send(client, world, requests[1], form)
    assert outcomes(world)[str(requests[0].pk)] == "expired"


def test_a_group_is_decided_fifty_at_a_time(world: World) -> None:
    requests = files(world, 53)
    client = signed_in(world.dave)
    page, form = opened(client, world, requests[0])
    assert "Batch 1 of 2" in page.content.decode()
    assert [item.split()[0] for item in form["item"]] == [str(request.pk) for request in requests[:50]]
    rest = client.get(url(world, "batch_sheet", group_of(requests[0]).pk), {"after": str(requests[49].pk)})
    assert "Batch 2 of 2" in rest.content.decode()
    assert [item.split()[0] for item in form_of(rest)["item"]] == [
        str(request.pk) for request in requests[50:]
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda form, other: {**form, "item": []},
        lambda form, other: {**form, "item": form["item"][:1] * 2},
        lambda form, other: {**form, "item": [f"{uuid4()} sha256:x" for _ in range(51)]},
        lambda form, other: {**form, "item": [*form["item"], f"{other.pk} {other.digest}"]},
        lambda form, other: {**form, "item": ["nonsense"]},
        lambda form, other: {**form, "item": [f"{uuid4()} "]},
        lambda form, other: {**form, "verdict": "maybe"},
        lambda form, other: {**form, "include": []},
    ],
    ids=[
        "empty",
        "twice",
        "too many",
        "another group's",
        "no id",
        "no digest",
        "no verdict",
        "nothing ticked",
    ],
)
def test_a_list_the_sheet_did_not_make_is_refused_and_nothing_is_recorded(world: World, change: Any) -> None:
    requests = files(world, 3)
    other = ask(world, "write_file", {"path": "docs/x.md", "text": "t", "force": True})
    assert other.group_id != requests[0].group_id
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    sent = change({**form, "verdict": "approve"}, other)
    answer = client.post(url(world, "batch_decide", group_of(requests[0]).pk), sent)
    assert answer.status_code == 422
    assert "Nothing was" in answer.content.decode()
    assert not Batch.objects.filter(team=world.team).exists()
    assert states([*requests, other]) == ["pending"] * 4


@pytest.mark.parametrize(
    "change",
    [
        lambda form: {**form, "item": [*form["item"][:-1], f"{form['item'][-1]}\0"]},
        lambda form: {**form, "item": [item.replace("sha256:", "sha256:\0") for item in form["item"]]},
        lambda form: {**form, "message": "Use\0wiki/."},
        lambda form: {**form, "preset": "\0"},
        lambda form: {**form, "idempotency_key": "key\0"},
        lambda form: {**form, "idempotency_key": "k" * 201},
        lambda form: {**form, "message": "x" * 2001},
    ],
    ids=[
        "NUL after a digest",
        "NUL in digests",
        "NUL in message",
        "preset",
        "NUL in key",
        "long key",
        "long",
    ],
)
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_text_that_cannot_be_stored_is_refused_with_a_sentence(
    world: World, change: Any, verdict: str
) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    _, form = opened(client, world, requests[0])
    answer = send(client, world, requests[0], change(form), verdict)
    assert answer.status_code == 422
    assert "Nothing was recorded. " in answer.content.decode()
    assert not Batch.objects.filter(team=world.team).exists()
    assert states(requests) == ["pending"] * 3


def test_who_may_not_decide_sees_the_sheet_with_the_reason_and_records_nothing(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.erin)
    page = client.get(url(world, "batch_sheet", group_of(requests[0]).pk))
    assert "You cannot decide these: You have no tier in this team" in page.content.decode()
    form = {
        "item": [f"{r.pk} {r.digest}" for r in requests],
        "include": [str(r.pk) for r in requests],
        "verdict": "approve",
    }
    assert client.post(url(world, "batch_decide", group_of(requests[0]).pk), form).status_code == 303
    assert set(outcomes(world).values()) == {"no-tier"}
    assert states(requests) == ["pending"] * 3


def test_strangers_and_other_teams_groups_are_404(world: World) -> None:
    request = files(world, 1)[0]
    batch = Batch.objects.create(
        team=world.team,
        person=world.dave,
        verdict="approve",
        via="web",
        idempotency_key="k",
        fingerprint="f",
        total=0,
    )
    client = signed_in(world.charlie)
    for slug in (world.team.slug, world.other.slug):
        group = group_of(request).pk
        assert client.get(reverse("batch_sheet", args=[slug, group])).status_code == 404
        assert (
            client.get(reverse("batch_arrivals", args=[slug, group]), {"since": str(request.pk)}).status_code
            == 404
        )
        assert client.post(reverse("batch_decide", args=[slug, group]), {}).status_code == 404
        assert client.get(reverse("batch_report", args=[slug, batch.pk])).status_code == 404


def test_opening_a_sheet_writes_nothing_and_deciding_is_no_get(world: World) -> None:
    requests = files(world, 3)
    client = signed_in(world.dave)
    before = TeamStream.objects.get(team=world.team).seq
    opened(client, world, requests[0])
    assert client.get(url(world, "batch_decide", group_of(requests[0]).pk)).status_code == 405
    assert TeamStream.objects.get(team=world.team).seq == before
    assert not Batch.objects.exists()


def test_hostile_values_are_shown_harmlessly(world: World) -> None:
    files(world, 3)
    bad = ask(world, "write_file", {"path": "docs/<img src=x onerror=alert(1)>.md", "text": "hello there"})
    page, _ = opened(signed_in(world.dave), world, bad)
    assert "<img" not in page.content.decode()


def test_the_button_that_enter_presses_shows_the_sheet_again_and_records_nothing(world: World) -> None:
    requests = files(world, 4)
    client = signed_in(world.dave)
    page, form = opened(client, world, requests[0])
    first = re.search(r"<button[^>]*>", page.content.decode().partition('<form class="sheet"')[2])
    assert first is not None
    assert 'value="again"' in first.group()
    form["include"].remove(str(requests[1].pk))
    answer = send(client, world, requests[0], form, "again")
    assert answer.status_code == 200
    assert form_of(answer)["include"] == form["include"]
    assert not Batch.objects.filter(team=world.team).exists()


def test_an_emptied_group_says_that_nothing_is_waiting(world: World) -> None:
    request = files(world, 1)[0]
    vote(world, request, world.dave)
    page = signed_in(world.dave).get(url(world, "batch_sheet", group_of(request).pk))
    assert page.status_code == 200
    assert "Nothing of this group is waiting" in page.content.decode()


def test_a_running_batch_shows_how_far_it_is_and_asks_again(world: World) -> None:
    batch = Batch.objects.create(
        team=world.team,
        person=world.dave,
        verdict="approve",
        via="web",
        idempotency_key="k",
        fingerprint="f",
        total=4,
    )
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch, position=n, reference=str(uuid7()), digest="d", outcome="approved" if n < 3 else ""
        )
        for n in range(4)
    )
    client = signed_in(world.carol)
    address = url(world, "batch_report", batch.pk)
    text = client.get(address).content.decode()
    assert "Recording… 3 of 4" in text
    assert 'hx-trigger="every 1s"' in text
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Recording… 3 of 4" in fragment
    assert "<html" not in fragment
    Batch.objects.filter(pk=batch.pk).update(finished_at=batch.created_at)
    assert client.get(address, headers={"HX-Request": "true"})["HX-Redirect"] == address
    assert "Recording" not in client.get(address).content.decode()


def test_a_long_report_names_failures_first_and_pages_the_rest(world: World) -> None:
    batch = Batch.objects.create(
        team=world.team,
        person=world.dave,
        verdict="reject",
        via="web",
        idempotency_key="k",
        fingerprint="f",
        total=250,
    )
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            position=n,
            reference=f"ref-{n}",
            digest="d",
            outcome="rejected" if n % 50 else "not-found",
        )
        for n in range(250)
    )
    Batch.objects.filter(pk=batch.pk).update(finished_at=batch.created_at)
    client = signed_in(world.carol)
    first = client.get(url(world, "batch_report", batch.pk))
    assert [line.reference for line in first.context["report"].failures] == [
        f"ref-{n}" for n in (0, 50, 100, 150, 200)
    ]
    assert "There is no such request here." in first.content.decode()
    pages = [first]
    while pages[-1].context["report"].after is not None:
        pages.append(
            client.get(url(world, "batch_report", batch.pk), {"after": pages[-1].context["report"].after})
        )
    listed = [line.reference for page in pages for line in page.context["report"].done]
    assert listed == [f"ref-{n}" for n in range(250) if n % 50]


def test_the_sheet_and_its_decision_cost_the_same_however_long_the_queue_is(world: World) -> None:
    requests = files(world, 52)
    client = signed_in(world.dave)
    address = url(world, "batch_sheet", group_of(requests[0]).pk)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    queries()
    assert queries() == 16
    crowd(requests[0], 3_000)
    RequestGroup.objects.filter(pk=group_of(requests[0]).pk).update(pending=3_052)
    assert queries() == 16
    assert arrivals(group_of(requests[0]), after=requests[51].pk) == 1_001


def test_the_report_costs_the_same_for_any_number_of_items(world: World) -> None:
    client = signed_in(world.dave)
    counts = set()
    for size in (4, 40):
        requests = files(world, size)
        _, form = opened(client, world, requests[0])
        address = send(client, world, requests[0], form)["Location"]
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        counts.add(len(captured))
    assert counts == {17}


def test_the_frozen_list_is_the_oldest_fifty_and_no_expired_one(world: World) -> None:
    requests = files(world, 3)
    ApprovalRequest.objects.filter(pk=requests[0].pk).update(expires_at=requests[0].created_at)
    sheet = open_sheet(Turn(world.member(world.dave)), group_of(requests[1]))
    assert [line.id for line in sheet.lines] == [requests[1].pk, requests[2].pk]


def test_every_outcome_and_key_of_a_sheet_is_documented() -> None:
    docs = Path(settings.BASE_DIR) / "docs"
    guide = (docs / "how-to" / "decide-a-batch.md").read_text()
    assert [outcome for outcome in OUTCOMES if outcome.replace("-", " ") not in guide] == []
    keys = (docs / "reference" / "keys.md").read_text().partition("## Batch sheet")[2].partition("\n## ")[0]
    assert [key.name for key in SHEET_KEYS if f"| `{key.name}` | {key.does} |" not in keys] == []
