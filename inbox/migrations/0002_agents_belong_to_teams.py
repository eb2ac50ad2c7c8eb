"""The gateway's `team_id` columns point at teams: the foreign keys are added from this floor, which knows both."""

from __future__ import annotations

from django.db import migrations

TABLES = ("agents_agent", "agents_delivery", "agents_hostedrun")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial"), ("agents", "0001_initial")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_team FOREIGN KEY (team_id) REFERENCES inbox_team (id)"
            " DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_team",
        )
        for table in TABLES
    ]
