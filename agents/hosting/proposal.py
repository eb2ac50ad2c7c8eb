"""What a hosted graph hands to `interrupt()`: the actions it wants to take and its own words about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from agents import canonical
from agents.contract import (
    MAX_ACTIONS,
    MAX_EXPIRY_SECONDS,
    Checkpoint,
    Claims,
    Context,
    ProposedAction,
    Wire,
    check_keys,
)
from agents.hosting.base import Interrupt


class Proposal(Wire):
    """The value of one interrupt. Its actions are decided together; several interrupts at once stay apart.

    `expires_in` is in seconds; without it policy decides how long people have.
    """

    actions: Annotated[tuple[ProposedAction, ...], Field(min_length=1, max_length=MAX_ACTIONS)]
    context: Context = Context()
    claims: Claims = Claims()
    checkpoint: Checkpoint = "pre_execution"
    expires_in: Annotated[int, Field(ge=1, le=MAX_EXPIRY_SECONDS)] | None = None

    @model_validator(mode="after")
    def _keys_once(self) -> Proposal:
        check_keys(self.actions)
        return self


class NotAProposal(ValueError):
    """A graph interrupted with something people cannot be asked."""


def parse(interrupt: Interrupt) -> Proposal:
    """The proposal in an interrupt's value, held to the same strict JSON as the HTTP API.

    Raises NotAProposal with a sentence for the graph's author.
    """
    if not isinstance(interrupt.value, Mapping):
        raise NotAProposal("interrupt() was given no proposal: it takes an object with `actions`.")
    try:
        # Through bytes: strict JSON refuses what Postgres or another parser would read differently.
        raw = canonical.dumps(interrupt.value)
        canonical.loads(raw)
        return Proposal.model_validate_json(raw)
    except canonical.JsonRefused as error:
        raise NotAProposal(f"interrupt() was given a value that cannot be kept: {error.detail}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the value"
        raise NotAProposal(f"interrupt() was given no proposal: {where}: {first['msg']}.") from None
    except (TypeError, ValueError) as error:
        raise NotAProposal(f"interrupt() was given a value that is not JSON: {error}") from None
