"""The inbox's order as stored columns; adding them computes them for every request there is."""

from __future__ import annotations

import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import inbox.models.order


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0003_halted_runs"),
        ("inbox", "0009_limit_buckets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="approvalrequest",
            name="request_critical",
        ),
        migrations.RemoveIndex(
            model_name="approvalrequest",
            name="request_look",
        ),
        migrations.AddField(
            model_name="approvalrequest",
            name="rises_at",
            field=models.GeneratedField(
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
        migrations.AddField(
            model_name="approvalrequest",
            name="serve_by",
            field=models.GeneratedField(
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
        migrations.AddField(
            model_name="approvalrequest",
            name="urgency",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(models.Q(("risk__in", ["critical"])), then=models.Value(0)),
                    models.When(models.Q(("risk__in", ["high", "unverifiable"])), then=models.Value(1)),
                    models.When(models.Q(("risk__in", ["medium"])), then=models.Value(2)),
                    models.When(models.Q(("risk__in", ["low"])), then=models.Value(3)),
                    output_field=models.SmallIntegerField(),
                ),
                output_field=models.SmallIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(
                condition=models.Q(("rises_at__isnull", False), ("state", "pending")),
                fields=["team", "urgency", "rises_at", "id"],
                name="request_risen",
            ),
        ),
        migrations.AddIndex(
            model_name="approvalrequest",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["team", "urgency", "batchable", "serve_by", "id"],
                name="request_order",
            ),
        ),
    ]
