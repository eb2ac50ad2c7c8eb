"""Changes of a team's own rules that loosen them: asked of a second admin in the team's own inbox.

A change is proposed with its exact body, becomes a critical request by the built-in agent, and is applied by the
outbox when another admin has approved it: once, under locks, and only if what it was based on still stands. Which
changes there are is said by those who apply them, with `governs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from agents import leases
from agents.contract import Context, ProposedAction, Submission
from agents.hosting.resume import Finished
from agents.ids import uuid7
from agents.models import Delivery
from agents.services import built_in_agent
from inbox import canonical
from inbox.clock import database_now
from inbox.errors import Conflict
from inbox.lifecycle import Outcome
from inbox.models import ApprovalRequest, ChangeRequest, Decision, Member, PolicyVersion
from inbox.models.change import CHANNEL
from inbox.policy.evaluate import Verdict
from inbox.policy.need import ADMINS, Need
from inbox.policy.reasons import Reason, ReasonCode
from inbox.policy.words import Outcome as Says
from inbox.policy.words import Risk
from inbox.rendering.sentence import compile_template, render
from inbox.selectors.policy import current_version
from inbox.services.judging import judge
from inbox.services.people import actor_of, require_admin_of
from inbox.services.submit import OWN_TOOLS, submit_judged
from inbox.services.teams import record

DAYS: Final = 7
RULE: Final = "governed-change"


class Outdated(Exception):
    """What a change was based on no longer stands: it is not applied, and this says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of change. `apply` runs in the caller's transaction with the person who enables it, audits what it
    changes, and raises Outdated."""

    tool: str
    sentence: str
    apply: Callable[[ChangeRequest, User], None]


KINDS: dict[str, Kind] = {}


def governs(
    name: str, *, tool: str, sentence: str
) -> Callable[[Callable[[ChangeRequest, User], None]], Callable[[ChangeRequest, User], None]]:
    """Says that the decorated function applies changes of this kind. `sentence` is a template over the body."""
    compile_template(sentence)

    def register(apply: Callable[[ChangeRequest, User], None]) -> Callable[[ChangeRequest, User], None]:
        KINDS[name] = Kind(OWN_TOOLS + tool, sentence, apply)
        return apply

    return register


def propose(
    *, kind: str, subject: str, body: canonical.JsonObject, author: Member, goal: str = ""
) -> ChangeRequest:
    """Ask the team's other admins for a change, or apply it at once where there is none (`alone`).

    `body` says exactly what changes, from what to what, for people to read and for `apply` to check. In the
    caller's transaction, which holds no groups and not the team's stream. Raises NotAllowed for an author who is no
    admin, Conflict (already-proposed) while a change of the same kind and subject waits.
    """
    require_admin_of(author)
    change = ChangeRequest(
        id=uuid7(),
        team=author.team,
        kind=kind,
        subject=subject,
        body=body,
        digest=_digest(kind, subject, body),
        author=author.user,
    )
    if not has_second_admin(author):
        return _alone(change)
    if ChangeRequest.objects.filter(
        team=author.team, kind=kind, subject=subject, state=ChangeRequest.State.WAITING
    ).exists():
        raise _waits_already()
    change.request = _ask(change, goal)
    try:
        with transaction.atomic():
            change.save(force_insert=True)
    except IntegrityError:
        raise _waits_already() from None
    return change


def has_second_admin(member: Member) -> bool:
    """Whether somebody else could approve a change this member proposes."""
    admins = Member.objects.filter(
        team_id=member.team_id, is_admin=True, is_active=True, user__is_active=True
    )
    return admins.exclude(user_id=member.user_id).exists()


def note_alone(change: ChangeRequest) -> ChangeRequest:
    """Record a change that its author just made, because no other admin could have approved it."""
    change.digest = _digest(change.kind, change.subject, change.body)
    change.alone, change.state, change.closed_at = True, ChangeRequest.State.APPLIED, database_now()
    change.save(force_insert=True)
    _audit(change, "")
    return change


def settle(claimed: Delivery) -> Finished:
    """What becomes of a change whose request was decided: applied, or noted why not. Written with the delivery's mark."""
    answer = canonical.read(bytes(claimed.payload))
    request_id = UUID(str(answer["request_id"]))
    if claimed.attempts > leases.MAX_ATTEMPTS:
        reason = f"Applying it failed {leases.MAX_ATTEMPTS} times; nothing was changed."
        return Finished(
            Delivery.State.DEAD,
            reason,
            lambda: _close(request_id, ChangeRequest.State.NOT_APPLIED, reason),
        )
    return Finished(Delivery.State.DELIVERED, record=lambda: _decided(request_id, answer))


