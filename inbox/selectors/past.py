"""What an agent's past says of the calls it proposes now: read in two queries, however many there are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog
from django.conf import settings

from agents.contract import ProposedAction
from agents.models import Agent
from inbox.canonical import JsonValue
from inbox.models import SeenValue, ToolHistory
from inbox.policy.facts import ActionFacts, History
from inbox.policy.novelty import telling

log = structlog.get_logger(__name__)

Digest = bytes


def seen_digest(argument: str, value: str) -> Digest:
    """16 bytes for a value of an argument, keyed by the server's secret: a value cannot be guessed from the table.

    With another secret everything is new again, which only ever raises.
    """
    key = hashlib.sha256(b"seen values" + settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(f"{argument}\x00{value}".encode(), digest_size=16, key=key).digest()


def telling_digests(name: str, args: Mapping[str, JsonValue]) -> dict[Digest, str]:
    """The digests of a call's telling values, each with its argument's name. Empty where they cannot be walked."""
    try:
        return {seen_digest(argument, value): argument for argument, value in telling(args)}
    except Exception:
        # Hostile arguments: whatever could not be computed keeps the request from passing already.
        log.exception("novelty_not_computed", tool=name)
        return {}


@dataclass(frozen=True, slots=True)
class Past:
    """An agent's past with the tools it asks for: people's decisions by tool, values seen by tool."""

    age_s: float = 0.0
    decided: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    seen: frozenset[tuple[str, Digest]] = frozenset()

    @classmethod
    def load(cls, agent: Agent, actions: Iterable[ProposedAction], *, now: datetime) -> Past:
        """Everything `told` needs for these actions."""
        asked = list(actions)
        names = {action.name for action in asked}
        digests = {digest for action in asked for digest in telling_digests(action.name, action.args)}
        rows = ToolHistory.objects.filter(agent=agent, tool__in=names)
        decided = {
            tool: (yes, no, edited)
            for tool, yes, no, edited in rows.values_list("tool", "approved", "rejected", "edited")
        }
        seen = (
            SeenValue.objects.filter(agent=agent, tool__in=names, digest__in=digests).values_list(
                "tool", "digest"
            )
            if digests
            else ()
        )
        return cls(
            age_s=max(0.0, (now - agent.created_at).total_seconds()),
            decided=decided,
            used=frozenset(decided),
            seen=frozenset((tool, bytes(digest)) for tool, digest in seen),
        )

    def told(self, action: ActionFacts) -> ActionFacts:
        """The action's facts with what history says."""
        fresh = [
            argument
            for digest, argument in telling_digests(action.name, action.args).items()
            if (action.name, digest) not in self.seen
        ]
        approved, rejected, edited = self.decided.get(action.name, (0, 0, 0))
        return replace(
            action,
            computed=replace(
                action.computed,
                new_values=tuple(dict.fromkeys(fresh)),
                new_tool=action.name not in self.used,
            ),
            history=History(approved=approved, rejected=rejected, edited=edited, agent_age_s=self.age_s),
        )
