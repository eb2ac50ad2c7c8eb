"""`placet escalate` and `placet delegate`: somebody else should decide it too, or first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from placet.commands.command import Command
from placet.context import Context
from placet.ids import resolve


def _escalate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="The id, or an end that only it has.")
    parser.add_argument("--reason", required=True, help="Why; the others read it.")


def _delegate_arguments(parser: ArgumentParser) -> None:
    _escalate_arguments(parser)
    parser.add_argument("--to", metavar="USERNAME", required=True, help="Who may decide it now.")


def _escalate(context: Context, given: Namespace) -> int:
    done = context.client.escalate(resolve(context.client, given.id), reason=given.reason)
    needs = ", ".join(
        " ".join((str(need["count"]), *(word for word in (need["tier"], need["group"]) if word)))
        for need in done["needs"]
    )
    first = f"; first with {done['assignee']}" if done["assignee"] else ""
    return context.tell(f"Escalated: it needs {needs}{first}.", done)


def _delegate(context: Context, given: Namespace) -> int:
    done = context.client.delegate(resolve(context.client, given.id), to=given.to, reason=given.reason)
    return context.tell(f"Passed on to {done['assignee']}.", done)


ESCALATE = Command("escalate", "Let a request need further people as well.", _escalate_arguments, _escalate)
DELEGATE = Command("delegate", "Pass a request on to somebody.", _delegate_arguments, _delegate)
