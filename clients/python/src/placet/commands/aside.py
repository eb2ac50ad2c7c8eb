"""`placet defer` and `placet undefer`: a request put aside for oneself, and what brings it back."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime, timedelta
from typing import Final

from placet.commands.command import Command
from placet.context import Context
from placet.exits import USAGE, Stop
from placet.ids import resolve

_SPAN: Final = re.compile(r"([0-9]{1,5})(m|h|d)")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    until = parser.add_mutually_exclusive_group(required=True)
    until.add_argument("--for", dest="span", metavar="SPAN", help="15m, 1h, 2d.")
    until.add_argument(
        "--until", metavar="TIME", help="A time such as 2026-12-01T09:00, of your zone if none; or tomorrow."
    )
    until.add_argument("--reply", action="store_true", help="Until the agent answers.")
    until.add_argument("--decided", metavar="ID", help="Until that other request is decided.")
    until.add_argument("--alike", metavar="N", type=int, help="Until so many alike wait.")


def _run(context: Context, given: Namespace) -> int:
    client = context.client
    if given.until == "tomorrow":
        request_id = resolve(client, given.id)
        put = client.snooze(request_id, preset="tomorrow")
    else:
        at = _time(given)
        request_id = resolve(client, given.id)
        other = resolve(client, given.decided) if given.decided is not None else None
        put = client.snooze(request_id, at=at, reply=given.reply, decided=other, alike=given.alike)
    if put["warning"]:
        context.talk.line(put["warning"], "warn")
    return context.tell(f"Put aside: {put['words']}.", put)


def _time(given: Namespace) -> datetime | None:
    if given.span is not None:
        found = _SPAN.fullmatch(given.span)
        if not found:
            raise Stop(USAGE, "bad-time", f"{given.span} is no span: 15m, 1h, 2d.")
        return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})
    if given.until is None:
        return None
    try:
        return datetime.fromisoformat(given.until).astimezone()
    except (ValueError, OverflowError):
        raise Stop(USAGE, "bad-time", f"{given.until} is no time: 2026-12-01T09:00.") from None


def _taken_back(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")


def _undefer(context: Context, given: Namespace) -> int:
    request_id = resolve(context.client, given.id)
    context.client.unsnooze(request_id)
    return context.tell("It waits for you again.", {"id": request_id})


DEFER = Command("defer", "Put a request aside for yourself.", _arguments, _run)
UNDEFER = Command("undefer", "Take back what you put aside.", _taken_back, _undefer)
