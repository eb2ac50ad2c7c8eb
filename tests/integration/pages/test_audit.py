"""The audit page, its export, and the stand-alone verifier run on real exports."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from inbox.audit import VERBS
from inbox.models import TeamStream
from inbox.selectors.audit_export import COLUMNS, cell
from inbox.selectors.audit_words import action_word, detail_of, one_line
from tests.factories import World, ask, vote

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "verify_audit.py"


@pytest.fixture
def busy(world: World) -> World:
    """A world in which an agent asked, people decided and someone was refused."""
    first = ask(world, "write_file", {"path": "docs/a.md", "text": "=cmd|' /C calc'!A0"})
    vote(world, first, world.dave, message='=HYPERLINK("http://evil")')
    second = ask(world, "issue_refund", {"amount": 640, "customer": "cus_81x"})
    vote(world, second, world.alice, "reject", message="Not this one.")
    ask(world, "send_email", {"to": "a@b.example", "subject": "Hi"})
    return world


def page(client: Client, world: World, **query: str) -> Any:
    return client.get(reverse("audit", args=[world.team.slug]), query)


def export(client: Client, world: World, form: str, **query: str) -> bytes:
    answer = client.get(reverse(f"audit_{form}", args=[world.team.slug]), query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def check(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier as an auditor would: another interpreter, no site packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(path), *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def head_of(world: World) -> tuple[int, str]:
    stream = TeamStream.objects.get(team=world.team)
    return stream.seq, bytes(stream.chain_head).hex()


def test_every_event_is_listed_newest_first_with_who_what_and_policy(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    text = page(client, busy).content.decode()
    numbers = [int(found) for found in re.findall(r'<tr id="e(\d+)">', text)]
    assert numbers == list(range(head_of(busy)[0], 0, -1))
    assert "Approved" in text
    assert "Rejected" in text
    assert "Refund $640.00 to cus_81x" in text
    assert busy.alice.get_username() in text
    assert "default@1" in text
    assert "“Not this one.”" in text


def test_a_filter_by_verb_shows_that_verb_only(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    rows = page(client, busy, verb="decided").context["page"].rows
    assert {row.verb for row in rows} == {"decided"}
    assert len(rows) == 2


def test_a_filter_by_person_shows_what_they_did(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    rows = page(client, busy, actor=busy.alice.get_username()).context["page"].rows
    assert [row.word for row in rows] == ["Rejected"]


def test_a_filter_by_request_shows_its_whole_story(client: Client, busy: World) -> None:
    request = ask(busy, "issue_refund", {"amount": 5, "customer": "cus_1"})
    vote(busy, request, busy.bob)
    client.force_login(busy.carol)
    rows = page(client, busy, request=str(request.pk)).context["page"].rows
    assert [row.word for row in rows] == ["Approved", "Asked"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"request": "nonsense"}, "request"), ({"verb": "sang"}, "verb"), ({"actor": "x" * 201}, "actor")],
)
def test_a_wrong_filter_is_said_at_its_field_and_shows_nothing(
    client: Client, busy: World, query: dict[str, str], field: str
) -> None:
    client.force_login(busy.carol)
    answer = page(client, busy, **query)
    assert answer.status_code == 422
    assert f'id="filter-{field}-error"' in answer.content.decode()
    assert answer.context["page"].rows == ()


def test_pages_follow_each_other_without_gap_or_repeat(client: Client, world: World) -> None:
    for number in range(60):
        ask(world, "lookup_order", {"order": number})
    client.force_login(world.carol)
    first = page(client, world)
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert older is not None
    second = client.get(reverse("audit", args=[world.team.slug]) + older.group(1).replace("&amp;", "&"))
    numbers = [row.seq for answer in (first, second) for row in answer.context["page"].rows]
    assert numbers == list(range(numbers[0], numbers[0] - 100, -1))


def test_the_page_costs_the_same_however_long_the_log_is(
    client: Client, world: World, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(world.carol)
    page(client, world)
    with django_assert_num_queries(13):
        page(client, world)
    for number in range(70):
        ask(world, "lookup_order", {"order": number})
    with django_assert_num_queries(13):
        page(client, world)


def test_verifying_says_how_long_the_chain_is_and_what_its_head_is(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    text = page(client, busy, verify="1").content.decode()
    length, head = head_of(busy)
    assert "The chain holds." in text
    assert f"All {length} events" in text
    assert head in text


def test_verifying_names_the_first_bad_event_and_the_last_good_one(client: Client, busy: World) -> None:
    with connection.cursor() as cursor:
        # What the triggers refuse the application, the table's owner can still do.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE inbox_auditevent DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE inbox_auditevent SET entry = replace(convert_from(entry, 'UTF8'), 'Not this one', 'Fine by me')::bytea"
            " WHERE team_id = %s AND verb = 'decided' AND position('Not this one' in convert_from(entry, 'UTF8')) > 0"
            " RETURNING seq",
            [busy.team.pk],
        )
        (bad,) = cursor.fetchone() or (0,)
        cursor.execute("ALTER TABLE inbox_auditevent ENABLE TRIGGER USER")
    client.force_login(busy.carol)
    text = page(client, busy, verify="1").content.decode()
    assert f"The chain is broken at event {bad}." in text
    assert f"Events 1 to {bad - 1} hold" in text


def test_agent_text_in_the_log_is_escaped_and_its_hidden_characters_are_shown(
    client: Client, world: World
) -> None:
    request = ask(world, "issue_refund", {"amount": 5, "customer": "<img src=x onerror=alert(1)>\u202e"})
    vote(world, request, world.bob, message="<script>x</script>\u200b")
    client.force_login(world.carol)
    text = page(client, world).content.decode()
    assert "<img src=x" not in text
    assert "<script>x" not in text
    assert "\u202e" not in text
    assert "\u200b" not in text
    assert "U+202E" in text


@pytest.mark.parametrize("name", ["audit", "audit_jsonl", "audit_csv"])
def test_strangers_get_404(client: Client, world: World, name: str) -> None:
    client.force_login(world.charlie)
    assert client.get(reverse(name, args=[world.team.slug])).status_code == 404


@pytest.mark.parametrize("name", ["audit", "audit_jsonl", "audit_csv"])
def test_reading_the_log_writes_nothing(client: Client, busy: World, name: str) -> None:
    client.force_login(busy.carol)
    before = head_of(busy)
    answer = client.get(reverse(name, args=[busy.team.slug]), {"verify": "1"})
    if answer.streaming:
        b"".join(answer.streaming_content)
    assert head_of(busy) == before


def test_exports_are_attachments_nobody_sniffs_or_keeps(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    for form, media in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
        answer = client.get(reverse(f"audit_{form}", args=[busy.team.slug]))
        b"".join(answer.streaming_content)
        assert answer["Content-Type"].startswith(media)
        assert answer["Content-Disposition"].startswith("attachment;")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "no-store"


def test_no_csv_cell_can_be_taken_for_a_formula(client: Client, busy: World) -> None:
    client.force_login(busy.carol)
    rows = list(csv.reader(io.StringIO(export(client, busy, "csv").decode(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == head_of(busy)[0] + 1
    assert not [
        text for row in rows for text in row if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    ]
    assert [cell(text) for text in ("=1", "+1", "-1", "@x", "\tx", "＝1", "plain")] == [
        "'=1",
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        "'＝1",
        "plain",
    ]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_the_verifier_accepts_a_real_export_and_prints_its_head(
    client: Client, busy: World, tmp_path: Path, form: str
) -> None:
    client.force_login(busy.carol)
    file = tmp_path / f"audit.{form}"
    file.write_bytes(export(client, busy, form))
    length, head = head_of(busy)
    found = check(file, "--anchor", f"{length}:{head}")
    assert found.returncode == 0, found.stderr
    assert f"events 1 to {length}, head {head}" in found.stdout
    assert "Anchors met: 1 of 1" in found.stdout


def test_a_continued_export_verifies_against_the_head_of_the_one_before(
    client: Client, busy: World, tmp_path: Path
) -> None:
    length, head = head_of(busy)
    ask(busy, "lookup_order", {"order": 1})
    client.force_login(busy.carol)
    file = tmp_path / "rest.jsonl"
    file.write_bytes(export(client, busy, "jsonl", after=str(length)))
    assert check(file, "--anchor", f"{length}:{head}").returncode == 0
    assert check(file, "--anchor", f"{length}:{'ab' * 32}").returncode == 1


def _change_text(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"Not this one", b"Fine by me!!") for line in lines]


def _drop_one(lines: list[bytes]) -> list[bytes]:
    return lines[:3] + lines[4:]


def _swap_two(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def _repeat_one(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], lines[3], *lines[4:]]


def _cut_off(lines: list[bytes]) -> list[bytes]:
    return lines[:-2]


def _renumber(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'{"seq":4,', b'{"seq":5,') for line in lines]


@pytest.mark.parametrize("tamper", [_change_text, _drop_one, _swap_two, _repeat_one, _cut_off, _renumber])
def test_the_verifier_refuses_a_tampered_export(
    client: Client, busy: World, tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]]
) -> None:
    client.force_login(busy.carol)
    lines = export(client, busy, "jsonl").splitlines(keepends=True)
    changed = tamper(lines)
    assert changed != lines
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b"".join(changed))
    found = check(file)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "BROKEN at event" in found.stdout


def test_a_rewritten_end_is_shown_by_an_anchor_alone(client: Client, busy: World, tmp_path: Path) -> None:
    length, head = head_of(busy)
    client.force_login(busy.carol)
    lines = export(client, busy, "jsonl").splitlines(keepends=True)
    kept = lines[: length - 1]
    last = json.loads(kept[-1])
    end = json.dumps({"end": {"team": str(busy.team.pk), "length": last["seq"], "head": last["hash"]}}) + "\n"
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b"".join(kept) + end.encode())
    assert check(file).returncode == 0
    assert check(file, "--anchor", f"{length}:{head}").returncode == 1


def test_a_readable_csv_column_that_contradicts_its_entry_is_refused(
    client: Client, busy: World, tmp_path: Path
) -> None:
    client.force_login(busy.carol)
    text = export(client, busy, "csv").decode()
    file = tmp_path / "audit.csv"
    changed = text.replace(",rejected,", ",approved,", 1)
    assert changed != text
    file.write_text(changed, newline="")
    found = check(file)
    assert found.returncode == 1
    assert "column outcome" in found.stdout


@pytest.mark.parametrize("text", ["seq,nothing\n1,2\n", "{not json\n", '{"seq":1}\n'])
def test_a_file_that_is_no_export_is_said_to_be_unreadable(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other"
    file.write_text(text)
    found = check(file)
    assert found.returncode == 2
    assert "Cannot be checked" in found.stderr


def test_anchors_come_from_a_file_too(client: Client, busy: World, tmp_path: Path) -> None:
    length, head = head_of(busy)
    client.force_login(busy.carol)
    file, anchors = tmp_path / "audit.jsonl", tmp_path / "receipts.txt"
    file.write_bytes(export(client, busy, "jsonl"))
    anchors.write_text(f"# receipts\n{length} {head}\n")
    assert "Anchors met: 1 of 1" in check(file, "--anchors", str(anchors)).stdout
    anchors.write_text("gibberish\n")
    assert check(file, "--anchors", str(anchors)).returncode == 2


def test_every_verb_has_a_word_and_a_detail_that_survives_missing_facts() -> None:
    for verb in VERBS:
        assert action_word(verb, {})
        assert isinstance(detail_of(verb, {}), str)
    assert one_line("a\nb\u202e" + "x" * 400).startswith("a b‹U+202E")
    assert one_line("x" * 400).endswith("(400 characters)")
