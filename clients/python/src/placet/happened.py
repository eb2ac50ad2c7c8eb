"""What was said about a request and what followed its decision, below what `present` shows."""

from __future__ import annotations

from placet.acts import AftermathOut, ConversationOut
from placet.ids import short
from placet.screen import Screen
from placet.words import clock

_KINDS = {
    "question": "asks",
    "regenerate": "wants another draft",
    "guidance": "notes",
    "answer": "answers",
}
_COMMANDS = {"undo": "undo", "recall": "recall", "compensate": "compensate", "report": "feedback"}


def said(screen: Screen, conversation: ConversationOut) -> None:
    """Every message in its order, the drafts where there are several, and whose turn it is."""
    messages, drafts = conversation["messages"], conversation["revisions"]
    if not messages and len(drafts) < 2:
        return
    screen.heading("Conversation")
    for message in messages:
        who = message["by"] or "the agent"
        screen.pair("said", f"{who} {_KINDS.get(message['kind'], message['kind'])}: “{message['text']}”")
    if len(drafts) > 1:
        for draft in drafts:
            screen.pair("draft", f"v{draft['number']} by {draft['by'] or 'the agent'} · {clock(draft['at'])}")
    for action in conversation["changes"]:
        places = ", ".join(change["pointer"] or "all" for change in action["changes"])
        screen.pair(f"since v{conversation['since']}", f"{action['key']} {action['what']}: {places}", "warn")
    if conversation["turn"] == "agent":
        screen.pair("turn", "the agent's: it was asked something", "warn")


def followed(screen: Screen, request_id: str, after: AftermathOut) -> None:
    """How the agent came to have the decision, what it reports, and what this person can still take back."""
    if after["state"] not in ("held", "decided", "expired"):
        return
    screen.heading("What followed")
    if after["picked_up"]:
        screen.pair("agent has it", f"by {after['picked_up']['how']} · {clock(after['picked_up']['at'])}")
    if after["recalled"]:
        screen.pair("recalled", f"by {after['recalled']['by']}: “{after['recalled']['reason']}”", "warn")
    if after["reported"]:
        detail = f": “{after['reported']['detail']}”" if after["reported"]["detail"] else ""
        screen.pair("agent reports", f"{after['reported']['status']}{detail}")
    for one in after["feedback"]:
        reason = f": “{one['reason']}”" if one["reason"] else ""
        screen.pair("feedback", f"{one['by']} {one['kind']}{reason}")
    if after["compensated_by"]:
        screen.pair("put back by", after["compensated_by"])
    step = after["safest"]
    if step:
        known = f"placet {_COMMANDS[step['rung']]} {short(request_id)}"
        screen.pair("you can", f"{step['sentence']} With: {known}", "ok")
