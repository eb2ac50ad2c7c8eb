"""One rule of a policy document: what it matches, and what happens then."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from inbox.policy.shapes import (
    Checkpoint,
    IfMissing,
    Moment,
    Needs,
    Note,
    OnTimeout,
    Pattern,
    Require,
    Seconds,
    Slug,
    Strict,
    Title,
)
from inbox.policy.words import Effect, Risk

__all__ = ["LONGEST_EXPRESSION", "Condition", "Limit", "Op", "Rule", "Scalar", "Then", "Window"]

LONGEST_EXPRESSION: Final = 1_000

Then = Literal["allow", "review", "deny", "break_glass"]
Op = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in",
    "contains", "starts_with", "ends_with", "matches", "under", "exists",
]  # fmt: skip
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FactName = Annotated[
    str, StringConstraints(pattern=r"^[a-z_]{1,40}(\.([A-Za-z0-9_$-]{1,80}|\*)){0,10}$", max_length=300)
]
Text = Annotated[str, StringConstraints(max_length=500)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Scalar = bool | Whole | Number | Text
Several = Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=200)]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]


class Condition(Strict):
    """`fact` `op` `value`, as in `amount lt 50`. What each op means: `inbox.policy.conditions`.

    Of a fact with several values an allow rule needs every one to hold, any other rule needs one.
    """

    fact: FactName
    op: Op
    value: Scalar | Several | None = None


class Window(Strict):
    """Hours of a week on the clocks of `timezone`: from `from` to just before `to`, on `days`.

    A window whose `to` is before its `from` runs over midnight and belongs to the day it starts on.
    """

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=7)] | None = None
    start: Clock = Field(default="00:00", alias="from")
    end: Clock = Field(default="24:00", alias="to")
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,60}$")] = "UTC"


class Limit(Strict):
    """How often (`count`), or for how much money (`value` in `currency`), a rule may let something pass.

    Counted in calendar hours or days of UTC, separately for each agent, tool or target where `by` says so.
    """

    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    value: Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)] | None = None
    currency: Currency | None = None
    per: Literal["hour", "day"]
    by: Literal["rule", "agent", "tool", "target"] = "rule"


class Rule(Strict):
    """What happens to the actions it matches.

    It matches an action when everything given holds: `tool` and `agent` are patterns where `*` stands for any
    run of characters and `?` for one; `checkpoint`, `effects`, `environments` and `window` match anything when
    absent; all conditions of `when` and the CEL `expression` must be true. An unknown tool has no effect, so a
    rule with `effects` never matches it; past `until` an allow rule matches nothing. Of the matching rules the
    highest `priority` wins; at the same priority deny wins over break_glass, review and allow, in this order.
    """

    id: Slug
    title: Title | None = None
    priority: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    tool: Pattern = "*"
    agent: Pattern = "*"
    checkpoint: Checkpoint | None = None
    effects: Annotated[tuple[Effect, ...], Field(min_length=1, max_length=3)] | None = None
    environments: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)] | None = None
    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=20)] | None = None
    expression: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION, pattern=r"^[ -~\n\t]*$")
        ]
        | None
    ) = None
    window: Window | None = None
    until: Moment | None = None
    then: Then
    risk_at_least: Risk | None = None
    note: Note | None = None
    needs: Needs | None = None
    require: Require | None = None
    missing: IfMissing | None = None
    limits: Annotated[tuple[Limit, ...], Field(min_length=1, max_length=5)] | None = None
    expires_in: Seconds | None = None
    on_timeout: OnTimeout | None = None
