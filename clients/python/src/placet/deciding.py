"""What `approve` and `reject` share: one id after the other, each with its result, and one exit code for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from placet.context import Context
from placet.errors import NotSignedIn, Unreachable
from placet.exits import CHANGED, DONE, FAILURES, REFUSED, Stop, code_of, told
from placet.shapes import DecideOut, ReviewOut

# Why a verb is not open although the person would have the right.
_OVER = frozenset({"already-decided", "already-voted"})


def each(context: Context, ids: Sequence[str], act: Callable[[str], tuple[ReviewOut, DecideOut]]) -> int:
    """Decide the ids in their order and report each. The exit code is that of the first that failed."""
    results: list[dict[str, Any]] = []
    code = DONE
    for typed in ids:
        try:
            review, decided = act(typed)
        except FAILURES as error:
            results.append({"id": typed, "error": told(error)})
            context.talk.line(f"{typed}: {error}", "bad")
            code = code or code_of(error)
            if isinstance(error, Unreachable | NotSignedIn):
                if isinstance(error, Unreachable) and error.idempotency_key:
                    context.talk.line(
                        f"It may be recorded all the same: look with placet show {typed}.", "warn"
                    )
                break
        else:
            results.append({"id": review["id"], "digest": review["digest"], **decided})
            if not context.json:
                context.out.line(f"{_done(decided)}: {review['sentence']}", "ok")
    if context.json:
        context.out.json({"results": results})
    return code


def require(review: ReviewOut, name: str) -> None:
    """Raises Stop when the server says that this person may not use the verb now."""
    verb = next((verb for verb in review["verbs"] if verb["name"] == name), None)
    if verb is None:
        raise Stop(REFUSED, "not-offered", f"This server offers no {name}.")
    if not verb["may"]:
        raise Stop(CHANGED if verb["code"] in _OVER else REFUSED, verb["code"], verb["reason"])


def bound(review: ReviewOut, digest: str | None) -> None:
    """Raises Stop when the request is not the one whose digest the person names."""
    if digest is not None and digest != review["digest"]:
        raise Stop(CHANGED, "digest-mismatch", f"Changed since you looked: its digest is {review['digest']}.")


def _done(decided: DecideOut) -> str:
    if decided["outcome"] is None:
        return f"Your vote is recorded, still open: {', '.join(decided['slots_open'])}"
    return decided["outcome"].capitalize()
