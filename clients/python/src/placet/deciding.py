"""What all verdicts share: how they are agreed to, one id after the other, each with its result, one exit code for all."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Sequence
from typing import Any

from placet.context import Context
from placet.errors import Invalid, NotSignedIn, Unreachable
from placet.exits import CHANGED, DECLINED, DONE, FAILURES, REFUSED, USAGE, Stop, code_of, told
from placet.ids import resolve, short
from placet.present import present
from placet.shapes import DecideOut, ReviewOut
from placet.words import time_of_day

# Why a verb is not open although the person would have the right.
_OVER = frozenset({"already-decided", "already-voted", "expired", "held"})
# A slip of the fingers is asked again; who guesses does not read.
TRIES = 3

Decided = tuple[ReviewOut, DecideOut]
Send = Callable[[str | None], DecideOut]


def binding(parser: ArgumentParser, *, yes: bool = True) -> None:
    """The options of everything that decides."""
    parser.add_argument("--note", default="", help="What the agent is told.")
    parser.add_argument("--digest", help="Decide only if this is still the digest. For one id.")
    parser.add_argument("--over-claim", action="store_true", help="Though somebody else works on it.")
    if yes:
        parser.add_argument(
            "--yes", action="store_true", help="Do not show and ask: for low risk, together with --digest."
        )


def each(context: Context, ids: Sequence[str], act: Callable[[str], Decided]) -> int:
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
                context.out.line(_done(review, decided), "ok")
    if context.json:
        context.out.json({"results": results})
    return code


def looked_up(
    context: Context, typed: str, given: Namespace, verb: str, *, but: Collection[str] = ()
) -> ReviewOut:
    """The request that was meant, if it is the one of `--digest` and this person may use the verb. Raises Stop."""
    checked(given)
    review = context.client.show(resolve(context.client, typed))
    bound(review, given.digest)
    require(review, verb, but={*but, *(("claimed",) if given.over_claim else ())})
    return review


def checked(given: Namespace) -> None:
    """Raises Stop where something shall be decided unseen that is not named by its digest."""
    if getattr(given, "yes", False) and not given.digest:
        raise Stop(USAGE, "digest-required", "--yes needs --digest: say what exactly you decide unseen.")


def agreed(
    context: Context,
    review: ReviewOut,
    given: Namespace,
    what: str,
    send: Send,
    shown: Callable[[], None] | None = None,
) -> DecideOut:
    """Show the request, ask whether to do `what`, and do it. From high risk on the server's question is asked.

    `shown` prints what is not the payload: the difference of an edit, the answer. With `--yes` nothing is shown.
    """
    if getattr(given, "yes", False):
        if review["risk"] != "low":
            raise Stop(REFUSED, "not-low", f"--yes is for low risk; this is {review['risk']}. Do it without.")
        return send(None)
    context.need_person("For low risk, scripts give --yes and --digest.")
    present(context.talk, review)
    if shown is not None:
        shown()
    context.talk.line()
    if any(verb["proposes"] for verb in review["verbs"]):
        # Nothing else is open to whom an edit is open as a proposal.
        context.talk.line("You may not decide this: what you send is a proposal that others decide.", "warn")
        what = f"Propose to others: {what}"
    if review["read_back"] is None:
        answer = context.talk.ask(f"{what}? [y/N]")
        if (answer or "").strip().casefold() not in ("y", "yes"):
            raise declined()
        return send(None)
    return _read_back(context, review["read_back"]["question"], what, send)


def require(review: ReviewOut, name: str, *, but: Collection[str] = ()) -> None:
    """Raises Stop when the server says that this person may not use the verb now, for a cause that is none of `but`."""
    verb = next((verb for verb in review["verbs"] if verb["name"] == name), None)
    if verb is None:
        raise Stop(REFUSED, "not-offered", f"This server offers no {name}.")
    if not verb["may"] and verb["code"] not in but:
        raise Stop(CHANGED if verb["code"] in _OVER else REFUSED, verb["code"], verb["reason"])


def bound(review: ReviewOut, digest: str | None) -> None:
    """Raises Stop when the request is not the one whose digest the person names."""
    if digest is not None and digest != review["digest"]:
        raise Stop(CHANGED, "digest-mismatch", f"Changed since you looked: its digest is {review['digest']}.")


def declined() -> Stop:
    """What is raised when the person says no."""
    return Stop(DECLINED, "declined", "You did not agree: nothing was recorded.")


def _read_back(context: Context, question: str, what: str, send: Send) -> DecideOut:
    for left in reversed(range(TRIES)):
        answer = context.talk.ask(f"{what}: read it in the payload above. {question}")
        if not (answer or "").strip():
            raise declined()
        try:
            return send(answer)
        except Invalid as error:
            if error.code != "read-back" or not left:
                raise
            context.talk.line(error.detail, "warn")
    raise AssertionError("the last try returns or raises")


def _done(review: ReviewOut, decided: DecideOut) -> str:
    if decided["proposed"]:
        return f"Proposed to others, still open: {', '.join(decided['slots_open'])}: {review['sentence']}"
    if decided["release_at"]:
        known = short(review["id"])
        until = time_of_day(decided["release_at"])
        return f"{review['sentence']}: held until {until} · undo with: placet undo {known}"
    if decided["outcome"] is None:
        return f"Your vote is recorded, still open: {', '.join(decided['slots_open'])}: {review['sentence']}"
    return f"{decided['outcome'].capitalize()}: {review['sentence']}"
