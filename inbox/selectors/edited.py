"""What people made of a request: their edits beside what the agent proposed, and what they said of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inbox import answers, canonical
from inbox.models import ApprovalRequest, Revision, Vote
from inbox.rendering.diff import Change, diff
from inbox.rendering.inline import shown
from inbox.selectors.envelopes import Bytes


def both_of(request: ApprovalRequest, revision: Revision, envelope: Mapping[str, Any]) -> Bytes:
    """The current bytes beside the latest that the agent sent; a query only where a person edited."""
    if revision.author_id is None:
        return Bytes(envelope, envelope, tuple(revision.set_aside))
    sent = request.revisions.filter(author=None, number__lt=revision.number).order_by("-number").first()
    assert sent is not None  # noqa: S101 - the first revision is the agent's
    return Bytes(envelope, canonical.read(bytes(sent.payload)), tuple(revision.set_aside))


def edits_of(both: Bytes) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """The changes of each action that was edited."""
    before = {action["key"]: action["args"] for action in both.proposed["actions"]}
    for key, action in both.actions.items():
        if both.edited(key):
            yield key, diff(before.get(key, {}), action["args"])


def words_of(vote: Vote) -> tuple[str, ...]:
    """What a vote says of each action, where that is more than yes or no to all."""
    if vote.answers is None:
        return ()
    said = answers.read(bytes(vote.answers))
    return tuple(
        f"{key}: {one.verb.value}" + (f" {shown(one.value).text}" if one.verb.answers else "")
        for key, one in said.items()
    )
