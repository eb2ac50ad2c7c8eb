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
    return agent_graph("You pay supplier invoices when they fall due.", [TOOLS["pay_invoice"]])


def support() -> StateGraph[State, None, State, State]:
    """Answers complaints: looks up the order, then refunds or writes."""
    tools = [TOOLS["lookup_order"], TOOLS["issue_refund"], TOOLS["email_customer"]]
    return agent_graph("You answer customers' complaints. Look at the order before you act.", tools)


def janitor() -> StateGraph[State, None, State, State]:
    """Removes what nobody uses any more."""
    return agent_graph("You keep the user database small and lawful.", [TOOLS["delete_accounts"]])


def build() -> StateGraph[State, None, State, State]:
    """Mends the documentation, a page at a time."""
    tools = [TOOLS["read_file"], TOOLS["write_file"]]
    return agent_graph("You correct the documentation. Read a page before you write it.", tools)
