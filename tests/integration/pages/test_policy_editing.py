"""Writing a rule, trying it and enabling it on the pages, without JavaScript; what is wrong is said where it is."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.urls import reverse

from inbox.models import Backtest, ChangeRequest, Policy, PolicyVersion
from inbox.policy.yaml_text import to_yaml
from inbox.selectors.policy import current_version, document_of
from inbox.services.backtests import continue_backtests
from tests.factories import World, ask, vote
from tests.integration.core.test_changes import second_admin
from tests.integration.pages.cast import signed_in
from tests.policies import PASS_WRITES, draft, with_rules


def url(world: World, name: str, *args: object) -> str:
    return reverse(name, args=[world.team.slug, *args])


def rule_fields(**more: Any) -> dict[str, Any]:
    return {
        "id": "small-refunds",
        "tool": "issue_refund",
        "agent": "*",
        "then": "allow",
        "priority": "5",
        **more,
    }


def latest(world: World) -> PolicyVersion:
    return PolicyVersion.objects.filter(policy__team=world.team).order_by("-number")[0]


def test_a_rule_written_as_a_form_becomes_a_draft(world: World) -> None:
    erin = signed_in(world.erin)
    page = url(world, "policy_rule")
    assert erin.get(page).status_code == 200
    sent = rule_fields(
        fact_0="args.", path_0="amount", op_0="lt", value_0="50", fact_1="agent", op_1="in", value_1="crm-writer, other",
        limit_count="40", limit_per="hour", until="2099-01-31", note="Small ones.", effects=["write"],
    )  # fmt: skip
    answer = erin.post(page, sent)
    saved = latest(world)
    assert answer.status_code == 303
    assert answer["Location"] == f"{url(world, 'policy')}?version={saved.number}&against=1"
    (rule,) = document_of(saved).model_dump(mode="json", exclude_none=True)["rules"]
    assert rule["when"] == [
        {"fact": "args.amount", "op": "lt", "value": 50},
        {"fact": "agent", "op": "in", "value": ["crm-writer", "other"]},
    ]
    assert (rule["limits"], rule["until"]) == (
        [{"count": 40, "per": "hour", "by": "rule"}],
        "2099-01-31T23:59:59Z",
    )
    assert current_version(world.team.pk).number == 1, "a draft is not in force"
    text = erin.get(answer["Location"]).content.decode()
    assert "draft" in text
    assert "What changed from version 1 to 2" in text


def test_another_row_is_added_without_losing_what_was_typed(world: World) -> None:
    text = (
        signed_in(world.erin)
        .post(url(world, "policy_rule"), rule_fields(fact_0="amount", op_0="lt", value_0="50", more="1"))
        .content.decode()
    )
    assert 'name="fact_1"' in text
    assert 'value="small-refunds"' in text
    assert 'value="50"' in text
    assert PolicyVersion.objects.filter(policy__team=world.team).count() == 1


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"id": "Not A Name"}, "id_id_error"),
        ({"fact_0": "no.such.fact", "op_0": "eq", "value_0": "1"}, "There is no fact no.such.fact."),
        ({"fact_0": "amount", "op_0": "lt", "value_0": "many"}, "id_value_0_error"),
        ({"fact_0": "agent", "op_0": "lt", "value_0": "5"}, "lt says nothing about agent, which is a text."),
        ({"fact_0": "args.", "op_0": "lt", "value_0": "5"}, "id_path_0_error"),
        ({"fact_0": "args.no way", "op_0": "lt", "value_0": "5"}, "id_path_0_error"),
        ({"expression": "1 +"}, "id_expression_error"),
        ({"until": "2020-01-01"}, "id_until_error"),
        ({"fact_0": "claims.confidence", "op_0": "gt", "value_0": "0.9", "tool": "*"}, "role=\"alert\""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_stands_at_its_field(world: World, fields: dict[str, str], at: str) -> None:
    answer = signed_in(world.erin).post(url(world, "policy_rule"), rule_fields(**fields))
    assert answer.status_code == 422
    assert at in answer.content.decode()
    assert PolicyVersion.objects.filter(policy__team=world.team).count() == 1


def test_a_rule_is_changed_and_taken_out(world: World) -> None:
    erin, base = (
        signed_in(world.erin),
        draft(world, {**PASS_WRITES, "title": "Kept", "checkpoint": "pre_commit"}),
    )
    page = url(world, "policy_rule")
    text = erin.get(page, {"base": base.number, "rule": "writes-pass"}).content.decode()
    assert 'value="writes-pass"' in text
    sent = {"id": "writes-pass", "tool": "write_file", "agent": "crm-*", "then": "allow", "priority": "5"}
    erin.post(page, {**sent, "base": base.number, "rule": "writes-pass"})
    (rule,) = document_of(latest(world)).rules
    assert (rule.agent, rule.title, rule.checkpoint) == ("crm-*", "Kept", "pre_commit"), "the rest is kept"
    erin.post(page, {"base": base.number, "rule": "writes-pass", "remove": "1"})
    assert document_of(latest(world)).rules == ()
    assert erin.get(page, {"base": base.number, "rule": "nothing"}).status_code == 404


def test_a_policy_goes_out_as_yaml_and_comes_back(world: World) -> None:
    erin, base = signed_in(world.erin), draft(world, PASS_WRITES)
    exported = erin.get(url(world, "policy_yaml", base.number))
    assert exported["Content-Disposition"].endswith(f'-policy-{base.number}.yaml"')
    file = SimpleUploadedFile("policy.yaml", exported.content.replace(b"priority: 5", b"priority: 6"))
    answer = erin.post(url(world, "policy_edit"), {"text": "", "file": file})
    assert answer.status_code == 303, answer.content.decode()
    assert document_of(latest(world)).rules[0].priority == 6


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("priority: 5", "priority: {5", r"[Ll]ine \d"),
        ("tool: write_file", "tool: !!python/object:os.system write_file", r"[Ll]ine \d"),
        ("then: allow", "then: perhaps", r"[Ll]ine \d"),
        ("then: allow", "then: allow\n  surprise: 1", r"[Ll]ine \d"),
    ],
)
def test_what_is_wrong_with_the_text_is_told_by_line_and_nothing_is_saved(
    world: World, old: str, new: str, says: str
) -> None:
    text = to_yaml(with_rules(PASS_WRITES))
    text = text.replace(
        "{id: writes-pass, priority: 5, tool: write_file, then: allow}",
        "id: writes-pass\n  priority: 5\n  tool: write_file\n  then: allow",
    )
    assert old in text, text
    answer = signed_in(world.erin).post(url(world, "policy_edit"), {"text": text.replace(old, new)})
    page = answer.content.decode()
    assert (answer.status_code, re.search(says, page) is not None) == (422, True), page
    assert "Nothing was saved." in page
    assert "writes-pass" in page, "what was typed is kept"
    assert PolicyVersion.objects.filter(policy__team=world.team).count() == 1


def test_from_the_draft_to_the_inbox(world: World) -> None:
    frank, erin = second_admin(world), signed_in(world.erin)
    rejected = ask(world)
    vote(world, rejected, world.dave, "reject")
    version = draft(world, PASS_WRITES)
    page = f"{url(world, 'policy')}?version={version.number}"
    assert erin.post(url(world, "policy_enable", version.number)).status_code == 409
    erin.post(url(world, "policy_backtest", version.number))
    text = erin.get(page).content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "0 of 1 requests judged" in text
    continue_backtests()
    text = erin.get(page).content.decode()
    assert 'hx-trigger="every 2s"' not in text
    assert "1 request that people rejected" in text
    assert f"/r/{rejected.pk}" in text
    trial = Backtest.objects.get(draft=version)
    assert str(rejected.pk) in erin.get(url(world, "backtest", trial.pk)).content.decode()
    erin.post(url(world, "policy_shadow", version.number))
    assert Policy.objects.get(team=world.team).shadow == version
    ask(world)
    assert "differed on 1" in erin.get(page).content.decode()
    erin.post(url(world, "policy_shadow", version.number), {"stop": "1"})
    answer = erin.post(url(world, "policy_enable", version.number))
    change = ChangeRequest.objects.get(team=world.team)
    assert answer["Location"] == url(world, "request", change.request_id)
    assert "A change of the policy waits for an admin other than" in erin.get(page).content.decode()
    assert "writes-pass" in signed_in(frank).get(answer["Location"]).content.decode()


def test_the_only_admin_is_told_before_and_the_list_says_it_after(world: World) -> None:
    erin, version = signed_in(world.erin), draft(world, PASS_WRITES)
    erin.post(url(world, "policy_backtest", version.number))
    continue_backtests()
    page = f"{url(world, 'policy')}?version={version.number}"
    assert "You are the only admin" in erin.get(page).content.decode()
    Backtest.objects.update(until=F("until") - timedelta(hours=25))
    text = erin.get(page).content.decode()
    assert "The back-test began more than 24 hours ago" in text
    assert url(world, "policy_enable", version.number) not in text
    refused = erin.post(url(world, "policy_enable", version.number))
    assert (refused.status_code, "Back-test it again first" in refused.content.decode()) == (409, True)
    Backtest.objects.update(until=F("until") + timedelta(hours=25))
    erin.post(url(world, "policy_enable", version.number))
    text = erin.get(url(world, "policy")).content.decode()
    assert ">alone<" in text.replace("\n", "")
    assert current_version(world.team.pk) == version


def test_a_decided_request_offers_the_narrowest_rule_with_its_reach(world: World) -> None:
    erin = signed_in(world.erin)
    one, same, other = ask(world), ask(world), ask(world, args={"path": "docs/b.md", "text": "hello"})
    vote(world, one, world.dave)
    vote(world, same, world.dave, "reject")
    vote(world, other, world.dave)
    link = f"{url(world, 'policy_rule')}?from={one.pk}"
    assert link in erin.get(url(world, "request", one.pk)).content.decode()
    text = erin.get(link).content.decode()
    assert "This matches 2 of the last 3 requests, including 1 that people rejected." in text
    assert '<option value="args." selected data-types="any">' in text
    assert 'name="path_0" value="path"' in text
    assert 'value="docs/a.md"' in text
    assert 'value="crm-writer"' in text
    waiting = ask(world)
    assert erin.get(f"{url(world, 'policy_rule')}?from={waiting.pk}").status_code == 404


def test_what_cannot_be_verified_offers_no_rule(world: World) -> None:
    erin = signed_in(world.erin)
    odd = ask(world, args={"path": "docs/\u202egpj.md", "text": "hello"})
    assert not odd.verifiable
    vote(world, odd, world.alice, "reject")
    assert "policy/rule?from=" not in erin.get(url(world, "request", odd.pk)).content.decode()
    assert erin.get(f"{url(world, 'policy_rule')}?from={odd.pk}").status_code == 404


def test_members_see_and_only_admins_change_and_strangers_get_404(world: World) -> None:
    version = draft(world, PASS_WRITES)
    trial = Backtest.objects.create(
        team=world.team, draft=version, base=current_version(world.team.pk), person=world.erin, size=0,
        until=version.created_at,
    )  # fmt: skip
    reading = [("policy", ()), ("policy_yaml", (version.number,)), ("backtest", (trial.pk,))]
    writing = [
        ("policy_backtest", (version.number,)),
        ("policy_shadow", (version.number,)),
        ("policy_enable", (version.number,)),
    ]
    member, stranger = signed_in(world.carol), signed_in(world.charlie)
    for name, args in reading:
        assert member.get(url(world, name, *args)).status_code == 200
        assert stranger.get(url(world, name, *args)).status_code == 404
    for name, args in writing:
        assert member.post(url(world, name, *args)).status_code == 403
        assert stranger.post(url(world, name, *args)).status_code == 404
        assert signed_in(world.erin).get(url(world, name, *args)).status_code == 405, (
            "no GET changes anything"
        )
    for name in ("policy_edit", "policy_rule"):
        assert member.get(url(world, name)).status_code == 403
        assert stranger.post(url(world, name), {}).status_code == 404
    theirs = Client()
    theirs.force_login(world.charlie)
    assert theirs.get(reverse("backtest", args=[world.other.slug, trial.pk])).status_code == 404
    assert theirs.get(reverse("backtest", args=[world.other.slug, uuid4()])).status_code == 404
