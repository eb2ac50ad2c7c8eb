"""A request, the immutable bytes it asks approval for, and the group of requests alike."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7
from agents.models import Agent
from inbox.lifecycle import TRANSITIONS, OnTimeout, Outcome, State
from inbox.models import order
from inbox.models.policy import PolicyVersion
from inbox.models.team import Member, Team
from inbox.policy.words import Risk

# What is not closed.
OPEN = [State.PENDING.value, State.HELD.value]
_STATES = [(state.value, state.value) for state in State]
_OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
_RISKS = [(risk.value, risk.value) for risk in Risk]


class RequestGroup(models.Model):
    """Requests alike (agent, tool, reach, rule, risk) that may be decided as one.

    `pending` is kept in the same transaction as the requests it counts: a page never groups the queue.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="groups")
    key = models.CharField(max_length=64)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    tool = models.CharField(max_length=200)
    risk = models.CharField(max_length=12, choices=_RISKS)
    pending = models.PositiveIntegerField(default=0)
    latest_sentence = models.CharField(max_length=400)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="group_once_per_team")]
        indexes = [
            # the Batches lane, largest first
            models.Index(fields=["team", "-pending", "id"], name="group_waiting", condition=Q(pending__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.pending} × {self.tool}"


class ApprovalRequest(models.Model):
    """One pause of one agent. The head: state and what the queue orders by; the bytes are in its revisions.

    `able` is not stored: whom routing found able to decide it, where it is nobody's first, until they are told.
    """

    able: tuple[UUID, ...] = ()

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requests")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="requests")
    thread = models.CharField(max_length=200)
    dedupe_key = models.CharField(max_length=200)
    body_digest = models.CharField(
        max_length=71, help_text="Of the body that created it: same key, other body is refused."
    )
    channel = models.CharField(max_length=20)
    address = models.CharField(
        max_length=200, blank=True, help_text="Inside the thread: a LangGraph interrupt id."
    )
    checkpoint = models.CharField(max_length=20)
    dialect = models.CharField(max_length=30)

    state = models.CharField(max_length=12, choices=_STATES, default=State.PENDING.value)
    outcome = models.CharField(max_length=12, choices=_OUTCOMES, null=True)  # noqa: DJ001 - no outcome is not an empty one
    revision_number = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=71, help_text="Of the current revision.")

    risk = models.CharField(max_length=12, choices=_RISKS)
    reversible = models.BooleanField()
    verifiable = models.BooleanField()
    batchable = models.BooleanField()
    group = models.ForeignKey(RequestGroup, on_delete=models.PROTECT, related_name="requests", null=True)
    sentence = models.CharField(max_length=400)
    sentence_complete = models.BooleanField()
    tool = models.CharField(max_length=200)
    tools = ArrayField(models.CharField(max_length=200))

    policy_version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    judged_by = models.ForeignKey(
        PolicyVersion,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="The latest version its needs were held against; empty while that is the one it was asked under.",
    )
    rule = models.CharField(max_length=80, blank=True)
    facts_digest = models.CharField(max_length=71)
    reasons = models.JSONField()
    notes = models.JSONField(default=list)
    needs = models.JSONField()

    environment = models.CharField(max_length=40, blank=True, help_text="The agent's, when it asked.")
    amount = models.DecimalField(
        max_digits=20, decimal_places=2, null=True, help_text="The largest its arguments move, if any."
    )
    currency = models.CharField(max_length=3, blank=True)
    blocked = models.BooleanField(default=False, help_text="Only a break-glass verdict may let it through.")
    flags = models.JSONField(default=list, help_text="What the agent left out, as sentences.")
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="The person on whose behalf it is asked; they may not decide it.",
    )

    assignee = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="assigned", null=True, help_text="Whose it is first."
    )
    assigned_because = models.CharField(max_length=200, blank=True)
    instead_of = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Who it goes back to when they are there again.",
    )
    on_timeout = models.CharField(
        max_length=10,
        choices=[(action.value, action.value) for action in OnTimeout],
        default=OnTimeout.REJECT.value,
    )
    escalation_step = models.PositiveSmallIntegerField(default=0)
    escalate_at = models.DateTimeField(null=True, help_text="When the next step of its escalation is due.")

    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Whose edit the current revision is while it waits for others; they may not decide it.",
    )
    asked_agent_at = models.DateTimeField(
        null=True, help_text="Since when it is the agent's turn to answer; empty while it is people's."
    )
    claimed_by = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="claims", null=True, help_text="Who works on it now."
    )
    claimed_until = models.DateTimeField(null=True, help_text="When the claim lapses by itself.")
    supersedes = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        related_name="superseded_by",
        null=True,
        help_text="The request of the same agent that this one takes the place of.",
    )
    part_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="parts",
        null=True,
        help_text="The request of which this is a line that was deferred.",
    )

    permit = models.BooleanField(
        default=False,
        help_text="Whether the agent has the decision only when it consumes it, not when it reads it.",
    )

    context = models.JSONField()
    claims = models.JSONField()

    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    votes_cast = models.PositiveSmallIntegerField(default=0)

    urgency = models.GeneratedField(
        expression=order.urgency(), output_field=models.SmallIntegerField(), db_persist=True
    )
    serve_by = models.GeneratedField(
        expression=order.serve_by(), output_field=models.DateTimeField(), db_persist=True
    )
    rises_at = models.GeneratedField(
        expression=order.rises_at(), output_field=models.DateTimeField(null=True), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "dedupe_key"], name="request_once_per_key"),
            models.CheckConstraint(
                condition=Q(state=State.DECIDED.value, outcome__isnull=False)
                | (~Q(state=State.DECIDED.value) & Q(outcome__isnull=True)),
                name="decided_has_outcome",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, closed_at__isnull=True)
                | (~Q(state__in=OPEN) & Q(closed_at__isnull=False)),
                name="final_has_time",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claimed_until__isnull=True)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="claim_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(on_timeout__in=[action.value for action in OnTimeout]), name="silence_is_known"
            ),
        ]
        indexes = [
            # waiting on others, soonest first; and the sweep that expires
            models.Index(
                fields=["team", "expires_at", "id"], name="request_due", condition=Q(state="pending")
            ),
            models.Index(
                fields=["expires_at"],
                name="request_overdue",
                condition=Q(state="pending") & ~Q(on_timeout="wait"),
            ),
            # the sweep that escalates
            models.Index(
                fields=["escalate_at"],
                name="request_escalates",
                condition=Q(state="pending", escalate_at__isnull=False),
            ),
            # whose turn it is: the few whose open slots SQL alone cannot tell
            models.Index(
                fields=["team", "id"], name="request_voted", condition=Q(state="pending", votes_cast__gt=0)
            ),
            # one person's own, and who is least loaded
            models.Index(
                fields=["assignee", "expires_at"],
                name="request_assigned",
                condition=Q(state="pending", assignee__isnull=False),
            ),
            # what goes back to somebody who returns
            models.Index(
                fields=["instead_of"],
                name="request_goes_back",
                condition=Q(state="pending", instead_of__isnull=False),
            ),
            # Now: what has risen, class by class
            models.Index(
                fields=["team", "urgency", "rises_at", "id"],
                name="request_risen",
                condition=Q(state="pending", rises_at__isnull=False),
            ),
            # the urgent, Needs a look, and what is batched: class by class
            models.Index(
                fields=["team", "urgency", "batchable", "serve_by", "id"],
                name="request_order",
                condition=Q(state="pending"),
            ),
            # a group's batch sheet
            models.Index(fields=["group", "id"], name="request_of_group", condition=Q(state="pending")),
            # agent API: GET /requests?thread=
            models.Index(fields=["agent", "thread", "id"], name="request_of_thread"),
            # what is held, for who may undo it
            models.Index(fields=["team", "id"], name="request_held", condition=Q(state="held")),
            # the Done view, and "like this before"
            models.Index(
                fields=["team", "-closed_at", "id"], name="request_done", condition=Q(closed_at__isnull=False)
            ),
            models.Index(
                fields=["team", "tool", "-closed_at"],
                name="request_like_this",
                condition=Q(closed_at__isnull=False),
            ),
            # agents board: what each agent waits for
            models.Index(
                fields=["agent", "created_at"], name="request_agent_waits", condition=Q(state="pending")
            ),
            # agents board: how each agent's latest requests ended, from the index alone
            models.Index(
                fields=["agent", "-closed_at"],
                include=["state", "outcome"],
                name="request_agent_closed",
                condition=Q(closed_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="request_moves",
                field="state",
                transitions=[
                    (source.value, target.value)
                    for source, targets in TRANSITIONS.items()
                    for target in sorted(targets)
                ],
            ),
            pgtrigger.Protect(name="request_stays", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="request_is_bound",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.agent_id IS DISTINCT FROM NEW.agent_id"
                    " OR OLD.dedupe_key IS DISTINCT FROM NEW.dedupe_key OR OLD.thread IS DISTINCT FROM NEW.thread"
                    " OR OLD.address IS DISTINCT FROM NEW.address OR OLD.created_at IS DISTINCT FROM NEW.created_at"
                    " OR (OLD.state <> 'pending' AND OLD.digest IS DISTINCT FROM NEW.digest)"
                    " OR (OLD.state NOT IN ('pending', 'held') AND OLD.outcome IS DISTINCT FROM NEW.outcome)"
                ),
                func="RAISE EXCEPTION 'request %: what it is about never changes', OLD.id USING ERRCODE = 'check_violation';",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence

    def is_over(self, at: datetime) -> bool:
        """Whether the clock has ended it by then. One that waits only becomes overdue."""
        return at >= self.expires_at and self.on_timeout != OnTimeout.WAIT.value


class Revision(models.Model):
    """The exact bytes asked for, and their digest. Never updated; a change is the next number."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    payload = models.BinaryField(help_text="Canonical bytes of the envelope (docs/reference/digests.md).")
    digest = models.CharField(max_length=71)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="The person who edited; empty for what the agent sent.",
    )
    set_aside = models.JSONField(
        default=list, help_text="Lines this edit took out of a payload: rejected, or deferred to come back."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "number"], name="revision_once")]
        triggers = [
            pgtrigger.Protect(name="revision_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.request_id} v{self.number}"


class Action(models.Model):
    """One action of a revision, as rows for lists and search. Its arguments are in the revision's bytes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="actions")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    args_digest = models.CharField(max_length=71)
    sentence = models.CharField(max_length=400)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "key"], name="action_key_once"),
            models.UniqueConstraint(fields=["revision", "position"], name="action_position_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="action_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.sentence


class ReportedOutcome(models.Model):
    """What the agent says happened after it resumed. Said once; repeated only word for word."""

    request = models.OneToOneField(
        ApprovalRequest, on_delete=models.PROTECT, primary_key=True, related_name="reported_outcome"
    )
    status = models.CharField(max_length=10, choices=[(s, s) for s in ("succeeded", "failed", "unknown")])
    detail = models.TextField(blank=True)
    reported_at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [
            pgtrigger.Protect(name="outcome_is_immutable", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.status
