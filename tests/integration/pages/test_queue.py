"""The inbox: lanes, views, filters, and that its cost does not notice how much waits."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.models import ApprovalRequest, RequestGroup
from inbox.policy.lanes import lane
from inbox.policy.priority import place
from inbox.policy.words import Lane, Risk
from inbox.selectors import queue
from inbox.selectors.filters import Filter, parse
from inbox.selectors.order import schedule_of
from inbox.selectors.router import Pick
from inbox.selectors.turn import Turn
from inbox.services.routing import COLUMNS, assign
from tests.factories import World, ask, vote
from tests.integration.pages.cast import ask_for_a_look, ask_soon, crowd, inbox_of, signed_in

EVERYTHING = parse("")
VIEWS = (
    "",
    "?view=mine",
    "?q=assignee:me",
    "?view=all&q=needs:me",
    "?view=waiting",
    "?view=done",
    "?view=all",
    "?lane=look",
    "?q=tool:send_email",
)


def turn_of(world: World, name: str) -> Turn:
    return Turn(world.member(getattr(world, name)))


def block(listing: queue.Listing, name: Lane) -> queue.Block:
    return next(found for found in listing.blocks if found.name == name)


def shown(listing: queue.Listing) -> list[str]:
    return [str(row.request.pk) for found in listing.blocks for row in found.rows]


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_strangers_get_404_and_the_anonymous_are_sent_to_sign_in(world: World) -> None:
    assert signed_in(world.charlie).get(inbox_of(world)).status_code == 404
    assert signed_in(world.charlie).get("/t/no-such-team/").status_code == 404
    answer = signed_in(world.alice).get(inbox_of(world))
    assert answer.status_code == 200
    client = signed_in(world.alice)
    client.logout()
    answer = client.get(inbox_of(world))
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in?next={inbox_of(world)}")


def test_each_lane_holds_what_policy_says_it_holds(world: World) -> None:
    calm, urgent, look = ask(world), ask_for_a_look(world, expires_in=500), ask_for_a_look(world)
    critical = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    assert critical.risk == Risk.CRITICAL
    listing = queue.front(turn_of(world, "alice"), EVERYTHING)
    now = timezone.now()
    for request in (calm, urgent, look, critical):
        expected = lane(place(schedule_of(request), now.timestamp()).band, request.batchable)
        rows = [row.request.pk for row in block(listing, expected).rows]
        groups = [row.group.pk for row in block(listing, expected).groups]
        assert request.pk in rows or request.group_id in groups
    rows = [row.request.pk for row in block(listing, Lane.NOW).rows]
    assert rows == [critical.pk, urgent.pk]


def test_inside_a_lane_the_nearest_deadline_stands_first_then_the_oldest(world: World) -> None:
    later, sooner, soonest = (ask_for_a_look(world, expires_in=seconds) for seconds in (9000, 8000, 7000))
    twin = crowd(soonest, 1)[0]
    rows = [row.request.pk for row in block(queue.front(turn_of(world, "alice"), EVERYTHING), Lane.LOOK).rows]
    assert rows == [soonest.pk, twin.pk, sooner.pk, later.pk]


def test_a_lane_is_paged_without_losing_or_repeating_a_row(world: World) -> None:
    first = ask_for_a_look(world)
    everyone = {str(first.pk), *(str(request.pk) for request in crowd(first, 120))}
    seen: list[str] = []
    after = ""
    for _ in range(10):
        listing = queue.lane(turn_of(world, "alice"), EVERYTHING, Lane.LOOK, after)
        seen += shown(listing)
        after = listing.blocks[0].after
        if not after:
            break
    assert (len(seen), set(seen)) == (121, everyone)


def test_groups_are_rows_and_a_group_of_one_is_the_request_itself(world: World) -> None:
    several = [ask(world, args={"path": f"docs/{n}.md", "text": "x"}) for n in range(3)]
    alone = ask(world, args={"path": "docs/x.md", "text": "x", "force": True})
    groups = {
        row.group.pk: row for row in block(queue.front(turn_of(world, "dave"), EVERYTHING), Lane.BATCH).groups
    }
    group_id = several[0].group_id
    assert group_id is not None
    assert alone.group_id is not None
    assert (groups[group_id].group.pending, groups[group_id].only) == (3, None)
    assert groups[alone.group_id].only == alone
    page = signed_in(world.dave).get(inbox_of(world)).content.decode()
    assert f"/r/{alone.pk}" in page
    assert f"/g/{group_id}" in page


def test_your_turn_leaves_out_what_others_must_decide_and_waiting_holds_it(world: World) -> None:
    look = ask_for_a_look(world)
    assert look.needs == [{"tier": "lead", "count": 1}]
    low, high = turn_of(world, "dave"), turn_of(world, "alice")
    assert str(look.pk) not in shown(queue.front(low, EVERYTHING))
    assert str(look.pk) in shown(queue.waiting(low, EVERYTHING))
    assert str(look.pk) in shown(queue.front(high, EVERYTHING))
    assert str(look.pk) not in shown(queue.waiting(high, EVERYTHING))


def test_the_owner_of_an_agent_waits_for_others(world: World) -> None:
    look = ask_for_a_look(world)
    world.agent.owner = world.alice
    world.agent.save()
    assert str(look.pk) in shown(queue.waiting(turn_of(world, "alice"), EVERYTHING))
    assert str(look.pk) not in shown(queue.front(turn_of(world, "alice"), EVERYTHING))


def test_ones_own_vote_moves_a_request_to_waiting(real_world: World) -> None:
    world = real_world
    critical = ask(world, "delete_accounts", {"accounts": [f"u{n}" for n in range(1500)]})
    vote(world, critical, world.alice)
    assert str(critical.pk) in shown(queue.waiting(turn_of(world, "alice"), EVERYTHING))
    assert str(critical.pk) in shown(queue.front(turn_of(world, "bob"), EVERYTHING))
    page = signed_in(world.bob).get(inbox_of(world)).content.decode()
    assert "1 of 2 lead" in page


def test_done_and_all_say_how_each_request_ended(real_world: World) -> None:
    world = real_world
    approved, rejected = ask(world), ask_for_a_look(world)
    vote(world, approved, world.dave)
    vote(world, rejected, world.alice, "reject", message="not today")
    passed = ask(world, "lookup_order", {"order": "o1"})
    for view in ("done", "all"):
        page = signed_in(world.alice).get(inbox_of(world, f"?view={view}")).content.decode()
        assert f"Approved by {world.dave.username}" in page
        assert f"Rejected by {world.alice.username}" in page
        assert "Approved by policy" in page
        assert str(passed.pk) in page


def test_only_low_risk_rows_with_complete_sentences_are_approved_from_the_list(world: World) -> None:
    complete = ask_soon(world, args={"path": "docs/a.md", "text": "hi"})
    partial = ask_soon(world, args={"path": "docs/a.md", "text": "hi", "mode": 7})
    look = ask_for_a_look(world, expires_in=500)
    assert (complete.sentence_complete, partial.sentence_complete) == (True, False)
    page = signed_in(world.alice).get(inbox_of(world)).content.decode()
    offered = re.findall(r'action="[^"]*/r/([0-9a-f-]{36})/decide"', page)
    assert offered == [str(complete.pk)]
    assert f"/r/{partial.pk}" in page
    assert f"/r/{look.pk}" in page


def test_every_pending_row_says_when_and_what_happens_by_itself(world: World) -> None:
    for _ in range(3):
        ask_for_a_look(world)
    page = signed_in(world.alice).get(inbox_of(world)).content.decode()
    rows = page.count('class="row"')
    assert rows == 3
    assert page.count('data-timeout="reject"') == rows


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("agent:crm-writer", {"agent": "crm-writer"}),
        ("  tool:send_*   risk:high ", {"tool": "send_*", "risk": "high"}),
        ("needs:me assignee:none", {"needs": "me", "assignee": "none"}),
    ],
)
def test_a_filter_line_is_read(line: str, expected: dict[str, str]) -> None:
    assert parse(line).chosen == expected
    assert not parse(line).problems


@pytest.mark.parametrize(
    "line",
    ["refund", "risk:enormous", "agent:", ":x", "owner:me", "needs:lead", "\x00", "' OR 1=1 --", "a" * 5000],
)
def test_a_word_that_is_no_filter_is_said_and_selects_nothing(world: World, line: str) -> None:
    ask_for_a_look(world)
    found = parse(line)
    if found.text:
        assert found.problems
        assert not shown(queue.front(turn_of(world, "alice"), found))
    assert signed_in(world.alice).get(inbox_of(world), {"q": line}).status_code == 200


def test_filters_narrow_every_view(world: World) -> None:
    wanted, other = ask_for_a_look(world), ask(world, "issue_refund", {"amount": 700, "customer": "c"})
    for text in ("tool:send_email", "tool:send_*", f"agent:crm-writer tool:send_email risk:{wanted.risk}"):
        for listed in (queue.front, queue.everything):
            found = shown(listed(turn_of(world, "alice"), parse(text)))
            assert str(wanted.pk) in found
            assert str(other.pk) not in found


def given_to(world: World, person: User, *requests: ApprovalRequest) -> None:
    for request in requests:
        assign(request, Pick(world.member(person).pk, person.username, "On call this week"))
        request.save(update_fields=COLUMNS)


def test_what_is_assigned_to_me_is_a_tab_and_a_filter_of_every_view(world: World) -> None:
    mine, anothers, nobodys = (ask_for_a_look(world) for _ in range(3))
    grouped = ask(world)
    given_to(world, world.alice, mine, grouped)
    given_to(world, world.bob, anothers)
    alice = turn_of(world, "alice")
    assert shown(queue.mine(alice, EVERYTHING)) == [str(mine.pk), str(grouped.pk)]
    front = queue.front(alice, parse("assignee:me"))
    assert shown(front) == [str(mine.pk)]
    assert [row.only for row in block(front, Lane.BATCH).groups] == [grouped]
    assert shown(queue.everything(alice, parse(f"assignee:{world.bob.username}"))) == [str(anothers.pk)]
    assert shown(queue.front(alice, parse("assignee:none tool:send_email"))) == [str(nobodys.pk)]
    page = signed_in(world.alice).get(inbox_of(world)).content.decode()
    assert f'href="{inbox_of(world, "?view=mine")}"' in page
    vote(world, mine, world.alice)
    assert shown(queue.mine(turn_of(world, "alice"), EVERYTHING)) == [str(grouped.pk)]


def test_needs_me_is_what_my_vote_would_count_for_in_any_view(world: World) -> None:
    low, look = ask(world), ask_for_a_look(world)
    assert shown(queue.everything(turn_of(world, "dave"), parse("needs:me"))) == [str(low.pk)]
    assert shown(queue.everything(turn_of(world, "alice"), parse("needs:me"))) == [str(look.pk), str(low.pk)]
    assert shown(queue.waiting(turn_of(world, "dave"), parse("needs:me"))) == []


@pytest.mark.parametrize(
    "after",
    [
        *("x", "~", "2026-01-01~1", "2026-01-01T00:00:00+00:00~", "9" * 40, "-1", "1~2", "~~~", "a~b~c~d"),
        "2026-01-01T00:00:00+00:00~4~2026-01-01T00:00:00+00:00~" + "0" * 32,
        "9999-12-31T23:59:59+00:00~0~2026-01-01T00:00:00+00:00~" + "0" * 32,
    ],
)
def test_a_cursor_that_is_none_is_a_422_page(world: World, after: str) -> None:
    client = signed_in(world.alice)
    for view in (
        "?lane=look",
        "?lane=batch",
        "?lane=now",
        "?view=done",
        "?view=all",
        "?view=waiting",
        "?view=mine",
    ):
        answer = client.get(inbox_of(world, f"{view}&after={after}"))
        assert answer.status_code == 422
        assert "does not continue a list" in answer.content.decode()


def test_every_view_costs_the_same_with_10_and_with_3000_pending(world: World) -> None:
    first = ask_for_a_look(world)
    given_to(world, world.alice, first)
    first.refresh_from_db()
    ask(world)
    client = signed_in(world.alice)
    costs: list[dict[str, int]] = []
    for more in (9, 2990):
        crowd(first, more)
        client.get(inbox_of(world))
        costs.append({view: queries(client, inbox_of(world, view)) for view in VIEWS})
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 18


def test_no_query_of_the_page_groups_or_offsets(world: World) -> None:
    first = ask_for_a_look(world)
    crowd(first, 120)
    client = signed_in(world.alice)
    with CaptureQueriesContext(connection) as captured:
        client.get(inbox_of(world))
        client.get(inbox_of(world, "?view=waiting"))
    said = " ".join(query["sql"] for query in captured)
    assert "GROUP BY" not in said
    assert "OFFSET" not in said


def test_the_count_of_your_turn_stops_at_its_cap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "CAP", 20)
    crowd(ask_for_a_look(world), 40)
    assert queue.your_turn_count(turn_of(world, "alice")) == 21


def test_empty_views_say_what_they_are(world: World) -> None:
    client = signed_in(world.alice)
    assert "Nothing needs you" in client.get(inbox_of(world)).content.decode()
    assert "Nothing is assigned to you" in client.get(inbox_of(world, "?view=mine")).content.decode()
    assert "Nothing waits on others" in client.get(inbox_of(world, "?view=waiting")).content.decode()
    assert "Nothing has been decided yet" in client.get(inbox_of(world, "?view=done")).content.decode()
    assert "No agent has asked yet" in client.get(inbox_of(world, "?view=all")).content.decode()
    assert "Nothing matches this filter" in client.get(inbox_of(world, "?q=tool:none")).content.decode()
    assert "You have no tier in this team" in signed_in(world.erin).get(inbox_of(world)).content.decode()


def test_titles_hold_nothing_an_agent_wrote(world: World) -> None:
    ask(world, "send_email", {"to": "EVIL TITLE", "subject": "EVIL"})
    for view in ("", "?view=all"):
        page = signed_in(world.alice).get(inbox_of(world, view)).content.decode()
        assert "EVIL" not in re.findall(r"<title>(.*?)</title>", page, re.DOTALL)[0]
        assert "EVIL" in page


def test_load_more_answers_htmx_with_rows_alone(world: World) -> None:
    crowd(ask_for_a_look(world), 60)
    client = signed_in(world.alice)
    page = client.get(inbox_of(world)).content.decode()
    found = re.search(r'hx-get="([^"]*lane=look[^"]*)"', page)
    assert found is not None
    more = client.get(found[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in more
    assert more.count('class="row"') == 36


def test_group_counters_and_rows_agree(world: World) -> None:
    for n in range(5):
        ask(world, args={"path": f"docs/{n}.md", "text": "x"})
    for group in RequestGroup.objects.filter(team=world.team):
        assert group.pending == ApprovalRequest.objects.filter(group=group, state="pending").count()


def test_a_filter_is_false_only_when_empty() -> None:
    assert not Filter()
    assert parse("tool:x")