def _decided(request_id: UUID, answer: canonical.JsonObject) -> None:
    change = _held(request_id)
    if change.state != ChangeRequest.State.WAITING:
        return
    if answer["outcome"] != Outcome.APPROVED.value:
        _close(request_id, ChangeRequest.State.REJECTED, "")
        return
    decision = Decision.objects.select_related("person").get(request_id=request_id)
    try:
        # A savepoint: what `apply` wrote before it found out is undone, and that it was not applied is kept.
        with transaction.atomic():
            _apply(change, decision, answer)
    except Outdated as outdated:
        _close(request_id, ChangeRequest.State.NOT_APPLIED, str(outdated))
        return
    _close(request_id, ChangeRequest.State.APPLIED, "")


def _apply(change: ChangeRequest, decision: Decision, answer: canonical.JsonObject) -> None:
    person = decision.person
    if decision.kind != Decision.Kind.PERSON or person is None or person.pk == change.author_id:
        raise Outdated("Nobody but its author approved it.")
    approved = canonical.dumps([action["args"] for action in answer["actions"]])
    if approved != canonical.dumps([change.body]) or change.digest != _digest(
        change.kind, change.subject, change.body
    ):
        raise Outdated("What was approved is not what was proposed.")
    KINDS[change.kind].apply(change, person)


def _held(request_id: UUID) -> ChangeRequest:
    ChangeRequest.objects.select_for_update(no_key=True).filter(request_id=request_id).values_list("pk").get()
    return ChangeRequest.objects.select_related("team", "author", "request").get(request_id=request_id)


def _close(request_id: UUID, state: ChangeRequest.State, detail: str) -> None:
    change = _held(request_id)
    if change.state != ChangeRequest.State.WAITING:
        return
    change.state, change.detail, change.closed_at = state, detail[:500], database_now()
    change.save(update_fields=["state", "detail", "closed_at"])
    if state != ChangeRequest.State.REJECTED:
        _audit(change, detail)


def _alone(change: ChangeRequest) -> ChangeRequest:
    change.alone = True
    KINDS[change.kind].apply(change, change.author)
    return note_alone(change)


def _audit(change: ChangeRequest, detail: str) -> None:
    record(
        change.team,
        "change_settled",
        actor_of(change.author),
        {
            "kind": change.kind,
            "subject": change.subject,
            "digest": change.digest,
            "state": str(change.state),
            "alone": change.alone,
            "request": str(change.request_id) if change.request_id else None,
            "detail": detail,
        },
    )


def _ask(change: ChangeRequest, goal: str) -> ApprovalRequest:
    kind, agent = KINDS[change.kind], built_in_agent(change.team_id)
    submission = Submission(
        dedupe_key=f"change:{change.pk}",
        thread=f"change-{change.pk}",
        actions=(ProposedAction(key="change", name=kind.tool, args=dict(change.body)),),
        context=Context(goal=goal),
    )
    version = current_version(change.team_id)
    judged = judge(agent=agent, submission=submission, tools={}, version=version, now=datetime.now(UTC))
    sentence = render(compile_template(kind.sentence), kind.tool, change.body)
    return submit_judged(
        agent=agent,
        submission=submission,
        judged=replace(judged, verdict=_verdict(version), sentences=(sentence,)),
        version=version,
        channel=CHANNEL,
        requester=change.author,
    )


def _verdict(version: PolicyVersion) -> Verdict:
    """What no policy can change: a second admin decides about what loosens the rules."""
    text = "It loosens what this team's own rules ask, so an admin who did not propose it decides"
    return Verdict(
        outcome=Says.REVIEW,
        risk=Risk.CRITICAL,
        reasons=(Reason(ReasonCode.GOVERNED_CHANGE, text),),
        needs=(Need(group=ADMINS, count=1),),
        rule=RULE,
        policy=version.policy.name,
        version=version.number,
        notes=(),
        batchable=False,
        expires_in=DAYS * 24 * 3600,
        reversible=True,
    )


def _digest(kind: str, subject: str, body: canonical.JsonObject) -> str:
    return canonical.digest({"kind": kind, "subject": subject, "body": body})


def _waits_already() -> Conflict:
    return Conflict(
        "already-proposed",
        "Not proposed: a change of the same thing waits for an admin. Decide that one first.",
    )
