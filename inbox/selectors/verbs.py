"""What one person may do with a request now, verb by verb, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inbox.lifecycle import State
from inbox.selectors.holds import Held
from inbox.selectors.payload import Payload
from inbox.selectors.request_page import RequestPage

_OFFERS: Final = {
    "approve": "approving",
    "break_glass": "approving",
    "edit": "editing",
    "respond": "an answer",
    "choose": "a choice",
}
# In the order of the bar.
NAMES: Final = ("approve", "edit", "respond", "choose", "reject", "break_glass", "undo")


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of the decision bar. `code` and `reason` say why it is not open; both "" when it is.

    `proposes`: what is sent with it others decide, because this person may not.
    """

    name: str
    code: str = ""
    reason: str = ""
    proposes: bool = False

    @property
    def may(self) -> bool:
        return not self.code


def verbs_of(page: RequestPage, *, over_claim: bool = False) -> tuple[Verb, ...]:
    """Every verb there is. What is closed to all of them for one cause says so for each.

    `over_claim`: though somebody else works on it.
    """
    return (*(_verb(name, page, over_claim) for name in NAMES[:-1]), _undo(page.held))


def _verb(name: str, page: RequestPage, over_claim: bool) -> Verb:
    over = _over(page)
    if over is not None or page.standing is None:
        return Verb(name, *(over or ("already-decided", "It is closed.")))
    may = page.standing.may
    proposes = name == "edit" and may.may_propose
    if not may.may and not proposes:
        return Verb(name, may.code, may.reason)
    if page.claim is not None and not over_claim:
        return Verb(name, "claimed", page.claim.reason)
    closed = None if name == "reject" else _closed(name, page)
    return Verb(name, *closed) if closed is not None else Verb(name, proposes=proposes)


def _closed(name: str, page: RequestPage) -> tuple[str, str] | None:
    payload, blocked = page.payload, page.request.blocked
    several = len(payload.keys) > 1
    if name == "break_glass":
        if not blocked:
            return "not-blocked", "No rule blocks this, so it is approved as usual."
        return None if payload.approvable else _not_offered(name, payload)
    if blocked:
        who = f"Rule {page.request.rule}" if page.request.rule else "Policy"
        return "blocked", f"{who} blocks this: only breaking the glass lets it pass."
    if name == "approve" and payload.approvable:
        return None
    if name != "approve" and not payload.some_offer(name):
        return _not_offered(name, payload)
    if several and not (name == "edit" and payload.approvable):
        return "in-parts", "It has several actions, not all to be approved: each is decided by itself."
    return None if name != "approve" else _not_offered(name, payload)


def _not_offered(name: str, payload: Payload) -> tuple[str, str]:
    if name in ("approve", "break_glass"):
        if payload.some_offer("choose"):
            return "not-offered", "This asks for a choice: choose one, or say that none fits."
        if payload.some_offer("respond"):
            return "not-offered", "This asks for an answer: write it, or reject the question."
    return "not-offered", f"The agent does not offer {_OFFERS[name]} here."


def _undo(held: Held | None) -> Verb:
    if held is None:
        return Verb("undo", "not-held", "Nothing is held: there is nothing to undo.")
    if not held.mine:
        return Verb("undo", "not-yours", f"{held.who.capitalize()} decided this, and you did not vote on it.")
    return Verb("undo")


def _over(page: RequestPage) -> tuple[str, str] | None:
    """Why nothing can be said of it by anybody, or not again by this person."""
    if page.held is not None:
        return "held", f"{page.held.text}. Until it is released it can be undone."
    if page.closing is not None:
        expired = page.request.state == State.EXPIRED.value
        return "expired" if expired else "already-decided", f"{page.closing.text}."
    if page.standing is not None and page.standing.voted:
        return "already-voted", "Your vote is recorded."
    return None
