"""The bytes an agent receives: exactly the approved arguments with their digests, or what people said instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from inbox import canonical
from inbox.answers import Answers
from inbox.audit import Actor
from inbox.lifecycle import Outcome, Verb, outcome_of
from inbox.models import ApprovalRequest, Decision, PolicyVersion
from inbox.policy.plan import concrete
from inbox.selectors.envelopes import Bytes

Lines = Mapping[str, Sequence[Mapping[str, Any]]]
"""By action key: the lines taken out of its arguments, as the agent is told of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the agent is told of each action, and what that comes to over all of them."""

    actions: tuple[Mapping[str, Any], ...]
    outcome: Outcome


def told(found: Bytes, answers: Answers, *, message: str, lines: Lines) -> Told:
    """What is said of each action, with the bytes it is about.

    An approval of arguments that people changed is an edit, whoever changed them. A step whose arguments are not yet
    concrete is put off: a plan is approved, never bytes that do not exist.
    """
    actions = []
    verbs = []
    for key, action in found.actions.items():
        said = answers[key]
        verb = said.verb
        if verb.lets_run:
            verb = Verb.EDIT if found.edited(key) else Verb.APPROVE
        note = said.message or message or None
        if verb.lets_run and not concrete(action["args"]):
            # A plan may name what a later step will do before its arguments are known; nobody has seen those.
            verb, note = Verb.DEFER, note or "Ask again when its arguments are known."
        aside = lines.get(key, ())
        verbs.append(verb)
        verbs += [Verb(line["type"]) for line in aside]
        actions.append(
            {
                "key": key,
                "type": verb.value,
                "args": action["args"] if verb.lets_run else None,
                "args_digest": canonical.digest(action["args"]) if verb.lets_run else None,
                **({"value": said.value} if verb.answers else {}),
                "message": note,
                **({"lines": [*aside]} if aside else {}),
            }
        )
    return Told(tuple(actions), outcome_of(verbs))


def answer_bytes(
    *,
    request: ApprovalRequest,
    what: Told,
    kind: Decision.Kind,
    actor: Actor,
    version: PolicyVersion,
    rule: str,
    decision_id: UUID,
    at: datetime,
    idempotent: bool,
    halt: bool,
    guidance: Sequence[str] = (),
) -> bytes:
    """The canonical bytes of the whole answer. `guidance` are the notes people left while it waited."""
    return canonical.dumps(
        {
            "decision_id": str(decision_id),
            "request_id": str(request.pk),
            "outcome": what.outcome.value,
            "actions": list(what.actions),
            "by": {"kind": kind.value, "name": actor.name},
            "policy": str(version),
            "rule": rule or None,
            "digest": request.digest,
            "decided_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "idempotent": idempotent,
            **({"halt": True} if halt else {}),
            **({"guidance": [*guidance]} if guidance else {}),
        }
    )
