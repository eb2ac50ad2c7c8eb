"""From what a client sent about each action to what a vote says: the API's way, and the terminal's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inbox import canonical
from inbox.answers import Answers, Said
from inbox.api.schemas.requests import ActionVerdict, DecideIn
from inbox.errors import Changed, Invalid
from inbox.lifecycle import Verb
from inbox.lines import LineSaid, split
from inbox.models import ApprovalRequest
from inbox.services.decide import Verdict


@dataclass(frozen=True, slots=True)
class Ballot:
    """What `decide` is called with."""

    verdict: Verdict
    answers: Answers
    set_aside: tuple[Mapping[str, Any], ...]


def ballot_of(request: ApprovalRequest, body: DecideIn) -> Ballot:
    """Read a body against the bytes it was bound to.

    Raises Changed for other bytes, Invalid (actions-mismatch, decide-all-alike, and those of lines).
    """
    if len({item.key for item in body.decisions}) != len(body.decisions):
        raise Invalid("actions-mismatch", "An action stands twice in the decisions.")
    glass = any(item.type == "break_glass" for item in body.decisions)
    if glass and any(item.type != "break_glass" for item in body.decisions):
        raise Invalid("decide-all-alike", "Breaking the glass lets all actions pass or none.")
    answers: dict[str, Said] = {}
    aside: list[Mapping[str, Any]] = []
    itemised = any(item.lines for item in body.decisions)
    actions = _actions(request, body.digest or "") if itemised else {}
    for item in body.decisions:
        if item.lines:
            action = actions.get(item.key)
            if action is None:
                raise Invalid("actions-mismatch", f"There is no action {item.key[:80]}.")
            parted = split(action, [LineSaid(line.index, line.type, line.message) for line in item.lines])
            aside += parted.set_aside
            verb = Verb.EDIT if parted.set_aside else Verb.APPROVE
            args = parted.args if parted.set_aside else None
            answers[item.key] = Said(verb, args, message=item.message)
        else:
            answers[item.key] = _said(item)
    verdict: Verdict = "approve"
    if glass:
        verdict = "break_glass"
    elif all(said.verb is Verb.REJECT for said in answers.values()):
        verdict = "reject"
    return Ballot(verdict, answers, tuple(aside))


def _said(item: ActionVerdict) -> Said:
    if item.type == "break_glass":
        return Said(Verb.APPROVE)
    verb = Verb(item.type)
    return Said(
        verb,
        args=item.args if verb is Verb.EDIT else None,
        value=item.value if verb.answers else None,
        message=item.message,
    )


def _actions(request: ApprovalRequest, digest: str) -> Mapping[str, Mapping[str, Any]]:
    revision = request.revisions.get(number=request.revision_number)
    if revision.digest != digest:
        raise Changed(extra={"digest": revision.digest, "revision": revision.number})
    return {action["key"]: action for action in canonical.read(bytes(revision.payload))["actions"]}
