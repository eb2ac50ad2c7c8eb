"""Policies for tests: the default ladder with some rules, drafted or put in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from inbox.models import PolicyVersion, Team
from inbox.policy.document import PolicyDocument, parse_document
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.policy import current_version, document_of
from inbox.services.teams import write_version
from inbox.services.versions import locked_policy, write_draft
from tests.factories import World, at_once

PASS_WRITES = {"id": "writes-pass", "tool": "write_file", "then": "allow", "priority": 5}
REFUSE_WRITES = {"id": "no-writes", "tool": "write_file", "then": "deny", "priority": 5}


def with_rules(*rules: dict[str, Any], **fields: Any) -> PolicyDocument:
    """The policy of the tests' teams with these rules."""
    base = at_once().model_dump(mode="json", exclude_none=True)
    return parse_document({**base, "rules": list(rules), **fields})


def draft(world: World, *rules: dict[str, Any], **fields: Any) -> PolicyVersion:
    """A version of erin's that is not in force."""
    with transaction.atomic():
        policy = locked_policy(world.team.pk)
        return write_draft(policy, with_rules(*rules, **fields), author=world.erin)


def enforce(world: World, *rules: dict[str, Any], **fields: Any) -> PolicyVersion:
    """A version that is in force at once, as only tests put it there."""
    with transaction.atomic():
        return write_version(locked_policy(world.team.pk), with_rules(*rules, **fields), author=world.erin)


def bind(team: Team, ladder: Mapping[Risk, Need]) -> PolicyVersion:
    """The policy in force with these people for these risks, in force at once even where it loosens."""
    with transaction.atomic():
        policy = locked_policy(team.pk)
        document = document_of(current_version(team.pk)).model_dump(mode="json", exclude_none=True)
        document["ladder"] |= {risk.value: [need.model_dump()] for risk, need in ladder.items()}
        return write_version(policy, parse_document(document), author=None)
