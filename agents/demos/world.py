"""Customers, accounts, orders and pages the demo agents work on. Made by rule: every round sees the same world."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any, Final

from agents.canonical import digest

_FIRST_NAMES: Final = (
    "Ada Ana Ben Bo Cleo Dan Dora Eli Emil Eva Finn Gia Hana Hugo Ida Ines Ivo Jan Jo Kai Kira Lea Leo Lina Luca "
    "Mara Max Mia Mila Nia Nils Nora Ola Oto Pia Rosa Sam Sara Tara Theo Tim Una Uwe Vera Vito Wim Yara Yusuf Zara Zoe"
)
_LAST_NAMES: Final = (
    "Abel Adler Ahmed Alba Bauer Bello Berg Blum Cohen Costa Cruz Dahl Diaz Dubois Eze Falk Fox Garcia Haas Hahn Ito "
    "Jensen Kaya Khan Kim Klein Lang Levi Lopez Mori Nash Okoro Park Patel Perez Quinn Reyes Rossi Ruiz Sato Silva "
    "Singh Smith Stein Tanaka Udo Vega Weiss Yilmaz Zhang"
)
_DOMAINS: Final = ("post.example", "mailbox.example", "inbox.example", "letters.example", "webmail.example")

INSIDE: Final = "example.com"
RECIPIENTS: Final = 2_451
DORMANT: Final = 1_247
SIZE: Final = 1_000
"""Orders in the book and pages in the library."""
_REASONS: Final = ("arrived late", "arrived damaged", "wrong colour", "charged twice", "missing part")


@cache
def customers() -> tuple[tuple[str, str], ...]:
    """Name and address of all 2,451 customers; the first two are colleagues at example.com."""
    people = []
    for number, (last, first) in enumerate(product(_LAST_NAMES.split(), _FIRST_NAMES.split())):
        if number == RECIPIENTS:
            break
        domain = INSIDE if number < 2 else _DOMAINS[number % len(_DOMAINS)]
        people.append((f"{first} {last}", f"{first}.{last}@{domain}".lower()))
    return tuple(people)


@cache
def audience() -> dict[str, Any]:
    """The segment a campaign goes to, as a reviewer can read it and a tool can check it.

    Nobody reads 2,451 addresses, and a segment's name alone would let its members change after the approval. So
    the arguments name it, count it, and pin the exact list by digest.
    """
    addresses = [address for _, address in customers()]
    return {
        "segment": "all_customers",
        "recipients": len(addresses),
        "external": sum(not address.endswith(f"@{INSIDE}") for address in addresses),
        "list_digest": digest(addresses),
    }


def dormant_accounts() -> list[str]:
    """The 1,247 accounts nobody signed in to for two years, by id: what cannot be undone is listed in full."""
    return [f"usr_{100_003 + number * 37:06d}" for number in range(DORMANT)]


def invoices() -> list[dict[str, Any]]:
    """Five supplier invoices due this week."""
    rows = (
        ("INV-2207", "Paper & Ink", 96.50),
        ("INV-7731", "Northwind Hosting", 480.00),
        ("INV-0192", "Blue Harbour Legal", 1_240.00),
        ("INV-5518", "Kestrel Freight", 3_310.20),
        ("INV-9004", "Aldgate Interiors", 12_400.00),
    )
    return [
        {"invoice": invoice, "supplier": supplier, "amount": amount, "currency": "EUR", "due": "2026-11-27"}
        for invoice, supplier, amount in rows
    ]


def flights() -> list[dict[str, Any]]:
    """Three ways to Paris, as a choice offers them."""
    rows = (
        ("AF 1235", "06:35", 95, 0, 184.00, "Leaves early; the cheapest with a seat at the aisle."),
        ("LH 2228", "13:10", 155, 1, 149.50, "One stop in Frankfurt."),
        ("EJU 4672", "19:55", 105, 0, 97.00, "Cabin bag only."),
    )
    return [
        {
            "value": {
                "flight": flight,
                "departs": departs,
                "minutes": minutes,
                "stops": stops,
                "price": price,
                "currency": "EUR",
            },
            "label": f"{flight} at {departs}",
            "description": description,
        }
        for flight, departs, minutes, stops, price, description in rows
    ]


def order_id(number: int) -> str:
    """The id of an order by its place in the book."""
    return f"ord_{70_001 + number * 13}"


@cache
def order_book() -> dict[str, dict[str, Any]]:
    """Every order by id."""
    return {order_id(number): order(number) for number in range(SIZE)}


def order(number: int) -> dict[str, Any]:
    """One small order with something wrong; amounts from 4.10 to 49.99 dollars, without pattern to the eye."""
    cents = 410 + number * 1_733 % 4_590
    return {
        "order": order_id(number),
        "customer": f"cus_{(number * 7 + 11) % 997:03d}",
        "amount": cents / 100,
        "reason": _REASONS[number % len(_REASONS)],
    }


@cache
def library() -> dict[str, str]:
    """Every documentation page by path, as it stands before anyone corrects it."""
    return {found["path"]: found["before"] for found in map(page, range(SIZE))}


def page(number: int) -> dict[str, str]:
    """A documentation page and the small correction it gets."""
    return {
        "path": f"docs/guide/step-{number + 1:02d}.md",
        "before": f"# Step {number + 1}\n\nRun teh command.\n",
        "content": f"# Step {number + 1}\n\nRun the command.\n",
    }
