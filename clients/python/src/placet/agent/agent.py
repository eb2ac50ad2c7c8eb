"""The agent's client: ask, wait, answer what people ask back, say what happened."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, cast, overload
from uuid import uuid4

from placet.agent.decisions import Decision
from placet.agent.shapes import Happened, MessageOut, OutcomeOut, ProposedAction, RequestOut
from placet.calls import part
from placet.errors import Conflict, Expired, Unreachable
from placet.transport import Transport

# One answer of the server takes as long at most; the transport gives up after 30 s.
LONGEST_WAIT: Final = 20.0
# For so long a waiting agent bears a server that gives no answer.
PATIENCE: Final = 300.0
PAUSE: Final = 5.0
_OPEN: Final = ("pending", "held")

OnQuestion = Callable[[MessageOut], str | None]
"""Answers what people ask; None leaves it to them to decide without."""
OnRegenerate = Callable[[MessageOut, RequestOut], Sequence[ProposedAction] | None]
"""Makes another draft of the actions; None leaves the one they have."""


class Agent:
    """One agent, by its token, on one thread of work. Sequential: one call waits at a time.

    Every method raises placet.errors.Refused when the server says no and Unreachable when there is no answer.
    """

    def __init__(
        self, url: str, token: str, *, thread: str | None = None, transport: Transport | None = None
    ) -> None:
        self._transport = transport or Transport(url, token)
        self.thread = thread or f"run-{uuid4().hex}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._transport.close()

    @overload
    def ask(
        self,
        what: str | Sequence[ProposedAction],
        args: dict[str, Any] | None = None,
        *,
        wait: None = None,
        dedupe_key: str | None = None,
        on_question: OnQuestion | None = None,
        on_regenerate: OnRegenerate | None = None,
        **fields: Any,
    ) -> Decision: ...

    @overload
    def ask(
        self,
        what: str | Sequence[ProposedAction],
        args: dict[str, Any] | None = None,
        *,
        wait: float,
        dedupe_key: str | None = None,
        on_question: OnQuestion | None = None,
        on_regenerate: OnRegenerate | None = None,
        **fields: Any,
    ) -> Decision | Pending: ...

    def ask(
        self,
        what: str | Sequence[ProposedAction],
        args: dict[str, Any] | None = None,
        *,
        wait: float | None = None,
        dedupe_key: str | None = None,
        on_question: OnQuestion | None = None,
        on_regenerate: OnRegenerate | None = None,
        **fields: Any,
    ) -> Decision | Pending:
        """Ask for one call of a tool, or for several actions at once, and wait until it is closed or `wait` seconds are over.

        `fields` are those of the API's body (`context`, `claims`, `expires_in`, `on_timeout`, `supersedes`, …). The same
        `dedupe_key` and body again is the same request, so a restarted agent finds its own; without one each call is new.
        """
        actions = [{"key": "call", "name": what, "args": args or {}}] if isinstance(what, str) else list(what)
        key = dedupe_key or uuid4().hex
        body = {"thread": self.thread, **fields, "dedupe_key": key, "actions": actions}
        until = _until(wait)
        talks = on_question is not None or on_regenerate is not None
        # Who answers questions must hear of them, and only reading tells.
        first = 0.0 if talks else _seconds(until)
        made = self._transport.post("requests", body, key=key, wait=f"{first:.3f}")
        pending = Pending(self, cast("RequestOut", made), on_question, on_regenerate)
        return pending.wait_until(until)

    def read(self, request_id: str, *, wait: float = 0, after: str | None = None) -> RequestOut:
        """One request, at once or when it is closed, something is said after that message, or the seconds are over."""
        path = f"requests/{part(request_id)}"
        return cast("RequestOut", self._transport.get(path, wait=f"{wait:.3f}", after=after))

    def pending(
        self,
        request_id: str,
        *,
        on_question: OnQuestion | None = None,
        on_regenerate: OnRegenerate | None = None,
    ) -> Pending:
        """A request asked earlier, to wait for; also by an agent that was started anew."""
        return Pending(self, self.read(request_id), on_question, on_regenerate)

    def answer(self, request_id: str, text: str, *, key: str | None = None) -> RequestOut:
        """Answer what people asked: it is their turn again."""
        known = key or uuid4().hex
        path = f"requests/{part(request_id)}/messages"
        return cast("RequestOut", self._transport.post(path, {"key": known, "text": text}, key=known))

    def revise(
        self,
        request_id: str,
        digest: str,
        actions: Sequence[ProposedAction],
        *,
        note: str = "",
        key: str | None = None,
        **fields: Any,
    ) -> RequestOut:
        """Another draft in place of the one with that digest. Raises Conflict when it is no longer the current one."""
        known = key or uuid4().hex
        body = {**fields, "key": known, "digest": digest, "actions": list(actions), "note": note}
        return cast(
            "RequestOut", self._transport.post(f"requests/{part(request_id)}/revisions", body, key=known)
        )

    def withdraw(self, request_id: str, *, reason: str = "") -> RequestOut:
        """Take a request back. Raises Conflict when a decision was first."""
        path = f"requests/{part(request_id)}/withdraw"
        return cast("RequestOut", self._transport.act(path, {"reason": reason}, again=False))

    def report(self, request_id: str, status: Happened, detail: str = "") -> OutcomeOut:
        """Say what happened after the decision. Once; the same again is answered alike."""
        path = f"requests/{part(request_id)}/outcome"
        body = {"status": status, "detail": detail}
        return cast("OutcomeOut", self._transport.act(path, body, again=True))


@dataclass
class Pending:
    """A request nobody has answered yet. Carry on, and `wait` again later; `request` is what was last read."""

    agent: Agent
    request: RequestOut
    on_question: OnQuestion | None = None
    on_regenerate: OnRegenerate | None = None
    heard: set[str] = field(default_factory=set, repr=False)

    @property
    def id(self) -> str:
        """The request's id."""
        return self.request["id"]

    @overload
    def wait(self, seconds: None = None) -> Decision: ...

    @overload
    def wait(self, seconds: float) -> Decision | Pending: ...

    def wait(self, seconds: float | None = None) -> Decision | Pending:
        """Wait until it is closed, or for so many seconds; with 0 look once."""
        self.request = self.agent.read(self.id)
        return self.wait_until(_until(seconds))

    def withdraw(self, reason: str = "") -> RequestOut:
        """Take it back."""
        return self.agent.withdraw(self.id, reason=reason)

    def wait_until(self, until: float) -> Decision | Pending:
        """The same until a moment of `time.monotonic`, from what was last read."""
        while self.request["state"] in _OPEN:
            after = self.request["messages"][-1]["id"] if self.request["messages"] else "none"
            if self._talked():
                self.request = self.agent.read(self.id)
                continue
            if time.monotonic() >= until:
                return self
            self.request = self._read_on(until, after)
        return Decision(self.request)

    def _read_on(self, until: float, after: str) -> RequestOut:
        # People take hours; a server that is restarted meanwhile must not end the run.
        since = time.monotonic()
        while True:
            try:
                return self.agent.read(self.id, wait=_seconds(until), after=after)
            except Unreachable:
                now = time.monotonic()
                if now - since > PATIENCE or now + PAUSE >= until:
                    raise
                time.sleep(PAUSE)

    def _talked(self) -> bool:
        """Answer the last thing people want, once. Whether something was sent."""
        if self.request["turn"] != "agent":
            return False
        asked = [one for one in self.request["messages"] if one["kind"] in ("question", "regenerate")]
        if not asked or asked[-1]["id"] in self.heard:
            return False
        message = asked[-1]
        self.heard.add(message["id"])
        # The message's own id: who was interrupted between sending and noting it sends the same again.
        key = f"to-{message['id']}"
        try:
            if message["kind"] == "question":
                text = self.on_question(message) if self.on_question else None
                if text is None:
                    return False
                self.agent.answer(self.id, text, key=key)
            else:
                actions = self.on_regenerate(message, self.request) if self.on_regenerate else None
                if actions is None:
                    return False
                self.agent.revise(self.id, self.request["digest"], actions, key=key)
        except (Conflict, Expired):
            # People decided meanwhile, or edited: what is so now is read next.
            return True
        return True


def _until(seconds: float | None) -> float:
    return math.inf if seconds is None else time.monotonic() + max(seconds, 0)


def _seconds(until: float) -> float:
    return min(LONGEST_WAIT, max(until - time.monotonic(), 0.0))
