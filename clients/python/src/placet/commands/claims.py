"""`placet claim` and `placet release`: others see who works on a request."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.ids import resolve
from placet.words import time_of_day


def _claim_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--take-over", action="store_true", help="End somebody's live claim, and tell them.")


def _release_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")


def _claim(context: Context, given: Namespace) -> int:
    claim = context.client.claim(resolve(context.client, given.id), take_over=given.take_over)
    taken = f", taken from {claim['taken_from']}" if claim["taken_from"] else ""
    return context.tell(f"Yours until {time_of_day(claim['until'])}{taken}.", claim)


def _release(context: Context, given: Namespace) -> int:
    request_id = resolve(context.client, given.id)
    context.client.release(request_id)
    return context.tell("Nobody's claim.", {"id": request_id})


CLAIM = Command("claim", "Say that you work on a request, for five minutes.", _claim_arguments, _claim)
RELEASE = Command("release", "Let go of your claim.", _release_arguments, _release)
