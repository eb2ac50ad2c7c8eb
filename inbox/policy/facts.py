"""What policy may know. Who vouches for a fact decides what it may do: claims only ever raise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inbox.canonical import JsonValue
from inbox.policy.words import Effect, Risk


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """A tool's row in the catalogue: vouched for by an admin."""

    name: str
    effect: Effect
    reversible: bool
    harmless: bool
    risk_floor: Risk | None

    @property
    def can_be_undone(self) -> bool:
        """Reading leaves nothing to undo; a write counts only when the catalogue says it can be put back."""
        return self.effect is Effect.READ or (self.effect is Effect.WRITE and self.reversible)

    @property
    def is_harmless_read(self) -> bool:
        """Reads, and an admin says that what it shows may be shown."""
        return self.effect is Effect.READ and self.harmless


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One proposed action. `args` and `description` are the agent's bytes; the rest is the server's.

    `tool` is None when the catalogue does not know `name`. `verifiable` is False when the renderer could not
    show a reviewer exactly what the tool would receive; `findings` are its sentences about the payload.
    """

    key: str
    name: str
    kind: str
    args: Mapping[str, JsonValue]
    description: str
    tool: ToolFacts | None
    verifiable: bool
    findings: tuple[str, ...]

    @property
    def can_be_undone(self) -> bool:
        """Known to leave nothing that cannot be put back; an unknown tool never is."""
        return self.tool is not None and self.tool.can_be_undone

    @property
    def is_harmless_read(self) -> bool:
        """Known to read only, and harmlessly; an unknown tool never is."""
        return self.tool is not None and self.tool.is_harmless_read


@dataclass(frozen=True, slots=True)
class Claims:
    """The agent's own estimate: confidence from 0 to 1, cost in US dollars, duration in seconds."""

    risk: Risk | None = None
    urgency: str | None = None
    confidence: float | None = None
    cost_usd: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one evaluation may read. `now` is a fact too, so the same facts give the same verdict for ever."""

    agent: str
    team: str
    thread: str
    checkpoint: str
    actions: tuple[ActionFacts, ...]
    claims: Claims
    now: datetime
