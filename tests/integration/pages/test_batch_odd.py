"""What stands out of a batch has to be looked at or left out; history says what is new."""

from __future__ import annotations

import pytest

from inbox.models import Batch
from inbox.selectors.groups import FOLDED, TOO_LONG
from inbox.selectors.history import ENOUGH, approved_values
from tests.factories import World, ask, vote
from tests.integration.pages.cast import signed_in
from tests.integration.pages.sheets import files, form_of, opened, sections, send, states


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
