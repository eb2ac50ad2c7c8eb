"""The demo agents' graphs, by the factories the registry names."""

from __future__ import annotations

from langgraph.graph import StateGraph

from agents.demos.graph import State, agent_graph
from agents.demos.tools import TOOLS


def crm() -> StateGraph[State, None, State, State]:
    """Writes to customer segments."""
    return agent_graph("You write to customers for the marketing team.", [TOOLS["send_email"]])


def payables() -> StateGraph[State, None, State, State]:
    """Pays what suppliers are owed, all invoices of a week in one turn."""
    return agent_graph("You pay supplier invoices when they fall due.", [TOOLS["pay_invoices"]])


def support() -> StateGraph[State, None, State, State]:
    """Answers complaints: looks up the order, then refunds or writes."""
    tools = [TOOLS[name] for name in ("lookup_order", "issue_refund", "email_customer", "ask_person")]
    return agent_graph("You answer customers' complaints. Look at the order before you act.", tools)


def janitor() -> StateGraph[State, None, State, State]:
    """Removes what nobody uses any more."""
    return agent_graph("You keep the user database small and lawful.", [TOOLS["delete_accounts"]])


def content() -> StateGraph[State, None, State, State]:
    """Writes for the company's blog and announces what it published."""
    return agent_graph("You write the company's blog.", [TOOLS["publish_post"], TOOLS["post_snippets"]])


def travel() -> StateGraph[State, None, State, State]:
    """Finds flights and books the one a person chose."""
    return agent_graph("You book travel for colleagues.", [TOOLS["choose_flight"], TOOLS["book_flight"]])


def build() -> StateGraph[State, None, State, State]:
    """Mends the documentation, a page at a time."""
    tools = [TOOLS["read_file"], TOOLS["write_file"]]
    return agent_graph("You correct the documentation. Read a page before you write it.", tools)
