"""Deciding from a terminal: what is shown, what is asked, what the server then holds, and how the command ends."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from inbox.models import ApprovalRequest, Decision, Tool, Vote
from tests.factories import World, ask, vote
from tests.integration.clients.conftest import COMMAND, Sit, plain

MAIL = {"to": ["a@b.example", "c@d.example"], "subject": "Hello"}


def state(request: ApprovalRequest) -> tuple[str, str | None]:
    request.refresh_from_db()
    return request.state, request.outcome


def tail(request: ApprovalRequest) -> str:
    return request.pk.hex[-8:]


def test_list_is_columns_for_programs_and_aligned_for_people(world: World, sit: Sit) -> None:
    mail, file = ask(world, "send_email", MAIL), ask(world)
    alice = sit(world.alice)
    ran = alice.run("list")
    assert ran.code == 0
    assert [(row[0], row[1]) for row in ran.rows] == [("High", tail(mail)), ("Low", tail(file))]
    assert {len(row) for row in ran.rows} == {6}
    assert [row[1] for row in alice.run("list", "risk:high", "agent:crm-writer").rows] == [tail(mail)]
    assert {row["id"] for row in alice.run("list", "--view", "all", "--json").json["lanes"][0]["items"]} == {
        str(mail.pk),
        str(file.pk),
    }
    wrong = alice.run("list", "colour:red")
    assert (wrong.code, wrong.out) == (2, "")
    assert "colour:red" in wrong.err

    coloured, bare = alice.terminal("list"), alice.terminal("list", NO_COLOR="1")
    assert (coloured.end(), bare.end()) == (0, 0)
    assert "\x1b[31mHigh" in coloured.shown
    assert "\x1b" not in bare.shown
    assert plain(coloured.shown) == bare.shown
    rows = [line for line in bare.shown.splitlines() if tail(mail) in line or tail(file) in line]
    assert all(len(line) <= 100 for line in rows)


def test_a_group_lists_its_requests_with_digests(world: World, sit: Sit) -> None:
    files = [ask(world) for _ in range(3)]
    alice = sit(world.alice)
    (line,) = alice.run("list").rows
    assert line[4] == "3 alike"
    rows = alice.run("list", "--group", line[1]).rows
    assert alice.run("list", "--group", tail(files[0])).code == 3
    assert {(row[0], row[-1]) for row in rows} == {(tail(file), file.digest) for file in files}


def test_hostile_text_never_reaches_the_terminal_raw(world: World, sit: Sit) -> None:
    bad = "x\x1b[2J\x1b]0;owned\x07\u202eevil\u200b\u2028y\x9b31m\x7f"
    request = ask(
        world,
        "send_email",
        {"to": "a@b.example", "subject": bad, bad: "1"},
        context={"goal": bad, "evidence": [bad]},
    )
    vote(world, ask(world, "send_email", MAIL), world.alice, "reject", message=bad)
    alice = sit(world.alice)
    for arguments in (("show", tail(request)), ("list",), ("list", "--view", "done")):
        terminal = alice.terminal(*arguments)
        assert terminal.end() == 0
        for shown in (plain(terminal.shown), alice.run(*arguments).out):
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b\u2028\u2066-\u2069]", shown)
    assert "U+202E" in alice.run("show", tail(request)).out
    for arguments in (("show", tail(request), "--json"), ("list", "--view", "done", "--json")):
        ran = alice.run(*arguments)
        assert re.fullmatch("[ -~]*\n", ran.out)
        assert ran.json


def test_no_line_of_a_value_can_pass_for_one_of_the_commands_own(world: World, sit: Sit) -> None:
    subject = "Hello\nrisk          Low\n" + " " * 20 + "z" * 300
    request = ask(world, "send_email", {"to": "a@b.example", "subject": subject})
    terminal = sit(world.alice).terminal("show", tail(request), NO_COLOR="1")
    assert terminal.end() == 0
    assert len(re.findall(r"^risk\b", terminal.shown, re.MULTILINE)) == 1
    assert not re.search(r"^z", terminal.shown, re.MULTILINE)
    assert terminal.shown.count("z") >= 300


def test_low_risk_is_shown_and_asked_and_a_no_records_nothing(world: World, sit: Sit) -> None:
    request = ask(world, args={"path": "docs/plan.md", "text": "the very text"})
    dave = sit(world.dave)
    no = dave.terminal("approve", tail(request))
    no.expect("the very text")
    no.expect("[y/N]")
    no.type("")
    assert no.end() == 1
    assert state(request) == ("pending", None)

    yes = dave.terminal("approve", str(request.pk), "--note", "Go")
    yes.expect("[y/N]")
    yes.type("y")
    assert yes.end() == 0, yes.shown
    assert state(request) == ("decided", "approved")
    cast = Vote.objects.get(request=request)
    assert (cast.via, cast.digest, cast.message) == ("cli", request.digest, "Go")


def test_high_risk_asks_the_servers_question_and_the_server_checks(world: World, sit: Sit) -> None:
    request = ask(world, "send_email", MAIL)
    terminal = sit(world.alice).terminal("approve", tail(request))
    terminal.expect("How many entries has to?")
    terminal.type("7")
    terminal.expect("not the value in the payload")
    assert not Vote.objects.filter(request=request).exists()
    terminal.type("2")
    assert terminal.end() == 0, terminal.shown
    assert state(request) == ("decided", "approved")


def test_what_moved_while_the_question_stood_there_is_not_decided(world: World, sit: Sit) -> None:
    request = ask(world)
    terminal = sit(world.alice).terminal("approve", tail(request))
    terminal.expect("[y/N]")
    vote(world, request, world.dave, "reject")
    terminal.type("y")
    assert terminal.end() == 5
    assert world.dave.username in terminal.shown
    assert state(request) == ("decided", "rejected")


def test_what_was_typed_ahead_answers_nothing(world: World, sit: Sit) -> None:
    first, second = ask(world), ask(world)
    terminal = sit(world.alice).terminal("approve", tail(first), tail(second))
    terminal.expect("[y/N]")
    terminal.type("y\ny")
    terminal.expect("[y/N]")
    assert (state(first)[0], state(second)[0]) == ("decided", "pending")
    terminal.type("")
    assert terminal.end() == 1
    assert state(second) == ("pending", None)


def test_scripts_approve_low_risk_by_digest_and_nothing_else(world: World, sit: Sit) -> None:
    low, high = ask(world), ask(world, "send_email", MAIL)
    alice = sit(world.alice)
    wrong = "sha256:" + "0" * 64
    for code, arguments in (
        (2, ["approve", tail(low), "--yes"]),
        (2, ["approve", tail(low)]),
        (2, ["approve", tail(low), tail(high), "--digest", low.digest, "--yes"]),
        (5, ["approve", tail(low), "--digest", wrong, "--yes"]),
        (4, ["approve", tail(high), "--digest", high.digest, "--yes"]),
        (2, ["reject", tail(low)]),
        (5, ["reject", tail(low), "--reason", "No", "--digest", wrong]),
    ):
        assert alice.run(*arguments).code == code, arguments
    assert not Decision.objects.filter(request__in=[low, high]).exists()
    ran = alice.run("approve", tail(low), "--digest", low.digest, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["results"][0]["outcome"] == "approved"
    assert state(low) == ("decided", "approved")


def test_each_id_has_its_result_and_the_code_is_the_first_failures(world: World, sit: Sit) -> None:
    first, closed, last = ask(world), ask(world), ask(world, "send_email", MAIL)
    vote(world, closed, world.dave, "reject")
    ran = sit(world.alice).run(
        "reject",
        *(str(one.pk) for one in (first, closed, last)),
        str(uuid4()),
        "--reason",
        "Not now",
        "--json",
    )
    assert ran.code == 5
    results = ran.json["results"]
    assert [result.get("outcome") or result["error"]["code"] for result in results] == [
        "rejected",
        "already-decided",
        "rejected",
        "not-found",
    ]
    assert Decision.objects.get(request=last).message == "Not now"


def test_rejecting_at_a_terminal_offers_the_tools_reasons(world: World, sit: Sit) -> None:
    Tool.objects.filter(team=world.team, name="send_email").update(
        rejection_presets=["Wrong address", "Ask legal"]
    )
    request = ask(world, "send_email", MAIL)
    terminal = sit(world.alice).terminal("reject", tail(request))
    terminal.expect("2  Ask legal")
    # What is typed before the question stands there is thrown away.
    terminal.expect("it is not rejected):")
    terminal.type("2")
    assert terminal.end() == 0
    assert Decision.objects.get(request=request).message == "Ask legal"


def test_who_may_not_is_told_why_and_strangers_find_nothing(world: World, sit: Sit) -> None:
    mail = ask(world, "send_email", MAIL)
    dave = sit(world.dave).run("reject", tail(mail), "--reason", "No")
    assert dave.code == 4
    assert "lead" in dave.err
    for typed in (str(mail.pk), tail(mail)):
        assert sit(world.charlie).run("show", typed).code == 3
    assert sit(world.alice).run("show", "zz").code == 2
    assert sit(world.alice).run("show", "").code == 2


def test_a_short_id_that_two_have_is_refused(world: World, sit: Sit) -> None:
    one, two = ask(world), ask(world)
    # Ids begin with the time: those of one year share more than four digits.
    ran = sit(world.alice).run("show", one.pk.hex[:4])
    assert ran.code == 2
    assert str(one.pk) in ran.err
    assert str(two.pk) in ran.err


def test_login_keeps_the_token_for_its_server_and_its_owner_alone(
    world: World, sit: Sit, tmp_path: Path
) -> None:
    ask(world)
    alice = sit(world.alice)
    token = alice.environment.pop("PLACET_TOKEN")
    url = alice.environment.pop("PLACET_URL")
    assert alice.run("list").code == 2
    bad = alice.run("login", "--url", url, typed="plp_0123456789ab_wrong\n")
    assert (bad.code, "Traceback" in bad.err) == (4, False)
    kept = tmp_path / ".config" / "placet" / "config.json"
    assert not kept.exists()
    good = alice.run("login", "--url", url, typed=f"{token}\n")
    assert good.code == 0, good.err
    assert token not in good.out + good.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert alice.run("list").code == 0
    redirected = alice.run("list", PLACET_URL="http://127.0.0.1:9")
    assert redirected.code == 2
    assert "stored token" in redirected.err
    kept.chmod(0o644)
    assert alice.run("list").code == 2


def test_an_absent_server_is_code_6_and_plain_http_to_others_is_refused(world: World, sit: Sit) -> None:
    alice = sit(world.alice)
    gone = alice.run("list", "--json", PLACET_URL="http://127.0.0.1:9")
    assert gone.code == 6
    assert gone.json["error"]["code"] == "unreachable"
    assert alice.run("list", PLACET_URL="http://placet.example").code == 2
    assert alice.run("list", PLACET_TOKEN=world.token).code == 4


def test_watch_tells_what_arrives_and_how_it_ends(world: World, sit: Sit) -> None:
    old = ask(world)
    terminal = sit(world.alice).terminal("watch", "--interval", "1", NO_COLOR="1")
    terminal.expect("Ctrl-C ends it")
    mail = ask(world, "send_email", MAIL)
    terminal.expect("new")
    terminal.expect(tail(mail))
    vote(world, mail, world.bob, "reject")
    terminal.expect("ended")
    terminal.expect(tail(mail))
    vote(world, old, world.dave)
    terminal.expect(tail(old))
    assert terminal.interrupt() == 0
    assert "Traceback" not in terminal.shown


def test_watch_writes_json_lines(world: World, sit: Sit) -> None:
    arguments = [*COMMAND, "watch", "--json", "--interval", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, stdout=pipe, stderr=pipe, text=True, env=sit(world.alice).environment
    ) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert "Watching" in watching.stderr.readline()
        mail = ask(world, "send_email", MAIL)
        event = json.loads(watching.stdout.readline())
        watching.terminate()
    assert (event["event"], event["id"]) == ("new", str(mail.pk))


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["list", "--view", "x"], ["approve"]])
def test_a_command_that_is_none_is_code_2(world: World, sit: Sit, arguments: list[str]) -> None:
    assert sit(world.alice).run(*arguments).code == 2
