"""Every table of the floor that people decide on, in one step.

It takes the place of fifteen: each change to a model lets Django build all models anew in memory, which was nine tenths of
the time a first start needed. Indexes and constraints are part of their table here, so nothing is built twice.
"""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import agents.ids
import inbox.models.order

# The gateway's `team_id` columns point at teams: the foreign keys are added from this floor, which knows both.
GATEWAY = ("agents_agent", "agents_delivery", "agents_hostedrun")


class Migration(migrations.Migration):
    replaces = [
        ("inbox", "0001_initial"),
        ("inbox", "0002_agents_belong_to_teams"),
        ("inbox", "0003_cache_table"),
        ("inbox", "0004_people_and_waiting"),
        ("inbox", "0005_tool_reach_and_way_back"),
        ("inbox", "0006_policy_trials"),
        ("inbox", "0007_silence"),
        ("inbox", "0008_slots_of_groups"),
        ("inbox", "0009_limit_buckets"),
        ("inbox", "0010_order_columns"),
        ("inbox", "0011_rota_and_delegation"),
        ("inbox", "0012_grants"),
        ("inbox", "0013_agent_history"),
        ("inbox", "0014_every_verb"),
        ("inbox", "0015_limits_in_backtests"),
    ]

    initial = True

    dependencies = [
        ("agents", "0001_squashed_0005_pause"),
        ("auth", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "cooldown_seconds",
                    models.PositiveIntegerField(
                        default=3600, help_text="How long a raised tier waits before it counts in decisions."
                    ),
                ),
                (
                    "domains",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=253),
                        blank=True,
                        default=list,
                        help_text="The team's own mail and web domains: what goes elsewhere is external.",
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=71)),
                ("result", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="idempotency_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "key"), name="idempotency_key_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonalToken",
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
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="personal_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeenValue",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tool", models.CharField(max_length=200)),
                ("digest", models.BinaryField(max_length=16)),
                ("count", models.PositiveIntegerField(default=1)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.agent"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "tool", "digest"), name="seen_value_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInLink",
            fields=[
                ("digest", models.BinaryField(max_length=32, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ToolHistory",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("tool", models.CharField(max_length=200)),
                ("approved", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("edited", models.PositiveIntegerField(default=0)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.agent"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "tool histories",
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "tool"), name="history_once_per_tool")
                ],
            },
        ),
        migrations.CreateModel(
            name="Rota",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.SlugField(max_length=60)),
                (
                    "period",
                    models.CharField(
                        choices=[("day", "every day"), ("week", "every week")], default="week", max_length=4
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(default=0, help_text="0 is Monday; for weeks only."),
                ),
                ("handover", models.TimeField(help_text="On the wall clock of the time zone.")),
                ("timezone", models.CharField(max_length=60)),
                ("starts_on", models.DateField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rotas", to="inbox.team"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="rota_name_once_per_team"),
                    models.CheckConstraint(
                        condition=models.Q(("weekday__lte", 6)), name="rota_weekday_is_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "verdict",
                    models.CharField(choices=[("approve", "approve"), ("reject", "reject")], max_length=10),
                ),
                ("message", models.TextField(blank=True)),
                ("via", models.CharField(max_length=20)),
                ("idempotency_key", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=71)),
                ("total", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="inbox.team"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["lease_until"],
                        name="batch_unfinished",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "idempotency_key"), name="batch_once_per_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("tool", models.CharField(max_length=200)),
                (
                    "risk",
                    models.CharField(
                        choices=[
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                            ("unverifiable", "unverifiable"),
                        ],
                        max_length=12,
                    ),
                ),
                ("pending", models.PositiveIntegerField(default=0)),
                ("latest_sentence", models.CharField(max_length=400)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.agent"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="groups", to="inbox.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("pending__gt", 0)),
                        fields=["team", "-pending", "id"],
                        name="group_waiting",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("team", "key"), name="group_once_per_team")],
            },
        ),
        migrations.CreateModel(
            name="TeamStream",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="stream",
                        serialize=False,
                        to="inbox.team",
                    ),
                ),
                ("seq", models.BigIntegerField(default=0)),
                (
                    "chain_head",
                    models.BinaryField(
                        default=b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                        max_length=32,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LimitBucket",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=71)),
                ("rule", models.CharField(max_length=80)),
                ("unit", models.CharField(max_length=5)),
                ("used", models.DecimalField(decimal_places=6, default=0, max_digits=24)),
                ("ends", models.DateTimeField(help_text="Purged some time after.")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limit_buckets",
                        to="inbox.team",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["ends"], name="limit_bucket_ends")],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "key"), name="limit_bucket_once"),
                    models.CheckConstraint(
                        condition=models.Q(("used__gte", 0)), name="limit_used_is_no_debt"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tier",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.SlugField(max_length=40)),
                ("rank", models.PositiveSmallIntegerField(help_text="1 is the lowest step.")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tiers", to="inbox.team"
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="tier_name_once_per_team"),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("team", "rank"),
                        name="tier_rank_once_per_team",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tool",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "effect",
                    models.CharField(
                        choices=[("read", "read"), ("write", "write"), ("irreversible", "irreversible")],
                        max_length=12,
                    ),
                ),
                (
                    "reversible",
                    models.BooleanField(
                        default=False, help_text="What it does can be put back with a further call."
                    ),
                ),
                (
                    "harmless",
                    models.BooleanField(
                        default=False,
                        help_text="A read that discloses nothing it should not: passes without a person.",
                    ),
                ),
                (
                    "risk_floor",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                            ("unverifiable", "unverifiable"),
                        ],
                        help_text="Never judged below this.",
                        max_length=12,
                    ),
                ),
                (
                    "template",
                    models.CharField(
                        blank=True,
                        help_text="Sentence shown to reviewers, such as `Refund {amount|money:USD} to {customer}`.",
                        max_length=300,
                    ),
                ),
                (
                    "idempotent",
                    models.BooleanField(
                        default=False,
                        help_text="Safe to run again with the same key after a crash; otherwise a person must look.",
                    ),
                ),
                (
                    "rejection_presets",
                    models.JSONField(
                        blank=True, default=list, help_text="Up to nine sentences told to the agent."
                    ),
                ),
                (
                    "impact",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Which arguments count recipients, money, rows (inbox.policy.templates.ImpactAdapter).",
                    ),
                ),
                (
                    "window_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="For how long after it ran it can be put back; empty: no limit known.",
                        null=True,
                    ),
                ),
                (
                    "inverse_tool",
                    models.CharField(blank=True, help_text="The tool that puts it back.", max_length=200),
                ),
                (
                    "inverse",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Its arguments, each with a path into this tool's.",
                    ),
                ),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tools", to="inbox.team"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="tool_once_per_team"),
                    models.CheckConstraint(
                        condition=models.Q(("harmless", False), ("effect", "read"), _connector="OR"),
                        name="only_reads_are_harmless",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("inverse", {}), ("inverse_tool", "")),
                            models.Q(("inverse_tool", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="inverse_names_its_tool",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "tier_counts_from",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a raised tier begins to count; empty when it does already.",
                        null=True,
                    ),
                ),
                ("is_admin", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("joined_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="inbox.team"
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="inbox.tier",
                    ),
                ),
                (
                    "tier_before",
                    models.ForeignKey(
                        blank=True,
                        help_text="What counts until a raise has cooled down.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.tier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="member_once_per_team")
                ],
            },
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.PositiveIntegerField()),
                (
                    "reference",
                    models.CharField(
                        help_text="The id as it was sent, which may be no id at all.", max_length=64
                    ),
                ),
                ("digest", models.CharField(max_length=80)),
                ("outcome", models.CharField(blank=True, max_length=30)),
                ("detail", models.CharField(blank=True, max_length=500)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="inbox.batch"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "")),
                        fields=["batch", "position"],
                        name="batch_item_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "position"), name="batch_position_once"),
                    models.UniqueConstraint(fields=("batch", "reference"), name="batch_item_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ceiling",
            fields=[
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="ceiling",
                        serialize=False,
                        to="inbox.member",
                    ),
                ),
                ("amount", models.DecimalField(blank=True, decimal_places=2, max_digits=20, null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "environments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, null=True, size=None
                    ),
                ),
                (
                    "tools",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, null=True, size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__isnull", True), ("currency", "")),
                            models.Q(
                                ("amount__gte", 0),
                                ("amount__isnull", False),
                                ("currency__regex", "^[A-Z]{3}$"),
                            ),
                            _connector="OR",
                        ),
                        name="ceiling_amount_has_currency",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RotaSeat",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="seats", to="inbox.member"
                    ),
                ),
                (
                    "rota",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="seats", to="inbox.rota"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("rota", "member"), name="rota_member_once"),
                    models.UniqueConstraint(fields=("rota", "position"), name="rota_position_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoleGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "members",
                    models.ManyToManyField(blank=True, related_name="role_groups", to="inbox.member"),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="role_groups",
                        to="inbox.team",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "name"), name="role_group_once_per_team")
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="The first moment they are back.")),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("revoked_at", models.DateTimeField(null=True)),
                ("begun_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "delegate",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stands_in_for",
                        to="inbox.member",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="inbox.member",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to="inbox.team",
                    ),
                ),
            ],
            options={
                "ordering": ["starts_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("revoked_at", None)),
                        fields=["team", "ends_at"],
                        name="delegation_open",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at", None)),
                        fields=["starts_at"],
                        name="delegation_unfinished",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="delegation_has_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("delegate__isnull", True),
                            models.Q(("delegate", models.F("member")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_stands_in_for_themselves",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("your_turn", "It is your turn"),
                            ("escalated", "Escalated to you"),
                            ("delegated", "Passed on to you"),
                            ("claim_ending", "Your claim is about to lapse"),
                            ("claim_taken", "Somebody took over what you had claimed"),
                            ("not_landed", "Your decision did not reach the agent"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        help_text="What collapses into one line: a request's or a group's id.", max_length=80
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("count", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="inbox.member",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["member", "-updated_at"], name="notification_latest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=("member", "kind", "key"),
                        name="unread_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChangeRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=30)),
                (
                    "subject",
                    models.CharField(
                        help_text="What it is about; one change waits a subject.", max_length=200
                    ),
                ),
                ("body", models.JSONField()),
                (
                    "digest",
                    models.CharField(
                        help_text="Of the canonical bytes of kind, subject and body.", max_length=71
                    ),
                ),
                (
                    "alone",
                    models.BooleanField(
                        default=False,
                        help_text="Applied at once: the team had no second admin who could have approved.",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a second person"),
                            ("applied", "Approved and applied"),
                            ("not_applied", "Approved, but what it was based on had changed"),
                            ("rejected", "Rejected, or nobody decided in time"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="inbox.team"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["team", "-created_at"], name="change_latest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("team", "kind", "subject"),
                        name="one_change_waits",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("verb", models.CharField(max_length=40)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor", models.CharField(max_length=200)),
                ("entry", models.BinaryField()),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_events",
                        to="inbox.team",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["team", "verb", "-seq"], name="audit_by_verb"),
                    models.Index(fields=["team", "actor", "-seq"], name="audit_by_actor"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "seq"), name="audit_seq_once_per_team")
                ],
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.SlugField(max_length=60)),
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="policy", to="inbox.team"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "policies",
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "document",
                    models.BinaryField(help_text="Canonical JSON of inbox.policy.document.PolicyDocument."),
                ),
                ("digest", models.CharField(max_length=71)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="inbox.policy",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("policy", "number"), name="policy_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("thread", models.CharField(max_length=200)),
                ("dedupe_key", models.CharField(max_length=200)),
                (
                    "body_digest",
                    models.CharField(
                        help_text="Of the body that created it: same key, other body is refused.",
                        max_length=71,
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                (
                    "address",
                    models.CharField(
                        blank=True, help_text="Inside the thread: a LangGraph interrupt id.", max_length=200
                    ),
                ),
                ("checkpoint", models.CharField(max_length=20)),
                ("dialect", models.CharField(max_length=30)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("held", "held"),
                            ("decided", "decided"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                            ("superseded", "superseded"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("approved", "approved"),
                            ("edited", "edited"),
                            ("rejected", "rejected"),
                            ("answered", "answered"),
                            ("mixed", "mixed"),
                        ],
                        max_length=12,
                        null=True,
                    ),
                ),
                ("revision_number", models.PositiveIntegerField(default=1)),
                ("digest", models.CharField(help_text="Of the current revision.", max_length=71)),
                (
                    "risk",
                    models.CharField(
                        choices=[
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                            ("unverifiable", "unverifiable"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reversible", models.BooleanField()),
                ("verifiable", models.BooleanField()),
                ("batchable", models.BooleanField()),
                ("sentence", models.CharField(max_length=400)),
                ("sentence_complete", models.BooleanField()),
                ("tool", models.CharField(max_length=200)),
                (
                    "tools",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), size=None
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=80)),
                ("facts_digest", models.CharField(max_length=71)),
                ("reasons", models.JSONField()),
                ("notes", models.JSONField(default=list)),
                ("needs", models.JSONField()),
                (
                    "environment",
                    models.CharField(blank=True, help_text="The agent's, when it asked.", max_length=40),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="The largest its arguments move, if any.",
                        max_digits=20,
                        null=True,
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "blocked",
                    models.BooleanField(
                        default=False, help_text="Only a break-glass verdict may let it through."
                    ),
                ),
                ("flags", models.JSONField(default=list, help_text="What the agent left out, as sentences.")),
                ("assigned_because", models.CharField(blank=True, max_length=200)),
                (
                    "on_timeout",
                    models.CharField(
                        choices=[
                            ("reject", "reject"),
                            ("escalate", "escalate"),
                            ("wait", "wait"),
                            ("halt", "halt"),
                        ],
                        default="reject",
                        max_length=10,
                    ),
                ),
                ("escalation_step", models.PositiveSmallIntegerField(default=0)),
                (
                    "escalate_at",
                    models.DateTimeField(help_text="When the next step of its escalation is due.", null=True),
                ),
                (
                    "asked_agent_at",
                    models.DateTimeField(
                        help_text="Since when it is the agent's turn to answer; empty while it is people's.",
                        null=True,
                    ),
                ),
                (
                    "claimed_until",
                    models.DateTimeField(help_text="When the claim lapses by itself.", null=True),
                ),
                (
                    "permit",
                    models.BooleanField(
                        default=False,
                        help_text="Whether the agent has the decision only when it consumes it, not when it reads it.",
                    ),
                ),
                ("context", models.JSONField()),
                ("claims", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("votes_cast", models.PositiveSmallIntegerField(default=0)),
                (
                    "urgency",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(models.Q(("risk__in", ["critical"])), then=models.Value(0)),
                            models.When(
                                models.Q(("risk__in", ["high", "unverifiable"])), then=models.Value(1)
                            ),
                            models.When(models.Q(("risk__in", ["medium"])), then=models.Value(2)),
                            models.When(models.Q(("risk__in", ["low"])), then=models.Value(3)),
                            output_field=models.SmallIntegerField(),
                        ),
                        output_field=models.SmallIntegerField(),
                    ),
                ),
                (
                    "serve_by",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                models.Q(("risk__in", ["high", "unverifiable"])),
                                then=django.db.models.functions.comparison.Least(
                                    "expires_at", inbox.models.order.Later("created_at", seconds=10200)
                                ),
                            ),
                            models.When(
                                models.Q(("risk__in", ["medium"])),
                                then=django.db.models.functions.comparison.Least(
                                    "expires_at", inbox.models.order.Later("created_at", seconds=14400)
                                ),
                            ),
                            default=models.F("expires_at"),
                            output_field=models.DateTimeField(),
                        ),
                        output_field=models.DateTimeField(),
                    ),
                ),
                (
                    "rises_at",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(models.Q(("risk__in", ["critical"])), then=models.F("created_at")),
                            models.When(
                                models.Q(("risk__in", ["high", "unverifiable"])),
                                then=inbox.models.order.Later(
                                    django.db.models.functions.comparison.Least(
                                        "expires_at", inbox.models.order.Later("created_at", seconds=10200)
                                    ),
                                    seconds=-600,
                                ),
                            ),
                            models.When(
                                models.Q(
                                    ("risk__in", ["medium"]),
                                    ("expires_at__gte", inbox.models.order.Later("created_at", seconds=0)),
                                ),
                                then=inbox.models.order.Later("expires_at", seconds=-300),
                            ),
                            models.When(
                                models.Q(
                                    ("risk__in", ["low"]),
                                    ("expires_at__gte", inbox.models.order.Later("created_at", seconds=3600)),
                                ),
                                then=inbox.models.order.Later("expires_at", seconds=-300),
                            ),
                            output_field=models.DateTimeField(),
                        ),
                        output_field=models.DateTimeField(null=True),
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="agents.agent",
                    ),
                ),
                (
                    "editor",
                    models.ForeignKey(
                        help_text="Whose edit the current revision is while it waits for others; they may not decide it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "part_of",
                    models.ForeignKey(
                        help_text="The request of which this is a line that was deferred.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        help_text="The person on whose behalf it is asked; they may not decide it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "supersedes",
                    models.OneToOneField(
                        help_text="The request of the same agent that this one takes the place of.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        help_text="Whose it is first.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assigned",
                        to="inbox.member",
                    ),
                ),
                (
                    "claimed_by",
                    models.ForeignKey(
                        help_text="Who works on it now.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claims",
                        to="inbox.member",
                    ),
                ),
                (
                    "instead_of",
                    models.ForeignKey(
                        help_text="Who it goes back to when they are there again.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.member",
                    ),
                ),
                (
                    "judged_by",
                    models.ForeignKey(
                        help_text="The latest version its needs were held against; empty while that is the one it was asked under.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="inbox.requestgroup",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="requests", to="inbox.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["team", "expires_at", "id"],
                        name="request_due",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state", "pending"), models.Q(("on_timeout", "wait"), _negated=True)
                        ),
                        fields=["expires_at"],
                        name="request_overdue",
                    ),
                    models.Index(
                        condition=models.Q(("escalate_at__isnull", False), ("state", "pending")),
                        fields=["escalate_at"],
                        name="request_escalates",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending"), ("votes_cast__gt", 0)),
                        fields=["team", "id"],
                        name="request_voted",
                    ),
                    models.Index(
                        condition=models.Q(("assignee__isnull", False), ("state", "pending")),
                        fields=["assignee", "expires_at"],
                        name="request_assigned",
                    ),
                    models.Index(
                        condition=models.Q(("instead_of__isnull", False), ("state", "pending")),
                        fields=["instead_of"],
                        name="request_goes_back",
                    ),
                    models.Index(
                        condition=models.Q(("rises_at__isnull", False), ("state", "pending")),
                        fields=["team", "urgency", "rises_at", "id"],
                        name="request_risen",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["team", "urgency", "batchable", "serve_by", "id"],
                        name="request_order",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["group", "id"],
                        name="request_of_group",
                    ),
                    models.Index(fields=["agent", "thread", "id"], name="request_of_thread"),
                    models.Index(
                        condition=models.Q(("state", "held")), fields=["team", "id"], name="request_held"
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", False)),
                        fields=["team", "-closed_at", "id"],
                        name="request_done",
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", False)),
                        fields=["team", "tool", "-closed_at"],
                        name="request_like_this",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["agent", "created_at"],
                        name="request_agent_waits",
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", False)),
                        fields=["agent", "-closed_at"],
                        include=("state", "outcome"),
                        name="request_agent_closed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "dedupe_key"), name="request_once_per_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome__isnull", False), ("state", "decided")),
                            models.Q(
                                models.Q(("state", "decided"), _negated=True), ("outcome__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="decided_has_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("state__in", ["pending", "held"])),
                            models.Q(
                                models.Q(("state__in", ["pending", "held"]), _negated=True),
                                ("closed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="final_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claimed_by__isnull", True), ("claimed_until__isnull", True)),
                            models.Q(("claimed_by__isnull", False), ("claimed_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="claim_has_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("on_timeout__in", ["reject", "escalate", "wait", "halt"])),
                        name="silence_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Backtest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("size", models.PositiveIntegerField(help_text="How many requests it will judge.")),
                ("judged", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(default=dict, help_text="inbox.policy.compare.Tally as JSON.")),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField()),
                ("asked_at", models.DateTimeField(null=True)),
                ("cursor", models.UUIDField(null=True)),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "base",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backtests",
                        to="inbox.policyversion",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="backtests", to="inbox.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["created_at"],
                        name="backtest_unfinished",
                    ),
                    models.Index(fields=["draft", "-created_at"], name="backtest_latest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=("draft", "base"),
                        name="backtest_runs_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Activation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("loosens", models.BooleanField(default=False)),
                (
                    "alone",
                    models.BooleanField(
                        default=False,
                        help_text="It loosens, and the team had no second admin who could have approved.",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "person",
                    models.ForeignKey(
                        help_text="Who enabled it: for a loosening the second person; empty for the one a team starts with.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="activations",
                        to="inbox.policy",
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="activations",
                        to="inbox.policyversion",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["policy", "-created_at"], name="activation_latest")],
            },
        ),
        migrations.CreateModel(
            name="ShadowRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("stopped_at", models.DateTimeField(null=True)),
                ("judged", models.PositiveBigIntegerField(default=0)),
                ("differed", models.PositiveBigIntegerField(default=0)),
                ("failed", models.PositiveBigIntegerField(default=0)),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_runs",
                        to="inbox.policy",
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_runs",
                        to="inbox.policyversion",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["version", "-started_at"], name="shadow_latest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at__isnull", True)),
                        fields=("policy",),
                        name="one_shadow_a_policy",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("person", "People decided"),
                            ("policy", "A policy rule decided"),
                            ("timeout", "Nobody decided in time"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("approved", "approved"),
                            ("edited", "edited"),
                            ("rejected", "rejected"),
                            ("answered", "answered"),
                            ("mixed", "mixed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=80)),
                ("revision_number", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=71)),
                (
                    "answer",
                    models.BinaryField(
                        help_text="Canonical bytes of the per-action answers, as the agent receives them."
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("via", models.CharField(max_length=20)),
                ("decided_at", models.DateTimeField()),
                ("seq", models.BigIntegerField()),
                ("chain_hash", models.BinaryField(max_length=32)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "person"), ("person__isnull", False)),
                            models.Q(models.Q(("kind", "person"), _negated=True), ("person__isnull", True)),
                            _connector="OR",
                        ),
                        name="people_have_names",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "timeout"), _negated=True),
                            ("outcome", "rejected"),
                            _connector="OR",
                        ),
                        name="silence_never_approves",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportedOutcome",
            fields=[
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="reported_outcome",
                        serialize=False,
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("succeeded", "succeeded"), ("failed", "failed"), ("unknown", "unknown")],
                        max_length=10,
                    ),
                ),
                ("detail", models.TextField(blank=True)),
                ("reported_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="BacktestBucket",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("of_draft", models.BooleanField()),
                ("key", models.CharField(help_text="As inbox.policy.limits.LimitUse has it.", max_length=71)),
                ("used", models.DecimalField(decimal_places=6, max_digits=24)),
                ("ends", models.DateTimeField()),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="buckets",
                        to="inbox.backtest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("backtest", "of_draft", "key"), name="backtest_bucket_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BacktestFinding",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("weight", models.PositiveSmallIntegerField(help_text="What must be looked at first is 0.")),
                (
                    "change",
                    models.CharField(
                        choices=[
                            ("passes", "passes"),
                            ("still", "still"),
                            ("fewer", "fewer"),
                            ("others", "others"),
                            ("more", "more"),
                            ("asks", "asks"),
                            ("refused", "refused"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "ended",
                    models.CharField(
                        choices=[
                            ("rejected", "rejected"),
                            ("edited", "edited"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                            ("approved", "approved"),
                            ("policy", "policy"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "rule",
                    models.CharField(blank=True, help_text="The draft's rule that speaks.", max_length=80),
                ),
                (
                    "before",
                    models.CharField(help_text="What the version in force says, in words.", max_length=300),
                ),
                ("after", models.CharField(max_length=300)),
                (
                    "backtest",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="findings",
                        to="inbox.backtest",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["backtest", "weight", "id"], name="finding_first")],
                "constraints": [
                    models.UniqueConstraint(fields=("backtest", "request"), name="finding_once_per_request")
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("tool", models.CharField(max_length=200)),
                (
                    "schema_digest",
                    models.CharField(
                        help_text="Of the tool's schema: a later schema is not meant.", max_length=71
                    ),
                ),
                ("pattern", models.JSONField(help_text="One test an argument (inbox.policy.grants).")),
                (
                    "thread",
                    models.CharField(blank=True, help_text="Only this run; empty for all.", max_length=200),
                ),
                ("max_uses", models.PositiveIntegerField(blank=True, null=True)),
                ("uses", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[("revoked", "Revoked"), ("expired", "Expired"), ("used-up", "Used up")],
                        max_length=10,
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="agents.agent"
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
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        help_text="Made from this one.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="inbox.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["agent", "tool"],
                        name="grant_in_force",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["expires_at"],
                        name="grant_expires",
                    ),
                    models.Index(fields=["team", "-id"], name="grant_latest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_uses__isnull", True), ("uses__lte", models.F("max_uses")), _connector="OR"
                        ),
                        name="grant_is_not_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="grant_ends_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("ended_because", "")),
                            models.Q(
                                ("ended_at__isnull", False), models.Q(("ended_because", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="grant_end_has_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("revision_number", models.PositiveIntegerField(help_text="The revision it was said of.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("question", "A person asks; the agent's turn"),
                            ("regenerate", "A person wants another draft; the agent's turn"),
                            ("guidance", "A person's note, which blocks nothing"),
                            ("answer", "The agent answers; people's turn"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.TextField()),
                (
                    "key",
                    models.CharField(
                        help_text="The sender's own key: a repeat is the same message.", max_length=200
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "person",
                    models.ForeignKey(
                        help_text="Who said it; empty for the agent.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["request", "created_at"], name="message_in_order")],
                "constraints": [
                    models.UniqueConstraint(fields=("request", "key"), name="message_once_per_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "answer"), ("person__isnull", True)),
                            models.Q(models.Q(("kind", "answer"), _negated=True), ("person__isnull", False)),
                            _connector="OR",
                        ),
                        name="agents_answer_people_ask",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("revision_number", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=71)),
                ("answers", models.BinaryField(help_text="Canonical bytes of what was said of each action.")),
                ("outcome", models.CharField(max_length=12)),
                ("message", models.TextField(blank=True)),
                ("via", models.CharField(max_length=20)),
                ("broke_glass", models.BooleanField(default=False)),
                (
                    "facts",
                    models.JSONField(
                        default=dict, help_text="What the audit log says of the vote: tier and slot."
                    ),
                ),
                ("held_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("release_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("released", "Released to the agent"),
                            ("undone", "Undone by a person"),
                            ("gone", "The agent took the request back"),
                            ("refused", "Policy refuses it by now"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="inbox.batch",
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
                (
                    "person",
                    models.ForeignKey(
                        help_text="Whose vote completed it; empty where policy lets it pass and a pause keeps it.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="inbox.policyversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["release_at"], name="hold_due"
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)), fields=["batch"], name="hold_of_batch"
                    ),
                    models.Index(fields=["person", "-held_at"], name="hold_latest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("request",),
                        name="one_hold_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", ""), ("ended_at__isnull", True)),
                            models.Q(("ended_at__isnull", False), models.Q(("end", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="ended_hold_says_how",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", "released"), _negated=True),
                            ("ended_at__gte", models.F("release_at")),
                            _connector="OR",
                        ),
                        name="released_when_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "payload",
                    models.BinaryField(
                        help_text="Canonical bytes of the envelope (docs/reference/digests.md)."
                    ),
                ),
                ("digest", models.CharField(max_length=71)),
                (
                    "set_aside",
                    models.JSONField(
                        default=list,
                        help_text="Lines this edit took out of a payload: rejected, or deferred to come back.",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "author",
                    models.ForeignKey(
                        help_text="The person who edited; empty for what the agent sent.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("request", "number"), name="revision_once")],
            },
        ),
        migrations.CreateModel(
            name="ShadowVerdict",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "change",
                    models.CharField(
                        choices=[
                            ("passes", "passes"),
                            ("still", "still"),
                            ("fewer", "fewer"),
                            ("others", "others"),
                            ("more", "more"),
                            ("asks", "asks"),
                            ("refused", "refused"),
                        ],
                        max_length=12,
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=80)),
                ("before", models.CharField(help_text="What was answered, in words.", max_length=300)),
                ("after", models.CharField(max_length=300)),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_verdict",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="verdicts",
                        to="inbox.shadowrun",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["run", "-id"], name="shadow_verdict_latest")],
            },
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "until",
                    models.CharField(
                        choices=[
                            ("time", "until a time"),
                            ("reply", "until the agent replies"),
                            ("decided", "until another request is decided"),
                            ("alike", "until so many alike wait"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(help_text="For a time: when it comes back.", null=True)),
                (
                    "count",
                    models.PositiveIntegerField(
                        help_text="For so many alike: how many in its group.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_because", models.CharField(blank=True, max_length=200)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="snoozes", to="inbox.member"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        help_text="For another request's decision: that request.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snoozing",
                        to="inbox.approvalrequest",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="snoozes",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["member", "request"],
                        name="snooze_of_member",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["other"],
                        name="snooze_for_other",
                    ),
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True), ("until", "time")),
                        fields=["at"],
                        name="snooze_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("request", "member"),
                        name="snoozed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("at__isnull", False),
                                ("count__isnull", True),
                                ("other__isnull", True),
                                ("until", "time"),
                            ),
                            models.Q(
                                ("at__isnull", True),
                                ("count__isnull", True),
                                ("other__isnull", True),
                                ("until", "reply"),
                            ),
                            models.Q(
                                ("at__isnull", True),
                                ("count__isnull", True),
                                ("other__isnull", False),
                                ("until", "decided"),
                            ),
                            models.Q(
                                ("at__isnull", True),
                                ("count__isnull", False),
                                ("other__isnull", True),
                                ("until", "alike"),
                            ),
                            _connector="OR",
                        ),
                        name="snooze_says_until_what",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Vote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("revision_number", models.PositiveIntegerField()),
                (
                    "slot",
                    models.CharField(
                        help_text="Which need it fills; empty for a rejection.", max_length=100, null=True
                    ),
                ),
                ("tier", models.CharField(help_text="The person's tier when they voted.", max_length=40)),
                ("digest", models.CharField(max_length=71)),
                ("approves", models.BooleanField()),
                (
                    "answers",
                    models.BinaryField(
                        help_text="Canonical bytes of what was said of each action; empty when all were approved, or rejected, as one.",
                        null=True,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("via", models.CharField(max_length=20)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "retracted_at",
                    models.DateTimeField(
                        help_text="When it was taken back, before anything was released.", null=True
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="votes",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retracted_at__isnull", True)),
                        fields=("request", "revision_number", "slot"),
                        name="slot_filled_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("retracted_at__isnull", True)),
                        fields=("request", "revision_number", "person"),
                        name="person_votes_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("approves", True), ("slot__isnull", False)),
                            models.Q(("approves", False), ("slot__isnull", True)),
                            _connector="OR",
                        ),
                        name="approval_fills_a_slot",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pickup",
            fields=[
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pickup",
                        serialize=False,
                        to="inbox.decision",
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("read", "Read over the API"),
                            ("consumed", "Consumed as a permit"),
                            ("delivered", "Delivered to its run"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "holder",
                    models.CharField(
                        blank=True, help_text="The consumer's own key, for a permit.", max_length=200
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="recall",
                        serialize=False,
                        to="inbox.decision",
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "answer",
                    models.BinaryField(
                        help_text="Canonical bytes of what the agent receives in place of the decision's."
                    ),
                ),
                ("at", models.DateTimeField()),
                ("seq", models.BigIntegerField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("good", "It was right"),
                            ("bad", "It was wrong"),
                            ("incident", "It did harm"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feedback",
                        to="inbox.decision",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feedback",
                "indexes": [models.Index(fields=["decision", "-created_at"], name="feedback_latest")],
            },
        ),
        migrations.CreateModel(
            name="GrantUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("count", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="used_by", to="inbox.grant"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="passed_by",
                        to="inbox.approvalrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("grant", "request"), name="grant_use_once_per_request")
                ],
            },
        ),
        migrations.CreateModel(
            name="Action",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agents.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("key", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=200)),
                ("args_digest", models.CharField(max_length=71)),
                ("sentence", models.CharField(max_length=400)),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="actions",
                        to="inbox.revision",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("revision", "key"), name="action_key_once"),
                    models.UniqueConstraint(fields=("revision", "position"), name="action_position_once"),
                ],
            },
        ),
        migrations.AddField(
            model_name="notification",
            name="request",
            field=models.ForeignKey(
                help_text="The latest it is about.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inbox.approvalrequest",
            ),
        ),
        migrations.AddField(
            model_name="changerequest",
            name="request",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="change",
                to="inbox.approvalrequest",
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="request",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="inbox.approvalrequest",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="rejudged",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inbox.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="shadow",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inbox.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="current",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inbox.policyversion",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reportedoutcome",
            trigger=pgtrigger.compiler.Trigger(
                name="outcome_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="655cc24c41afbee642e22a8ee93917d3a808a4be",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_outcome_is_immutable_aae86",
                    table="inbox_reportedoutcome",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="pickup",
            trigger=pgtrigger.compiler.Trigger(
                name="pickup_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="2903e416bca69c158e61f10f20a77b5ca503bdac",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_pickup_is_immutable_d1494",
                    table="inbox_pickup",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="feedback",
            trigger=pgtrigger.compiler.Trigger(
                name="feedback_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6e5f4cec813a7292795aa4008d46129af28369e8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_feedback_is_immutable_df86a",
                    table="inbox_feedback",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="grantuse",
            trigger=pgtrigger.compiler.Trigger(
                name="grant_use_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0feb8e67ba21640cba3e0b78a40bf1b3bfbaa3f2",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_grant_use_is_immutable_de78d",
                    table="inbox_grantuse",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="message",
            trigger=pgtrigger.compiler.Trigger(
                name="message_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="bd3874135476e44064baed23209e0c33da8cd18e",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_message_is_immutable_263fa",
                    table="inbox_message",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="policyversion",
            trigger=pgtrigger.compiler.Trigger(
                name="version_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="a5e50ccd73e1dcd2a2f7c6b56d0288af887f5663",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_version_is_immutable_c0f1b",
                    table="inbox_policyversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="c73307c38f7f990fc9a897a4a3054cbd9e7faa63",
                    operation="DELETE",
                    pgid="pgtrigger_hold_stays_cb8e7",
                    table="inbox_hold",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_ends_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF OLD.ended_at IS NOT NULL OR OLD.answers IS DISTINCT FROM NEW.answers\n                        OR OLD.release_at IS DISTINCT FROM NEW.release_at OR OLD.digest IS DISTINCT FROM NEW.digest THEN\n                        RAISE EXCEPTION 'hold % stays as it is', OLD.id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="3952482df19f4f1cef4435f5ed7f2e1b20ebf050",
                    operation="UPDATE",
                    pgid="pgtrigger_hold_ends_once_5c0ca",
                    table="inbox_hold",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e8ef6ff504f99943ff8d6372e524453e9acb3d48",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_decision_is_immutable_6d096",
                    table="inbox_decision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="silence_approves_nothing",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE asked text;",
                    func="\n                    SELECT state INTO asked FROM inbox_approvalrequest WHERE id = NEW.request_id;\n                    IF (NEW.kind = 'timeout') <> (asked = 'expired') THEN\n                        RAISE EXCEPTION 'a % decision on % request', NEW.kind, asked USING ERRCODE = 'check_violation';\n                    END IF;\n                    IF NEW.kind = 'timeout' AND (position('\"type\":\"approve\"'::bytea IN NEW.answer) > 0\n                        OR position('\"type\":\"edit\"'::bytea IN NEW.answer) > 0) THEN\n                        RAISE EXCEPTION 'silence never approves' USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="b8cc7555f06f1d4ba4ec981c9af5f35d5a5489df",
                    operation="INSERT",
                    pgid="pgtrigger_silence_approves_nothing_b4a89",
                    table="inbox_decision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="activation",
            trigger=pgtrigger.compiler.Trigger(
                name="activation_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="85fa57f9ab801c3be0f246d3ea090af6a758bd30",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_activation_is_immutable_48fbd",
                    table="inbox_activation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="revision",
            trigger=pgtrigger.compiler.Trigger(
                name="revision_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="d7f568f5ed44eb5c6293e26cfe375a04691241d8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_revision_is_immutable_42599",
                    table="inbox_revision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="action",
            trigger=pgtrigger.compiler.Trigger(
                name="action_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="8677e713da8af5194f60fc372b833a03b1fe35c6",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_action_is_immutable_b9052",
                    table="inbox_action",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="policy",
            index=models.Index(
                condition=models.Q(
                    ("rejudged__isnull", True),
                    models.Q(("rejudged", models.F("current")), _negated=True),
                    _connector="OR",
                ),
                fields=["id"],
                name="policy_to_rejudge",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="grant",
            trigger=pgtrigger.compiler.Trigger(
                name="grant_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="a14ba6d9c1f78fe87e4ae78137ae4fec23f0c600",
                    operation="DELETE",
                    pgid="pgtrigger_grant_stays_e7a62",
                    table="inbox_grant",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="grant",
            trigger=pgtrigger.compiler.Trigger(
                name="grant_is_bound",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.agent_id IS DISTINCT FROM NEW.agent_id OR OLD.tool IS DISTINCT FROM NEW.tool OR OLD.pattern IS DISTINCT FROM NEW.pattern OR OLD.schema_digest IS DISTINCT FROM NEW.schema_digest OR OLD.thread IS DISTINCT FROM NEW.thread OR OLD.max_uses IS DISTINCT FROM NEW.max_uses OR OLD.granted_by_id IS DISTINCT FROM NEW.granted_by_id OR OLD.expires_at IS DISTINCT FROM NEW.expires_at OR NEW.uses < OLD.uses OR (OLD.ended_at IS NOT NULL AND (NEW.uses > OLD.uses OR NEW.ended_at IS NULL)))",
                    func="RAISE EXCEPTION 'grant %: what it lets pass never changes', OLD.id USING ERRCODE = 'check_violation';",
                    hash="b250f2c7390cf04f62b8ba2382f9026fb158f5ef",
                    operation="UPDATE",
                    pgid="pgtrigger_grant_is_bound_8d58f",
                    table="inbox_grant",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="changerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("request__isnull", False), ("alone", True), _connector="OR"),
                name="change_is_asked_unless_alone",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changerequest",
            trigger=pgtrigger.compiler.Trigger(
                name="change_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="7717059f054b67180f7b1a8cfbebf78199a768fb",
                    operation="DELETE",
                    pgid="pgtrigger_change_stays_78bf8",
                    table="inbox_changerequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changerequest",
            trigger=pgtrigger.compiler.Trigger(
                name="change_is_bound",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.body IS DISTINCT FROM NEW.body OR OLD.kind <> NEW.kind OR OLD.digest <> NEW.digest OR OLD.author_id <> NEW.author_id OR OLD.request_id IS DISTINCT FROM NEW.request_id OR (OLD.state <> 'waiting' AND OLD.state <> NEW.state))",
                    func="RAISE EXCEPTION 'change %: what was proposed never changes', OLD.id USING ERRCODE = 'check_violation';",
                    hash="7127a6be1c0bede8681d6eb7a19cad7cdac57cea",
                    operation="UPDATE",
                    pgid="pgtrigger_change_is_bound_61404",
                    table="inbox_changerequest",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["request", "seq"], name="audit_of_request"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_is_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="1a15df567f8d79abcf7b832eed413ab0f4d2ef87",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_audit_is_append_only_27e98",
                    table="inbox_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_is_not_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'audit events are never removed' USING ERRCODE = 'check_violation';",
                    hash="72ff7cadb38ff8e2e3a3dfa2d4a6310363c4d5af",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_audit_is_not_emptied_5e5ac",
                    table="inbox_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="audit_continues_the_chain",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE head bytea;",
                    func="\n                    IF NEW.seq = 1 THEN\n                        head := decode(repeat('00', 32), 'hex');\n                    ELSE\n                        SELECT a.hash INTO head FROM inbox_auditevent a\n                        WHERE a.team_id = NEW.team_id AND a.seq = NEW.seq - 1;\n                    END IF;\n                    IF head IS NULL OR NEW.previous <> head\n                       OR NEW.hash <> sha256('\\x01'::bytea || head || sha256('\\x00'::bytea || NEW.entry)) THEN\n                        RAISE EXCEPTION 'audit event % does not continue the chain', NEW.seq\n                            USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="140ea77dca640da811bced07d824d3b519d5329c",
                    operation="INSERT",
                    pgid="pgtrigger_audit_continues_the_chain_8c6f3",
                    table="inbox_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="approvalrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="request_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{pending:decided,pending:expired,pending:held,pending:superseded,pending:withdrawn,held:decided,held:pending,held:superseded,held:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9dd4ab5a69eb8a32b7e6cd58aa648bebcf08175a",
                    operation="UPDATE",
                    pgid="pgtrigger_request_moves_c3283",
                    table="inbox_approvalrequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="approvalrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="request_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="2e40d6213ce37806c49fbe82155675f7e9bae20f",
                    operation="DELETE",
                    pgid="pgtrigger_request_stays_bfcb3",
                    table="inbox_approvalrequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="approvalrequest",
            trigger=pgtrigger.compiler.Trigger(
                name="request_is_bound",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.agent_id IS DISTINCT FROM NEW.agent_id OR OLD.dedupe_key IS DISTINCT FROM NEW.dedupe_key OR OLD.thread IS DISTINCT FROM NEW.thread OR OLD.address IS DISTINCT FROM NEW.address OR OLD.created_at IS DISTINCT FROM NEW.created_at OR (OLD.state <> 'pending' AND OLD.digest IS DISTINCT FROM NEW.digest) OR (OLD.state NOT IN ('pending', 'held') AND OLD.outcome IS DISTINCT FROM NEW.outcome))",
                    func="RAISE EXCEPTION 'request %: what it is about never changes', OLD.id USING ERRCODE = 'check_violation';",
                    hash="94bb539b05f0271aed8918178730df30d6767ab9",
                    operation="UPDATE",
                    pgid="pgtrigger_request_is_bound_318a3",
                    table="inbox_approvalrequest",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vote",
            trigger=pgtrigger.compiler.Trigger(
                name="vote_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="99d189c55e50be76eade0ce67fb14a4ac023e7c0",
                    operation="DELETE",
                    pgid="pgtrigger_vote_stays_eeca2",
                    table="inbox_vote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="vote",
            trigger=pgtrigger.compiler.Trigger(
                name="vote_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE asked text;",
                    func="\n                    SELECT state INTO asked FROM inbox_approvalrequest WHERE id = NEW.request_id;\n                    IF OLD.retracted_at IS NOT NULL OR NEW.retracted_at IS NULL OR asked NOT IN ('pending', 'held')\n                        OR to_jsonb(OLD) - 'retracted_at' IS DISTINCT FROM to_jsonb(NEW) - 'retracted_at' THEN\n                        RAISE EXCEPTION 'vote % stays as it was cast', OLD.id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="8504156a053f70f09d28b99ea473a0a59e5cb7db",
                    operation="UPDATE",
                    pgid="pgtrigger_vote_is_immutable_b4503",
                    table="inbox_vote",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recall",
            trigger=pgtrigger.compiler.Trigger(
                name="recall_is_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="54cda7c21246127ab207b579bb0ac5b34e5c98ab",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_recall_is_immutable_61e91",
                    table="inbox_recall",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="recall",
            trigger=pgtrigger.compiler.Trigger(
                name="recall_before_pickup",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF EXISTS (SELECT 1 FROM inbox_pickup p WHERE p.decision_id = NEW.decision_id) THEN\n                        RAISE EXCEPTION 'the agent has decision %', NEW.decision_id USING ERRCODE = 'check_violation';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="4c7c812429a1a7de2196b5199fc5641dbce6c1aa",
                    operation="INSERT",
                    pgid="pgtrigger_recall_before_pickup_98caf",
                    table="inbox_recall",
                    when="BEFORE",
                ),
            ),
        ),
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_team FOREIGN KEY (team_id) REFERENCES inbox_team (id)"
                " DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_team",
            )
            for table in GATEWAY
        ),
        # The cache is a table: login limits must count in every web process, and must not need the broker.
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE placet_cache ("
            " cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);"
            "CREATE INDEX placet_cache_expires ON placet_cache (expires);",
            "DROP TABLE placet_cache",
        ),
    ]
