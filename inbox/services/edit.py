"""A person's edit inside a decision: the next revision, and what the same vote comes to on it.

One person who may decide the edited bytes alone decides them in the same act. In every other case the edit stands as
the current revision, its author is barred from deciding it, and others vote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from inbox.answers import APPROVED
from inbox.audit import Entry
from inbox.errors import Invalid, NotAllowed, Refused
from inbox.lifecycle import Verb
from inbox.models import ApprovalRequest, Team
from inbox.permissions import TOO_LOW
from inbox.policy.words import Outcome as Says
from inbox.rendering.diff import diff, summary
from inbox.services.ballot import Counted, Line, Proposed, Result, Table, claimed_by_other, judge
from inbox.services.break_glass import barred
from inbox.services.people import actor_of
from inbox.services.revisions import edited_actions, revise
from inbox.services.verbs import misfit


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did: how the vote on it counts, the table it was judged on, what to record, what leaves its group."""

    result: Result | None = None
    table: Table | None = None
    entries: Sequence[Entry] = ()
    leaving: Sequence[ApprovalRequest] = ()


def may_edit(result: Result) -> bool:
    """Whether an edit is taken from somebody whose vote on the bytes as they stand came to this.

    Who stands too low to decide may still say how it should be: others decide that.
    """
    return isinstance(result, Counted) or (isinstance(result, NotAllowed) and result.code in TOO_LOW)


def edit(
    line: Line,
    request: ApprovalRequest,
    table: Table,
    person: User,
    team: Team,
    now: datetime,
    set_aside: Sequence[Mapping[str, Any]],
) -> Edited:
    """Store the edit of a line whose author may edit, in the caller's transaction.

    Raises Invalid (nothing-edited, arguments-invalid, policy-refuses, and what `misfit` says), upon which the
    caller's transaction goes back.
    """
    found = table.bytes[request.pk]
    wrong = misfit(found.actions, line.actions or {})
    if wrong is not None:
        raise wrong
    # Who stands too low was refused before anybody looked at these.
    closed = _closed(line, request, table, now)
    if closed is not None:
        return Edited(closed)
    changes = {
        key: changed
        for key, args in line.edits.items()
        if (changed := diff(found.actions[key]["args"], dict(args)))
    }
    if not changes:
        raise Invalid("nothing-edited", "Not recorded: nothing was changed. Approve it as it stands instead.")
    revised = revise(
        request,
        edited_actions(found.actions, line.edits),
        version=table.current,
        at=now,
        author=person,
        set_aside=set_aside,
    )
    if revised.verdict.outcome is Says.DENY:
        why = " ".join(revised.verdict.notes) or f"Rule {revised.verdict.rule} forbids it."
        raise Invalid("policy-refuses", f"Not recorded: policy refuses what it was changed to. {why}")
    entry = Entry(
        "edited",
        actor_of(person),
        request.pk,
        {
            **revised.facts,
            "changes": {key: summary(found) for key, found in changes.items()},
            "message": line.message,
        },
    )
    result, table = _decided_alone(line, request, person, team, now)
    return Edited(result, table, [entry], revised.leaving)


def _closed(line: Line, request: ApprovalRequest, table: Table, now: datetime) -> Refused | None:
    """Why nobody's edit is taken, of whatever tier: somebody else works on it, or a rule blocks it."""
    if table.member is None:
        return None
    taken = None if line.over_claim else claimed_by_other(request, table.member, now)
    return taken or barred(request, verdict=line.verdict, approves=True, message=line.message)


def _decided_alone(
    line: Line, request: ApprovalRequest, person: User, team: Team, now: datetime
) -> tuple[Result, Table]:
    request.editor = None
    table = Table.load(person, team, [request], now, batch=False)
    left = table.electorate.slots(request)
    said = {
        key: replace(APPROVED, message=one.message) if one.verb is Verb.EDIT else one
        for key, one in (line.actions or {}).items()
    }
    if len(left) == 1:
        again = judge(replace(line, digest=request.digest, actions=said), request, table, now, False)
        if isinstance(again, Counted):
            request.save(update_fields=["editor"])
            return again, table
    request.editor = person
    return Proposed(request, tuple(slot.name for slot in left)), table
