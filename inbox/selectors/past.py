"""What an agent's past says of the calls it proposes now: read in two queries, however many there are.

How often its runs asked is counted by the index of threads, whose keys are in the order of their making.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection

from agents.contract import ProposedAction
from agents.models import Agent
from inbox.canonical import JsonValue
from inbox.models import SeenValue
from inbox.policy.facts import ActionFacts, Facts, History
from inbox.policy.novelty import MOST_VALUES, new_destinations, telling

log = structlog.get_logger(__name__)

Digest = bytes
# A run's requests are counted up to here: what has asked so often is told apart from more by nobody.
MOST_COUNTED: Final = 1_000
LATELY: Final = timedelta(minutes=1)
_HISTORY: Final = """
    SELECT 'tool', tool, approved, rejected, edited FROM inbox_toolhistory
    WHERE agent_id = %(agent)s AND tool = ANY(%(tools)s)
    UNION ALL
    SELECT 'run', run.thread,
        (SELECT count(*) FROM (SELECT 1 FROM inbox_approvalrequest asked
            WHERE asked.agent_id = %(agent)s AND asked.thread = run.thread LIMIT %(most)s) before),
        (SELECT count(*) FROM (SELECT 1 FROM inbox_approvalrequest asked
            WHERE asked.agent_id = %(agent)s AND asked.thread = run.thread AND asked.id >= %(since)s LIMIT %(most)s) lately),
        0
    FROM unnest(%(threads)s::text[]) AS run(thread)
"""


def seen_digest(argument: str, value: str) -> Digest:
    """16 bytes for a value of an argument, keyed by the server's secret: a value cannot be guessed from the table.

    With another secret everything is new again, which only ever raises.
    """
    key = hashlib.sha256(b"seen values" + settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(f"{argument}\x00{value}".encode(), digest_size=16, key=key).digest()


def telling_digests(
    name: str, args: Mapping[str, JsonValue], most: int = MOST_VALUES
) -> dict[Digest, tuple[str, str]]:
    """The digests of a call's telling values, each with its argument and value. Empty where they cannot be walked."""
    try:
        return {seen_digest(*pair): pair for pair in telling(args, most)}
    except Exception:
        # Hostile arguments: whatever could not be computed keeps the request from passing already.
        log.exception("novelty_not_computed", tool=name)
        return {}


@dataclass(frozen=True, slots=True)
class Past:
    """An agent's past with the tools it asks for: people's decisions by tool, values seen by tool.

    `runs` is how often each of its threads asked, in all and within the last minute.
    """

    age_s: float = 0.0
    decided: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    seen: frozenset[tuple[str, Digest]] = frozenset()
    runs: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def load(
        cls, agent: Agent, actions: Iterable[ProposedAction], *, now: datetime, threads: Iterable[str] = ()
    ) -> Past:
        """Everything `told` and `told_of` need for these actions, asked in these threads."""
        asked = list(actions)
        names = sorted({action.name for action in asked})
        digests = {digest for action in asked for digest in _looked_for(action.name, action.args)}
        decided: dict[str, tuple[int, int, int]] = {}
        runs: dict[str, tuple[int, int]] = {}
        with connection.cursor() as cursor:
            cursor.execute(
                _HISTORY,
                {
                    "agent": agent.pk,
                    "tools": names,
                    "threads": sorted(set(threads)),
                    "since": UUID(int=int((now - LATELY).timestamp() * 1000) << 80),
                    "most": MOST_COUNTED,
                },
            )
            for kind, name, one, other, edited in cursor.fetchall():
                if kind == "tool":
                    decided[name] = (one, other, edited)
                else:
                    runs[name] = (one, other)
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
            seen=frozenset((tool, bytes(digest)) for tool, digest in seen),
            runs=runs,
        )

    def told_of(self, facts: Facts, *, ahead: int = 0) -> Facts:
        """A request's facts with what history says; `ahead` requests of its thread come with it and before it."""
        in_all, lately = self.runs.get(facts.thread, (0, 0))
        return replace(
            facts,
            actions=tuple(self.told(action) for action in facts.actions),
            requests_in_run=min(in_all + ahead, MOST_COUNTED),
            requests_lately=min(lately + ahead, MOST_COUNTED),
        )

    def told(self, action: ActionFacts) -> ActionFacts:
        """The action's facts with what history says."""
        fresh = [
            pair
            for digest, pair in _looked_for(action.name, action.args).items()
            if (action.name, digest) not in self.seen
        ]
        approved, rejected, edited = self.decided.get(action.name, (0, 0, 0))
        return replace(
            action,
            computed=replace(
                action.computed,
                new_values=tuple(dict.fromkeys(argument for argument, _ in fresh)),
                new_destinations=new_destinations(action, fresh),
                new_tool=action.name not in self.decided,
            ),
            history=History(approved=approved, rejected=rejected, edited=edited, agent_age_s=self.age_s),
        )


def _looked_for(name: str, args: Mapping[str, JsonValue]) -> dict[Digest, tuple[str, str]]:
    # One more than is remembered: behind forty values that are known, one that never was stays new.
    return telling_digests(name, args, MOST_VALUES + 1)
