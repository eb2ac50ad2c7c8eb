"""What an admin would say about the demo agents and their tools: plain data, for the floor that owns catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class ToolFacts:
    """A row of the tool catalogue. `template` is in the sentence language of docs/how-to/describe-a-tool.md."""

    name: str
    effect: Literal["read", "write", "irreversible"]
    template: str
    reversible: bool = False
    harmless: bool = False
    idempotent: bool = False
    rejection_presets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """A demo agent: its handle in the team and the hosted graph it runs."""

    handle: str
    graph: str


TOOLS: Final = (
    ToolFacts(
        "send_email",
        "irreversible",
        "Send email to {audience.recipients|number} people, {audience.external|number} outside: {subject}",
        rejection_presets=(
            "Wrong audience.",
            "The offer is not agreed with Sales.",
            "Send it to a sample first.",
        ),
    ),
    ToolFacts(
        "email_customer",
        "write",
        "Email {to}: {subject}, {discount_percent} % off the next order",
        rejection_presets=("The discount is too high.", "Call the customer instead."),
    ),
    ToolFacts(
        "pay_invoices",
        "write",
        "Pay {invoices|count} invoices of {run}",
        rejection_presets=(
            "Defer to next month.",
            "The goods have not arrived.",
            "The bank details changed.",
        ),
    ),
    ToolFacts(
        "publish_post",
        "irreversible",
        "Publish {title}, which says +{growth_percent} %: {body}",
        rejection_presets=("A figure is wrong.", "Not before the results are announced."),
    ),
    ToolFacts(
        "post_snippets",
        "write",
        "Announce at {at}: {twitter} / {linkedin}",
        reversible=True,
        rejection_presets=("Wrong time.", "The tone is off."),
    ),
    ToolFacts("choose_flight", "read", "Choose a flight for {route}"),
    ToolFacts(
        "book_flight",
        "write",
        "Book {flight} for {price|money:currency}",
        rejection_presets=("Too expensive.", "Take the train."),
    ),
    ToolFacts("ask_person", "read", "Asks: {question}"),
    ToolFacts(
        "delete_accounts",
        "irreversible",
        "Delete {account_ids|count} user accounts in {environment}",
        # Deleting what is gone already changes nothing.
        idempotent=True,
        rejection_presets=("Leave out paying customers.", "Export the data first.", "Ask Legal first."),
    ),
    ToolFacts(
        "issue_refund",
        "write",
        "Refund {amount|money:USD} to {customer} for {order}: {reason}",
        reversible=True,
        # The payment provider takes the effect key as its idempotency key.
        idempotent=True,
        rejection_presets=("Outside the return window.", "Refunded before."),
    ),
    ToolFacts("write_file", "write", "Write {path}: {content}", reversible=True, idempotent=True),
    ToolFacts("lookup_order", "read", "Look up order {order}", harmless=True, idempotent=True),
    ToolFacts("read_file", "read", "Read {path}", harmless=True, idempotent=True),
)

AGENTS: Final = (
    AgentFacts("crm-writer", "demo-crm"),
    AgentFacts("payables", "demo-payables"),
    AgentFacts("support-ai", "demo-support"),
    AgentFacts("ops-janitor", "demo-janitor"),
    AgentFacts("content-bot", "demo-content"),
    AgentFacts("travel", "demo-travel"),
    AgentFacts("build-agent", "demo-build"),
)

IDEMPOTENT: Final = frozenset(tool.name for tool in TOOLS if tool.idempotent)
