"""What people came to: exactly what may run, or why nothing may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from placet.agent.shapes import DecidedActionOut, Outcome, RequestOut
from placet.errors import PlacetError
from placet.shapes import State


class NotApproved(PlacetError):
    """The action must not run. `decision` says why; `halt` that the whole run must stop."""

    def __init__(self, decision: Decision, detail: str) -> None:
        super().__init__(detail)
        self.decision = decision
        self.detail = detail
        self.halt = decision.halt


class Rejected(NotApproved):
    """People or policy said no, took their yes back, or said not now."""


class Withdrawn(NotApproved):
    """The agent took it back, its run ended, or another request took its place."""


class Expired(NotApproved):
    """Nobody decided in time: nobody said no, and nobody said yes. Not placet.errors.Expired, which is an HTTP answer."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The end of one request."""

    request: RequestOut

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request["id"]

    @property
    def state(self) -> State:
        """`decided`, `expired`, `withdrawn` or `superseded`."""
        return self.request["state"]

    @property
    def outcome(self) -> Outcome | None:
        """What it came to over all actions; None where nobody decided."""
        return self.request["outcome"]

    @property
    def actions(self) -> Sequence[DecidedActionOut]:
        """What was decided of each action; empty where the request was taken back."""
        found = self.request["decision"]
        return found["actions"] if found else ()

    @property
    def halt(self) -> bool:
        """Whether the run must stop: all its thread asked has ended alike."""
        found = self.request["decision"]
        return bool(found and found["halt"])

    @property
    def guidance(self) -> Sequence[str]:
        """Notes people left while it waited."""
        found = self.request["decision"]
        return found["guidance"] if found else ()

    def action(self, key: str | None = None) -> DecidedActionOut:
        """What was decided of that action, or of the only one.

        Raises Withdrawn or Expired where nobody decided, ValueError without a key for several, KeyError for no action.
        """
        self._ended()
        if key is None:
            if len(self.actions) != 1:
                raise ValueError(f"{len(self.actions)} actions were decided: name one by its key")
            return self.actions[0]
        return {action["key"]: action for action in self.actions}[key]

    def may_run(self, key: str | None = None) -> bool:
        """Whether the action may run, with the arguments of `args`."""
        return self.state == "decided" and self.action(key)["type"] in ("approve", "edit")

    def args(self, key: str | None = None) -> dict[str, Any]:
        """Exactly the approved arguments, edited ones included. Raises Rejected, Withdrawn or Expired, else as `action`."""
        found = self.action(key)
        if found["type"] not in ("approve", "edit") or found["args"] is None:
            raise Rejected(self, self._why(found))
        return found["args"]

    def value(self, key: str | None = None) -> Any:
        """The answer to a question, or the list of chosen values. Raises Rejected, Withdrawn or Expired, else as `action`."""
        found = self.action(key)
        if found["type"] not in ("respond", "choose"):
            raise Rejected(self, self._why(found))
        return found["value"]

    def _ended(self) -> None:
        if self.state in ("withdrawn", "superseded"):
            raise Withdrawn(self, f"Request {self.id} was {self.state}.")
        if self.state == "expired":
            raise Expired(self, f"Nobody decided request {self.id} in time.")

    def _why(self, action: DecidedActionOut) -> str:
        said = f": {action['message']}" if action["message"] else "."
        word = (
            "deferred: ask again later" if action["type"] == "defer" else f"not approved ({action['type']})"
        )
        return f"{action['key']} was {word}{said}"
