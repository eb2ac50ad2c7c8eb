"""What one person may do with a request now, verb by verb, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.selectors.request_page import RequestPage


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of the decision bar. `code` and `reason` say why it is not open; both "" when it is."""

    name: str
    code: str = ""
    reason: str = ""

    @property
    def may(self) -> bool:
        return not self.code


def verbs_of(page: RequestPage) -> tuple[Verb, ...]:
    """Every verb there is. What is closed to all of them for one cause says so for each."""
    barred = _barred(page)
    if barred is not None:
        return tuple(Verb(name, *barred) for name in ("approve", "reject", "break_glass"))
    blocked = page.request.blocked
    if not page.payload.approvable:
        only = ("not-offered", "The agent allows only rejecting this.")
        return (Verb("approve", *only), Verb("reject"), Verb("break_glass", *only))
    if blocked:
        who = f"Rule {page.request.rule}" if page.request.rule else "Policy"
        return (
            Verb("approve", "blocked", f"{who} blocks this: only breaking the glass lets it pass."),
            Verb("reject"),
            Verb("break_glass"),
        )
    return (
        Verb("approve"),
        Verb("reject"),
        Verb("break_glass", "not-blocked", "No rule blocks this, so it is approved as usual."),
    )


def _barred(page: RequestPage) -> tuple[str, str] | None:
    standing = page.standing
    if page.closing is not None or standing is None:
        return "already-decided", f"{page.closing.text}." if page.closing else "It is closed."
    if standing.voted:
        return "already-voted", "Your vote is recorded."
    if not standing.may.may:
        return standing.may.code, standing.may.reason
    return None
