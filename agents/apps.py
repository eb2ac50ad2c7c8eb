"""The gateway: who an agent is, what it speaks, how it is reached."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = "Agent gateway"

    def ready(self) -> None:
        post_migrate.connect(_create_checkpoint_tables, sender=self, dispatch_uid="agents.checkpoints")


def _create_checkpoint_tables(using: str, **_: Any) -> None:
    if using == DEFAULT_DB_ALIAS:
        # By name: LangGraph takes a second to import, and of all commands only `migrate` needs it here.
        import_string("agents.hosting.checkpoints.setup")()
