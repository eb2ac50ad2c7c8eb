"""The cache is a table: login limits must count in every web process, and must not need the broker."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_agents_belong_to_teams")]

    operations = [
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE placet_cache ("
            " cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);"
            "CREATE INDEX placet_cache_expires ON placet_cache (expires);",
            "DROP TABLE placet_cache",
        )
    ]
