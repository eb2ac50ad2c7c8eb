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
                asked={
                    "answer": "Everybody who bought within two years and did not object to mail. Two of them are our own test accounts.",
                    "draft": {"subject": "Friday to Sunday: 25 % off everything"},
                    "note": "With the days in the subject.",
                },
            ),
        ),
    )


def blog_post() -> Story:
    """A post with a wrong figure, and the announcements that repeat what was published."""
    body = (
        "Our fourth quarter was the best so far: revenue grew by +25 % over last year, and the new planner found its "
        "first 300 teams.\n\nThank you to everybody who wrote to us about it.\n"
    )
    return Story(
        "blog-post",
        "content-bot",
        "Publish the post about the fourth quarter",
        "Write and publish a blog post about our Q4 results, then announce it.",
        (
            _turn(
                "The draft is ready: 800 words, one figure, a friendly tone.",
                ("publish_post", {"title": "Q4 results", "body": body, "growth_percent": 25}),
                context={
                    "rationale": "The results were announced on Monday.",
                    "results": "The draft was proofread.",
                },
                claims={"confidence": 0.86},
                asked={
                    "answer": "From Monday's announcement: revenue went from 10.4 to 12.8 million. I rounded it up.",
                    "draft": {"body": body.replace("+25 %", "+23 %"), "growth_percent": 23},
                    "note": "With the figure as announced, not rounded up.",
                },
            ),
            _turn(
                "Two announcements for tomorrow morning, with the figure as published.",
                (
                    "post_snippets",
                    {
                        "twitter": {"$text": "Q4: revenue +{growth_percent} %. Read the post."},
                        "linkedin": {
                            "$text": "Our best quarter: +{growth_percent} % over last year. #results"
                        },
                        "at": "2026-12-01T09:00:00Z",
                    },
                ),
                claims={"confidence": 0.9},
                **{"if": "/published"},
            ),
        ),
    )


def five_invoices() -> Story:
    """One payment run of five invoices, whose lines are decided one by one."""
    invoices = world.invoices()
    run = {"run": "week 48", "invoices": invoices}
    again = {"run": "week 48, put off", "invoices": {"$result": "/put_off"}}
    return Story(
        "invoices",
        "payables",
        "Pay the invoices due this week",
        f"Pay each of these invoices: {invoices}",
        (
            _turn(
                "Five invoices are due by Friday and match their purchase orders.",
                ("pay_invoices", run),
                context={"rationale": "Paying by the due date keeps the 2 % discount of two suppliers."},
                claims={"confidence": 0.97},
            ),
            _turn(
                "One was put off. I ask for it again, by itself.",
                ("pay_invoices", again),
                **{"if": "/put_off"},
            ),
        ),
    )


def three_flights() -> Story:
    """A choice a person makes, and the booking of what they chose."""
    return Story(
        "flights",
        "travel",
        "Book a flight to Paris",
        "Find a cheap flight to Paris on Friday and book it once I chose one.",
        (
            _turn(
                "I found three flights. Which one shall I book?",
                (
                    "choose_flight",
                    {"route": "Berlin to Paris, Friday 4 December", "options": world.flights()},
                ),
                claims={"confidence": 0.6},
            ),
            _turn(
                "I book the flight you chose.",
                (
                    "book_flight",
                    {
                        "flight": {"$result": "/0/flight"},
                        "price": {"$result": "/0/price"},
                        "currency": {"$result": "/0/currency"},
                    },
                ),
                claims={"confidence": 0.95},
                **{"if": "/0"},
            ),
        ),
    )


def uncertain_answer() -> Story:
    """A question the agent is not sure about, which goes to somebody who knows."""
    name, address = world.customers()[204]
    order = world.order_id(510)
    return Story(
        "warranty",
        "support-ai",
        "Answer a question about the warranty",
        f"{name} <{address}> asks whether order {order} is still under warranty after a repair. Answer by mail.",
        (
            _turn(
                "I am not sure: the terms say nothing about parts that were repaired. May I promise it?",
                (
                    "ask_person",
                    {
                        "question": f"Does the warranty of order {order} begin anew with the repair of November?",
                        "draft": "Yes, a repaired part has a warranty of its own of 24 months.",
                    },
                ),
                claims={"confidence": 0.55},
            ),
            _turn(
                "I answer with what I was told.",
                (
                    "email_customer",
                    {
                        "to": address,
                        "subject": "Your question about the warranty",
                        "body": {"$text": "Dear customer,\n\n{text}\n\nYour support team\n"},
                        "discount_percent": 0,
                    },
                ),
                claims={"confidence": 0.93},
                **{"if": "/text"},
            ),
        ),
    )


def late_delivery() -> Story:
    """An apology with a discount."""
    name, address = world.customers()[118]
    order = world.order_id(500)
    body = (
        f"Dear {name},\n\nyour parcel reached you nine days late, and we are sorry. Please take 20 % off your next "
        "order with the code SORRY20.\n\nYour support team\n"
    )
    mail = {"to": address, "subject": "Your late delivery", "body": body, "discount_percent": 20}
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
                asked={
                    "answer": "The guideline allows up to 30 % where a parcel is more than a week late. I took the usual 20 %.",
                    "draft": {"body": body.replace("20 % off", "30 % off"), "discount_percent": 30},
                    "note": "With as much as the guideline allows.",
                },
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
                asked={"answer": "I did not look at open orders: I have no tool for that."},
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
