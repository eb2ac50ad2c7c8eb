"""What policy may know. Who vouches for a fact decides what it may do: claims only ever raise.

Three kinds: vouched for by the server (agent, tool, arguments as bytes, environment, history, time, run), computed by
it from those (`Computed`), and claimed by the agent (`Claims`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
class ShellFacts:
    """A shell command taken apart. `programs` are the commands' base names in order; `parsed` False: not understood.

    `runs_code` says that it runs code nobody took apart, `unknown` are programs no table knows, `sensitive` the files
    and variables it names that usually hold secrets, `hunts` that it searches for some.
    """

    parsed: bool
    programs: tuple[str, ...] = ()
    writes: bool = False
    destroys: bool = False
    privileged: bool = False
    network: bool = False
    runs_code: bool = False
    unknown: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    hunts: bool = False

    @property
    def only_reads(self) -> bool:
        """Every program is known and none of them changes, sends, runs or reveals anything."""
        return self.parsed and not (
            self.writes
            or self.destroys
            or self.privileged
            or self.network
            or self.runs_code
            or self.unknown
            or self.sensitive
            or self.hunts
        )


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """SQL taken apart: statement kinds (`select`, `delete`), tables and columns as written, all in lower case."""

    parsed: bool
    statements: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    writes: bool = False
    unbounded: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """What the server works out from one action's exact arguments, and from history.

    `amount` is in whole units of `currency` (ISO 4217, empty when none is named); `paths` are normalised, absolute
    ones kept absolute; `domains` are of addresses, `hosts` of URLs, lower case; `external` are the domains and hosts
    that are not the team's own, `carried_to` those hosts whose address could carry data there. `new_values` are arguments this agent never used with this tool before,
    `new_destinations` those of them by which something goes out, `new_tool` says the agent never used it, `foreign` are values found neither in the user's task nor in earlier
    results (those two are claims, so this too may only raise). `secret` names the argument that holds one, or "".
    `worked_out` is False on facts nobody computed: nothing passes on the strength of those.
    """

    worked_out: bool = False

    recipients: int = 0
    affected: int = 0
    amount: float | None = None
    currency: str = ""
    domains: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    carried_to: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    shell: ShellFacts | None = None
    sql: SqlFacts | None = None
    secret: str = ""
    foreign: tuple[str, ...] = ()
    new_values: tuple[str, ...] = ()
    new_destinations: tuple[str, ...] = ()
    new_tool: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What the server has seen before of this agent with this action's tool: counts of past decisions."""

    approved: int = 0
    rejected: int = 0
    edited: int = 0
    agent_age_s: float = 0.0


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
    args_schema: Mapping[str, JsonValue] | None = None
    computed: Computed = field(default_factory=Computed)
    history: History = field(default_factory=History)

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
    """The agent's own estimate: confidence from 0 to 1, cost in US dollars, duration in seconds.

    `user_task` and `prior_output` are what it says it was asked and what its last tool returned; `context` names the
    context fields it filled.
    """

    risk: Risk | None = None
    urgency: str | None = None
    confidence: float | None = None
    cost_usd: float | None = None
    duration_s: float | None = None
    user_task: str = ""
    prior_output: str = ""
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one evaluation may read. `now` is a fact too, so the same facts give the same verdict for ever.

    `environment` is the agent's, set by an admin; `requests_in_run` counts what this thread asked before (1,000 at most),
    `requests_lately` what of it came within the last minute.
    """

    agent: str
    team: str
    thread: str
    checkpoint: str
    actions: tuple[ActionFacts, ...]
    claims: Claims
    now: datetime
    environment: str = ""
    requests_in_run: int = 0
    requests_lately: int = 0
