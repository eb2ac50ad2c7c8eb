"""What people do with a request besides deciding it: talk, take back, put aside, pass on, claim, judge, pause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast
from uuid import uuid4

from placet.acts import (
    AftermathOut,
    ClaimOut,
    ConversationOut,
    DelegateOut,
    EscalateOut,
    NotificationsOut,
    Opinion,
    PauseOut,
    PausesOut,
    ReadOut,
    SaidOut,
    SnoozeOut,
)
from placet.calls import Calls, part

Saying = Literal["ask", "regenerate", "guide"]


class Acting(Calls):
    """Each method is one call. What has no idempotency key and must not happen twice is not sent twice."""

    def say(
        self,
        how: Saying,
        request_id: str,
        text: str,
        *,
        digest: str | None = None,
        idempotency_key: str | None = None,
    ) -> SaidOut:
        """`ask` the agent, have it `regenerate` its draft, or `guide` it. A digest refuses what is said of another draft."""
        body: dict[str, Any] = {"text": text, "idempotency_key": idempotency_key or uuid4().hex}
        if digest is not None:
            body["digest"] = digest
        return cast("SaidOut", self._transport.post(f"requests/{part(request_id)}/{how}", body))

    def conversation(self, request_id: str) -> ConversationOut:
        """What was said, the drafts, and what changed since the one this person knows."""
        return cast("ConversationOut", self._transport.get(f"requests/{part(request_id)}/conversation"))

    def aftermath(self, request_id: str) -> AftermathOut:
        """What followed a decision, and which ways to take it back are open to this person."""
        return cast("AftermathOut", self._transport.get(f"requests/{part(request_id)}/aftermath"))

    def undo(self, request_id: str, *, reason: str = "") -> AftermathOut:
        """Take a held decision back: the request waits again."""
        return cast("AftermathOut", self._on(request_id, "undo", {"reason": reason}))

    def recall(self, request_id: str, *, reason: str) -> AftermathOut:
        """Take a released decision back before the agent has it: it gets a no in its place."""
        return cast("AftermathOut", self._on(request_id, "recall", {"reason": reason}))

    def compensate(self, request_id: str, *, reason: str) -> AftermathOut:
        """Ask the agent to put back what it did; somebody else decides that request (`compensated_by`)."""
        return cast("AftermathOut", self._on(request_id, "compensate", {"reason": reason}))

    def feedback(self, request_id: str, kind: Opinion, *, reason: str = "") -> AftermathOut:
        """Say whether a decision was right; the latest word counts. `bad` and `incident` need a reason."""
        body = {"kind": kind, "reason": reason}
        return cast("AftermathOut", self._on(request_id, "feedback", body, again=True))

    def snooze(
        self,
        request_id: str,
        *,
        at: datetime | None = None,
        preset: Literal["15m", "1h", "tomorrow"] | None = None,
        reply: bool = False,
        decided: str | None = None,
        alike: int | None = None,
    ) -> SnoozeOut:
        """Put it aside for oneself, by exactly one of these: a time, the agent's reply, another decision, so many alike."""
        if sum((at is not None, preset is not None, reply, decided is not None, alike is not None)) != 1:
            raise ValueError("say until when or what, once")
        body: dict[str, Any] = {"until": "time"}
        if at is not None:
            body["at"] = at.isoformat()
        elif preset is not None:
            body["in"] = preset
        elif reply:
            body = {"until": "reply"}
        elif decided is not None:
            body = {"until": "decided", "other": decided}
        else:
            body = {"until": "alike", "count": alike}
        return cast("SnoozeOut", self._on(request_id, "snooze", body, again=True))

    def unsnooze(self, request_id: str) -> None:
        """Take back what was put aside."""
        self._transport.act(f"requests/{part(request_id)}/snooze", {}, again=False, method="DELETE")

    def escalate(self, request_id: str, *, reason: str) -> EscalateOut:
        """Let it need the people of its next step as well."""
        return cast("EscalateOut", self._on(request_id, "escalate", {"reason": reason}))

    def delegate(self, request_id: str, *, to: str, reason: str) -> DelegateOut:
        """Make it first somebody else's, by username, whose vote would count now."""
        return cast("DelegateOut", self._on(request_id, "delegate", {"to": to, "reason": reason}))

    def claim(self, request_id: str, *, take_over: bool = False) -> ClaimOut:
        """Claim it for five minutes, or renew."""
        return cast("ClaimOut", self._on(request_id, "claim", {"take_over": take_over}, again=True))

    def release(self, request_id: str) -> None:
        """Let go of one's claim."""
        self._on(request_id, "release", {}, again=True)

    def pauses(self) -> PausesOut:
        """What is paused now, oldest first."""
        return cast("PausesOut", self._transport.get("pauses", team=self.team))

    def pause(
        self,
        *,
        reason: str,
        agent: str | None = None,
        tool: str | None = None,
        everything: bool = False,
    ) -> PauseOut:
        """Stop releasing to an agent, of a tool, in the whole team (neither named), or on the whole server."""
        body: dict[str, Any] = {"reason": reason, "everything": everything}
        named = {"team": None if everything else self.team, "agent": agent, "tool": tool}
        body |= {name: value for name, value in named.items() if value}
        return cast("PauseOut", self._transport.act("pauses", body, again=True))

    def resume(self, pause_id: str, *, reason: str = "") -> PauseOut:
        """End a pause."""
        path = f"pauses/{part(pause_id)}/resume"
        return cast("PauseOut", self._transport.act(path, {"reason": reason}, again=True))

    def notifications(self) -> NotificationsOut:
        """The latest 50, read and unread."""
        return cast("NotificationsOut", self._transport.get("notifications", team=self.team))

    def mark_read(self, *ids: str) -> ReadOut:
        """Mark these notifications read; none named means all."""
        body: dict[str, Any] = {"ids": list(ids)} if ids else {"all": True}
        if self.team:
            body["team"] = self.team
        return cast("ReadOut", self._transport.act("notifications/read", body, again=True))

    def _on(self, request_id: str, verb: str, body: Mapping[str, Any], *, again: bool = False) -> Any:
        return self._transport.act(f"requests/{part(request_id)}/{verb}", body, again=again)
