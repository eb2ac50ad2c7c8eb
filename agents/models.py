"""Who an agent is, how it proves it, what is on its way to it, and the runs this server hosts.

This floor knows no approvals: `team_id` and `correlation_id` are opaque here. The migrations of `inbox` add the
foreign key from `team_id` to the team's row.
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agents.ids import uuid7

BUILT_IN = "placet"
"""The handle of the agent that is this server itself."""


class Agent(models.Model):
    """A program that asks. `handle` is its name inside its team; only admins give names."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team_id = models.UUIDField()
    handle = models.CharField(max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    enabled = models.BooleanField(default=True)
    graph = models.CharField(
        max_length=80,
        blank=True,
        help_text="Name of the hosted graph this agent runs; empty when it runs elsewhere.",
    )
    built_in = models.BooleanField(
        default=False,
        help_text="This server itself, asking for changes of a team's own rules. It has no tokens.",
    )
    environment = models.CharField(
        max_length=40, blank=True, help_text="Where it acts, such as production; said by an admin, not by it."
    )
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team_id", "handle"], name="agent_handle_once_per_team"),
            models.CheckConstraint(
                condition=Q(built_in=True, handle=BUILT_IN, owner=None, enabled=True)
                | (Q(built_in=False) & ~Q(handle__iexact=BUILT_IN)),
                name="built_in_handle_is_reserved",
            ),
        ]

    def __str__(self) -> str:
        return self.handle


class AgentToken(models.Model):
    """A bearer token: found by its public prefix, checked against a SHA-256 (256 random bits need no slow hash)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        triggers = [
            pgtrigger.Trigger(
                name="built_in_has_no_token",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF EXISTS (SELECT 1 FROM agents_agent a WHERE a.id = NEW.agent_id AND a.built_in) THEN
                        RAISE EXCEPTION 'the built-in agent has no tokens' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AgentThread(models.Model):
    """What an agent says about one of its threads; claims, shown on the agents board."""

    class Status(models.TextChoices):
        RUNNING = "running"
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="threads")
    thread = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status)
    goal = models.CharField(max_length=500, blank=True)
    step = models.CharField(max_length=500, blank=True)
    progress = models.FloatField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "thread"], name="thread_once_per_agent")]
        # agents board: latest threads of one agent
        indexes = [models.Index(fields=["agent", "-updated_at"], name="thread_latest")]

    def __str__(self) -> str:
        return self.thread


class Delivery(models.Model):
    """A decision on its way to an agent (the outbox). The row is the truth; Celery only hurries it.

    A worker claims it by raising `epoch` under a lease; a result carrying an old epoch is refused, so a
    worker that slept past its lease cannot overwrite the one that took over.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker"
        SENDING = "sending", "A worker holds it until its lease ends"
        DELIVERED = "delivered", "The agent has it"
        STALE = "stale", "The agent no longer waits for this answer; nothing was run"
        UNKNOWN = "outcome_unknown", "A worker died after the run began; not repeated by itself"
        DEAD = "dead", "Given up after the last attempt"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team_id = models.UUIDField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    correlation_id = models.UUIDField(help_text="The decision this carries.")
    thread = models.CharField(max_length=200)
    address = models.CharField(max_length=200, help_text="Inside the thread: a LangGraph interrupt id.")
    payload = models.BinaryField(help_text="Canonical bytes of the answer, exactly as approved.")
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["correlation_id", "channel"], name="delivery_once_per_decision_and_channel"
            ),
        ]
        indexes = [
            # sweep: the next due row, and the oldest one for the lag figure
            models.Index(
                fields=["next_attempt_at"], name="delivery_due", condition=Q(state__in=["queued", "sending"])
            ),
            # agent page: latest deliveries, and those a person must look at
            models.Index(fields=["agent", "-created_at"], name="delivery_of_agent"),
            models.Index(
                fields=["agent"],
                name="delivery_to_look_at",
                condition=Q(state__in=["outcome_unknown", "dead"]),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="delivery_final_once",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition(
                    "OLD.state IN ('delivered', 'stale', 'dead') AND NEW.state IS DISTINCT FROM OLD.state"
                ),
                func="RAISE EXCEPTION 'delivery % is final', OLD.id USING ERRCODE = 'check_violation';",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.correlation_id}"


class Pause(models.Model):
    """A stop that holds at once: while it is open, nothing of what it names is released to an agent.

    It names an agent, a tool, a whole team, or, without a team, everything on this server. What is asked meanwhile
    queues.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team_id = models.UUIDField(null=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="pauses", null=True)
    tool = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(db_default=Now())
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(agent__isnull=True) | Q(tool="", team_id__isnull=False),
                name="pause_names_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(tool="") | Q(team_id__isnull=False), name="paused_tool_has_a_team"
            ),
            models.UniqueConstraint(
                fields=["team_id", "agent", "tool"],
                name="paused_once",
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class HostedRun(models.Model):
    """One thread of a graph this server runs inside Celery, paused and resumed from Postgres checkpoints."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting for a worker to start it"
        RUNNING = "running", "A worker is running it"
        PAUSED = "paused", "Waiting for decisions"
        DONE = "done", "Finished"
        FAILED = "failed", "Stopped by an error"
        UNKNOWN = "outcome_unknown", "A worker died in the middle; a person must look"
        HALTED = "halted", "Stopped: nobody decided in time"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team_id = models.UUIDField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="runs")
    graph = models.CharField(max_length=80)
    code_version = models.CharField(
        max_length=80, help_text="Digest of the graph's shape when the run began."
    )
    thread = models.CharField(max_length=200, unique=True)
    input = models.JSONField()
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # sweep: runs to start, or whose worker's lease ended
            models.Index(
                fields=["created_at"], name="run_to_start", condition=Q(state__in=["queued", "running"])
            ),
            # agents board
            models.Index(fields=["agent", "-updated_at"], name="run_latest"),
            models.Index(fields=["agent"], name="run_to_look_at", condition=Q(state="outcome_unknown")),
        ]

    def __str__(self) -> str:
        return self.thread


class EffectEntry(models.Model):
    """The effect ledger: at most one run per decision. `started` is committed before the graph moves.

    A `started` row whose worker is gone is re-run only when every tool of the step is declared idempotent;
    otherwise it becomes `outcome_unknown` and waits for a person.
    """

    class State(models.TextChoices):
        STARTED = "started"
        DONE = "done"
        FAILED = "failed"
        UNKNOWN = "outcome_unknown"

    decision_id = models.UUIDField(primary_key=True)
    thread = models.CharField(max_length=200)
    address = models.CharField(max_length=200)
    epoch = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.STARTED)
    idempotent = models.BooleanField(default=False)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "effect entries"

    def __str__(self) -> str:
        return f"{self.decision_id} {self.state}"
