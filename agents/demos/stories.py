"""What the demo agents set out to do: a goal, a task in words, and the script for the model that needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.demos import world

Turn = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """One run of one agent. `name` begins the thread's name."""

    name: str
    handle: str
    goal: str
    task: str
    script: tuple[Turn, ...]

    @property
    def input(self) -> dict[str, Any]:
        """What the graph starts from."""
        return {"goal": self.goal, "task": self.task, "script": list(self.script)}


def _turn(says: str, *calls: tuple[str, dict[str, Any]], **more: Any) -> Turn:
    return {"says": says, "calls": [{"name": name, "args": args} for name, args in calls], **more}


def promotion() -> Story:
    """A mail to every customer."""
    audience = world.audience()
    mail = {
        "audience": audience,
        "subject": "Three days only: 25 % off everything",
        "body": (
            "Hello,\n\nfrom Friday to Sunday everything in the shop is 25 % off. Use the code WINTER25.\n\n"
            "You get this message because you bought from us. Unsubscribe in your account.\n"
        ),
    }
    return Story(
        "promotion",
        "crm-writer",
        "Announce the winter promotion",
        f"Announce the winter promotion (25 % off, Friday to Sunday) to the segment {audience}.",
        (
            _turn(
                "The promotion starts on Friday. I would send the announcement to all customers now.",
                ("send_email", mail),
                context={
                    "rationale": "Last year the announcement brought 312 orders.",
                    "reversibility": "A sent mail cannot be called back.",
                    "alternatives": ["Send to 200 customers first.", "Show a banner in the shop instead."],
                },
                claims={"risk": "low", "confidence": 0.91},
            ),
        ),
    )


def five_invoices() -> Story:
    """Five payments proposed in one turn, each decided by itself."""
    invoices = world.invoices()
    return Story(
        "invoices",
        "payables",
        "Pay the invoices due this week",
        f"Pay each of these invoices: {invoices}",
        (
            _turn(
                "Five invoices are due by Friday and match their purchase orders.",
                *(("pay_invoice", invoice) for invoice in invoices),
                context={"rationale": "Paying by the due date keeps the 2 % discount of two suppliers."},
                claims={"confidence": 0.97},
            ),
        ),
    )


def late_delivery() -> Story:
    """An apology with a discount."""
    name, address = world.customers()[118]
    order = world.order_id(500)
    mail = {
        "to": address,
        "subject": "Your late delivery",
        "body": (
            f"Dear {name},\n\nyour parcel reached you nine days late, and we are sorry. Please take 20 % off your next "
            "order with the code SORRY20.\n\nYour support team\n"
        ),
        "discount_percent": 20,
    }
    return Story(
        "late-delivery",
        "support-ai",
        "Answer a complaint about a late delivery",
        f"{name} <{address}> complains that order {order} came nine days late. Look it up and apologise with 20 % off.",
        (
            _turn("I look at the order first.", ("lookup_order", {"order": order})),
            _turn(
                "The parcel was nine days late. I apologise and offer 20 % off the next order.",
                ("email_customer", mail),
                context={
                    "rationale": "Customers for two years; the first complaint.",
                    "alternatives": ["Offer 30 %."],
                },
                claims={"confidence": 0.78},
            ),
        ),
    )


def account_deletion() -> Story:
    """A deletion nobody can take back."""
    accounts = world.dormant_accounts()
    args = {
        "environment": "production",
        "criterion": "no sign-in since 2024-11-01",
        "account_ids": accounts,
    }
    return Story(
        "dormant-accounts",
        "ops-janitor",
        "Remove accounts nobody has used for two years",
        f"Delete these {len(accounts)} dormant accounts in production: {', '.join(accounts)}",
        (
            _turn(
                f"{len(accounts):,} accounts have had no sign-in for two years. The retention policy says to delete them.",
                ("delete_accounts", args),
                context={
                    "reversibility": "None: backups are kept 30 days and restored as a whole only.",
                    "impact": {"accounts": len(accounts), "with_open_orders": "not checked"},
                },
                claims={"risk": "medium", "confidence": 0.88},
            ),
        ),
    )


def small_refund(number: int) -> Story:
    """A refund under 50 dollars, after a look at the order."""
    order = world.order(number)
    return Story(
        "refund",
        "support-ai",
        "Settle a small complaint",
        f"Customer {order['customer']} says order {order['order']} {order['reason']}. Refund {order['amount']} dollars.",
        (
            _turn("I look at the order first.", ("lookup_order", {"order": order["order"]})),
            _turn(
                "The complaint fits the order. A refund settles it.",
                ("issue_refund", order),
                claims={"confidence": 0.96},
            ),
        ),
    )


def page_fix(number: int) -> Story:
    """A misspelling mended in one page of the documentation."""
    page = world.page(number)
    return Story(
        "docs",
        "build-agent",
        "Correct the guide",
        f"Correct the spelling in {page['path']}.",
        (
            _turn("I read the page first.", ("read_file", {"path": page["path"]})),
            _turn(
                "One misspelt word.",
                ("write_file", {"path": page["path"], "content": page["content"]}),
                claims={"confidence": 0.99},
            ),
        ),
    )
