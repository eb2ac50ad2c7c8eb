"""Every table of the gateway, in one step: see the same of the inbox."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import agents.ids


class Migration(migrations.Migration):
    replaces = [
        ("agents", "0001_initial"),
        ("agents", "0002_agent_environment"),
        ("agents", "0003_halted_runs"),
        ("agents", "0004_built_in_agent"),
        ("agents", "0005_pause"),
    ]

    initial = True

    dependencies = [
        ("auth", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="EffectEntry",
            fields=[
                ("decision_id", models.UUIDField(primary_key=True, serialize=False)),
                ("thread", models.CharField(max_length=200)),
                ("address", models.CharField(max_length=200)),
                ("epoch", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("started", "Started"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("outcome_unknown", "Unknown"),
                        ],
                        default="started",
                        max_length=16,
                    ),
                ),
                ("idempotent", models.BooleanField(default=False)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "effect entries",
            },
        ),
        migrations.CreateModel(
            name="Agent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("team_id", models.UUIDField()),
                ("handle", models.CharField(max_length=80)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "graph",
                    models.CharField(
                        blank=True,
                        help_text="Name of the hosted graph this agent runs; empty when it runs elsewhere.",
                        max_length=80,
                    ),
                ),
                (
                    "built_in",
                    models.BooleanField(
                        default=False,
                        help_text="This server itself, asking for changes of a team's own rules. It has no tokens.",
                    ),
                ),
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        help_text="Where it acts, such as production; said by an admin, not by it.",
                        max_length=40,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("last_seen_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team_id", "handle"), name="agent_handle_once_per_team"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("built_in", True), ("enabled", True), ("handle", "placet"), ("owner", None)
                            ),
                            models.Q(
                                ("built_in", False), models.Q(("handle__iexact", "placet"), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="built_in_handle_is_reserved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AgentThread",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("thread", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("waiting", "Waiting"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("goal", models.CharField(blank=True, max_length=500)),
                ("step", models.CharField(blank=True, max_length=500)),
                ("progress", models.FloatField(null=True)),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="threads", to="agents.agent"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "-updated_at"], name="thread_latest")],
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "thread"), name="thread_once_per_agent")
                ],
            },
        ),
        migrations.CreateModel(
            name="AgentToken",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12, unique=True)),
                ("digest", models.BinaryField(max_length=32)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to="agents.agent"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("team_id", models.UUIDField()),
                ("channel", models.CharField(max_length=20)),
                ("correlation_id", models.UUIDField(help_text="The decision this carries.")),
                ("thread", models.CharField(max_length=200)),
                (
                    "address",
                    models.CharField(
                        help_text="Inside the thread: a LangGraph interrupt id.", max_length=200
                    ),
                ),
                (
                    "payload",
                    models.BinaryField(help_text="Canonical bytes of the answer, exactly as approved."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for a worker"),
                            ("sending", "A worker holds it until its lease ends"),
                            ("delivered", "The agent has it"),
                            ("stale", "The agent no longer waits for this answer; nothing was run"),
                            ("outcome_unknown", "A worker died after the run began; not repeated by itself"),
                            ("dead", "Given up after the last attempt"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "next_attempt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.agent"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "sending"])),
                        fields=["next_attempt_at"],
                        name="delivery_due",
                    ),
                    models.Index(fields=["agent", "-created_at"], name="delivery_of_agent"),
                    models.Index(
                        condition=models.Q(("state__in", ["outcome_unknown", "dead"])),
                        fields=["agent"],
                        name="delivery_to_look_at",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("correlation_id", "channel"), name="delivery_once_per_decision_and_channel"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HostedRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("team_id", models.UUIDField()),
                ("graph", models.CharField(max_length=80)),
                (
                    "code_version",
                    models.CharField(
                        help_text="Digest of the graph's shape when the run began.", max_length=80
                    ),
                ),
                ("thread", models.CharField(max_length=200, unique=True)),
                ("input", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for a worker to start it"),
                            ("running", "A worker is running it"),
                            ("paused", "Waiting for decisions"),
                            ("done", "Finished"),
                            ("failed", "Stopped by an error"),
                            ("outcome_unknown", "A worker died in the middle; a person must look"),
                            ("halted", "Stopped: nobody decided in time"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="runs", to="agents.agent"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["created_at"],
                        name="run_to_start",
                    ),
                    models.Index(fields=["agent", "-updated_at"], name="run_latest"),
                    models.Index(
                        condition=models.Q(("state", "outcome_unknown")),
                        fields=["agent"],
                        name="run_to_look_at",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("team_id", models.UUIDField(null=True)),
                ("tool", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(max_length=500)),
                ("begun_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pauses",
                        to="agents.agent",
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agent__isnull", True),
                            models.Q(("team_id__isnull", False), ("tool", "")),
                            _connector="OR",
                        ),
                        name="pause_names_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tool", ""), ("team_id__isnull", False), _connector="OR"),
                        name="paused_tool_has_a_team",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("team_id", "agent", "tool"),
                        name="paused_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="agenttoken",
            trigger=pgtrigger.compiler.Trigger(
                name="built_in_has_no_token",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF EXISTS (SELECT 1 FROM agents_agent a WHERE a.id = NEW.agent_id AND a.built_in) THEN\n                        RAISE EXCEPTION 'the built-in agent has no tokens' USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="e976abf114ab10e8b4072c428a012c2c779ecc11",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_built_in_has_no_token_5c386",
                    table="agents_agenttoken",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="delivery",
            trigger=pgtrigger.compiler.Trigger(
                name="delivery_final_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state IN ('delivered', 'stale', 'dead') AND NEW.state IS DISTINCT FROM OLD.state)",
                    func="RAISE EXCEPTION 'delivery % is final', OLD.id USING ERRCODE = 'check_violation';",
                    hash="b2827df290a17395fda2922b5ef94d012e1c4ea1",
                    operation="UPDATE",
                    pgid="pgtrigger_delivery_final_once_1ccd2",
                    table="agents_delivery",
                    when="BEFORE",
                ),
            ),
        ),
    ]
