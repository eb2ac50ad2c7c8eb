"""A batch's report: progress, what failed first, and what it costs."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.ids import uuid7
from inbox.models import Batch, BatchItem
from inbox.policy.need import Need
from inbox.policy.words import Risk
from tests.factories import World, vote
from tests.integration.pages.cast import signed_in
from tests.integration.pages.sheets import begun, files, opened, outcomes, send, states, url
from tests.policies import bind


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


def test_a_running_batch_shows_how_far_it_is_and_asks_again(world: World) -> None:
    batch = begun(world, 4)
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
    batch = begun(world, 250, "reject")
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
    assert counts == {18}
