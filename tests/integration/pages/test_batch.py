"""The batch sheet: what it shows, and what sending it decides."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.models import ApprovalRequest, Batch, Decision, RequestGroup, Vote
from inbox.selectors.groups import arrivals, open_sheet
from inbox.selectors.turn import Turn
from inbox.services.batches import OUTCOMES
from inbox.views.keys import SHEET_KEYS
from tests.factories import World, ask, vote
from tests.integration.pages.cast import crowd, signed_in
from tests.integration.pages.sheets import files, form_of, group_of, opened, outcomes, send, states, url


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


def test_the_sheet_and_its_decision_cost_the_same_however_long_the_queue_is(world: World) -> None:
    requests = files(world, 52)
    client = signed_in(world.dave)
    address = url(world, "batch_sheet", group_of(requests[0]).pk)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    queries()
    assert queries() == 17
    crowd(requests[0], 3_000)
    RequestGroup.objects.filter(pk=group_of(requests[0]).pk).update(pending=3_052)
    assert queries() == 17
    assert arrivals(group_of(requests[0]), after=requests[51].pk) == 1_001


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
