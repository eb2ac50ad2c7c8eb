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
from inbox.policy.plan import Step, falls, sources_of
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
    concrete is put off, and what needs it too: a plan is approved, never bytes that do not exist.
    """
    actions = []
    verbs = []
    fallen = falls(
        [
            Step(
                key,
                tuple(action.get("depends_on", ())),
                sources=sources_of(action["args"]),
                asks=action["kind"] in ("question", "choice"),
            )
            for key, action in found.actions.items()
        ],
        {key: said.verb for key, said in answers.items()},
    )
    for key, action in found.actions.items():
        said = answers[key]
        verb, note = said.verb, said.message or message or None
        if key in fallen:
            verb, note = Verb.DEFER, note or f"Not yet: {fallen[key].reason}."
        elif verb.lets_run:
            verb = Verb.EDIT if found.edited(key) else Verb.APPROVE
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
