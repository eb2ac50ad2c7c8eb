"""The world of the demo tools: what a real tool would do to mail, money or accounts becomes a row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from agents.crashpoints import crashpoint
from agents.demos.catalogue import IDEMPOTENT
from agents.demos.models import LedgerEntry
from agents.models import HostedRun


@dataclass(frozen=True, slots=True)
class Call:
    """One approved call: the thread it belongs to, the tool, and the key a real tool would be given."""

    thread: str
    tool: str
    effect_key: str


def write(call: Call, args: Mapping[str, Any]) -> None:
    """Do the effect. A tool declared idempotent does nothing the second time its key comes; any other does it again."""
    try:
        if call.tool in IDEMPOTENT and LedgerEntry.objects.filter(effect_key=call.effect_key).exists():
            return
        team_id = HostedRun.objects.values_list("team_id", flat=True).get(thread=call.thread)
        LedgerEntry.objects.create(
            team_id=team_id, thread=call.thread, tool=call.tool, args=dict(args), effect_key=call.effect_key
        )
        crashpoint("resume.after_effect")
    finally:
        # LangGraph runs parallel tasks in short-lived threads; Django would leave a pooled connection in each.
        if not connection.in_atomic_block:
            connection.close()
