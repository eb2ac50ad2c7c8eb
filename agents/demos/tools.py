"""The demo agents' tools: typed arguments, and what each does with them once approved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from agents.contract import Checkpoint
from agents.demos import ledger, world
from agents.demos.ledger import Call


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Audience(_Arguments):
    segment: str
    recipients: int
    external: int
    list_digest: str


class SendEmail(_Arguments):
    """Send one message to every member of a customer segment."""

    audience: _Audience
    subject: str
    body: str


class EmailCustomer(_Arguments):
    """Send a message to one customer, with a discount code for the next order."""

    to: str
    subject: str
    body: str
    discount_percent: int


class _Invoice(_Arguments):
    invoice: str
    supplier: str
    amount: float
    currency: str
    due: str


class PayInvoices(_Arguments):
    """Transfer what several suppliers' invoices ask for, in one payment run."""

    run: str
    invoices: list[_Invoice]


class PublishPost(_Arguments):
    """Put a post on the company's blog."""

    title: str
    body: str
    growth_percent: int


class PostSnippets(_Arguments):
    """Announce a post on the social networks at a time."""

    twitter: str
    linkedin: str
    at: str


class ChooseFlight(_Arguments):
    """Ask a person which of several flights to take."""

    route: str
    options: list[dict[str, Any]]


class BookFlight(_Arguments):
    """Book a flight."""

    flight: str
    price: float
    currency: str


class AskPerson(_Arguments):
    """Ask a person something and go on with their answer."""

    question: str
    draft: str


class DeleteAccounts(_Arguments):
    """Delete user accounts with everything they hold. There is no undo."""

    environment: str
    account_ids: list[str]
    criterion: str


class IssueRefund(_Arguments):
    """Refund an order in part or whole, in US dollars."""

    order: str
    customer: str
    amount: float
    reason: str


class WriteFile(_Arguments):
    """Replace a file of the documentation."""

    path: str
    content: str


class LookupOrder(_Arguments):
    """Read an order."""

    order: str


class ReadFile(_Arguments):
    """Read a file of the documentation."""

    path: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool an agent may ask to run. `run` gets arguments that were approved, and returns what the model reads.

    A question or a choice is run by a person: what they say is its result. `lines` points at a list in the arguments
    whose lines people may decide one by one.
    """

    name: str
    arguments: type[BaseModel]
    run: Callable[[Call, dict[str, Any]], str]
    kind: Literal["tool_call", "question", "choice"] = "tool_call"
    checkpoint: Checkpoint = "pre_execution"
    lines: str | None = None

    def action(self, key: str, args: Mapping[str, Any], says: str) -> dict[str, Any]:
        """The action as people are asked for it."""
        asked: dict[str, Any] = {
            "key": key,
            "kind": self.kind,
            "name": self.name,
            "args": dict(args),
            "description": says,
        }
        if self.kind == "choice":
            asked["options"] = asked["args"].pop("options")
        if self.kind == "tool_call":
            asked["args_schema"] = self.arguments.model_json_schema()
        return {**asked, "lines": self.lines} if self.lines else asked

    def schema(self) -> dict[str, Any]:
        """The tool as chat models are told of it."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.arguments.__doc__ or "",
                "parameters": self.arguments.model_json_schema(),
            },
        }


def _effect(done: str) -> Callable[[Call, dict[str, Any]], str]:
    def run(call: Call, args: dict[str, Any]) -> str:
        ledger.write(call, args)
        return done

    return run


def _send_email(call: Call, args: dict[str, Any]) -> str:
    audience = world.audience()
    if args["audience"]["list_digest"] != audience["list_digest"]:
        return "Not sent: the segment's members are no longer those that were approved."
    ledger.write(call, args)
    return f"Sent to {audience['recipients']:,} people."


def _pay_invoices(call: Call, args: dict[str, Any]) -> str:
    ledger.write(call, args)
    return json.dumps({"paid": [one["invoice"] for one in args["invoices"]]})


def _publish_post(call: Call, args: dict[str, Any]) -> str:
    ledger.write(call, args)
    return json.dumps({"published": args["title"], "growth_percent": args["growth_percent"]})


def _said(call: Call, args: dict[str, Any]) -> str:
    raise AssertionError(f"{call.tool} is run by a person")


def _lookup_order(call: Call, args: dict[str, Any]) -> str:
    order = world.order_book().get(args["order"])
    return json.dumps(order) if order else "There is no such order."


def _read_file(call: Call, args: dict[str, Any]) -> str:
    return world.library().get(args["path"], "There is no such file.")


TOOLS: Final = {
    tool.name: tool
    for tool in (
        Tool("send_email", SendEmail, _send_email),
        Tool("email_customer", EmailCustomer, _effect("Sent.")),
        Tool("pay_invoices", PayInvoices, _pay_invoices, lines="/invoices"),
        Tool("publish_post", PublishPost, _publish_post, checkpoint="pre_commit"),
        Tool("post_snippets", PostSnippets, _effect("Scheduled."), checkpoint="pre_commit"),
        Tool("choose_flight", ChooseFlight, _said, kind="choice"),
        Tool("book_flight", BookFlight, _effect("Booked.")),
        Tool("ask_person", AskPerson, _said, kind="question", checkpoint="mid_execution"),
        Tool("delete_accounts", DeleteAccounts, _effect("Deleted.")),
        Tool("issue_refund", IssueRefund, _effect("Refunded.")),
        Tool("write_file", WriteFile, _effect("Written.")),
        Tool("lookup_order", LookupOrder, _lookup_order),
        Tool("read_file", ReadFile, _read_file),
    )
}
