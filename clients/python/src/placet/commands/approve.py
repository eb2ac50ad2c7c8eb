"""`placet approve ID…`: shows the exact payload, asks, and decides on what was shown."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.deciding import bound, each, require
from placet.errors import Invalid
from placet.exits import DECLINED, REFUSED, USAGE, Stop
from placet.ids import resolve
from placet.present import present
from placet.shapes import DecideOut, ReviewOut

# A slip of the fingers is asked again; who guesses does not read.
TRIES = 3


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="Ids, or ends that only they have.")
    parser.add_argument("--note", default="", help="What the agent is told.")
    parser.add_argument("--digest", help="Approve only if this is still the digest. For one id.")
    parser.add_argument(
        "--yes", action="store_true", help="Do not show and ask: for low risk, together with --digest."
    )


def _run(context: Context, given: Namespace) -> int:
    if given.digest and len(given.ids) > 1:
        raise Stop(USAGE, "one-digest", "--digest is about one request: give one id.")
    if given.yes and not given.digest:
        raise Stop(USAGE, "digest-required", "--yes needs --digest: say what exactly you approve unseen.")
    return each(context, given.ids, lambda typed: _one(context, typed, given))


def _one(context: Context, typed: str, given: Namespace) -> tuple[ReviewOut, DecideOut]:
    review = context.client.show(resolve(context.client, typed))
    bound(review, given.digest)
    require(review, "approve")
    if given.yes:
        if review["risk"] != "low":
            raise Stop(
                REFUSED, "not-low", f"--yes is for low risk; this is {review['risk']}. Approve it without."
            )
        return review, context.client.approve(review, note=given.note)
    context.need_person("For low risk, scripts give --yes and --digest.")
    present(context.talk, review)
    context.talk.line()
    if review["read_back"] is None:
        typed_answer = context.talk.ask(f"Approve this {review['risk']} risk? [y/N]")
        if (typed_answer or "").strip().casefold() not in ("y", "yes"):
            raise _declined()
        return review, context.client.approve(review, note=given.note)
    return review, _read_back(context, review, review["read_back"]["question"], given.note)


def _read_back(context: Context, review: ReviewOut, question: str, note: str) -> DecideOut:
    for left in reversed(range(TRIES)):
        answer = context.talk.ask(f"To approve, read it in the payload above. {question}")
        if not (answer or "").strip():
            raise _declined()
        try:
            return context.client.approve(review, note=note, read_back=answer)
        except Invalid as error:
            if error.code != "read-back" or not left:
                raise
            context.talk.line(error.detail, "warn")
    raise AssertionError("the last try returns or raises")


def _declined() -> Stop:
    return Stop(DECLINED, "declined", "Not approved: nothing was recorded.")


COMMAND = Command("approve", "Show requests one by one, ask, and approve.", _arguments, _run)
