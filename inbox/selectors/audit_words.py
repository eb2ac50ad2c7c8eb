"""What an audit event says, in a sentence, from the facts it recorded at the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inbox.policy.seating import who_of
from inbox.rendering.reveal import reveal

LONGEST = 300
DONE = {
    "approved": "Approved",
    "edited": "Approved with edits",
    "rejected": "Rejected",
    "answered": "Answered",
    "mixed": "Decided in parts",
}
"""An outcome as people say it."""

Facts = Mapping[str, Any]


def action_word(verb: str, facts: Facts) -> str:
    """The verb as people say it: a decision by its outcome, a vote by what it was for."""
    if verb == "decided":
        return DONE.get(str(facts.get("outcome")), "Decided")
    if verb == "held":
        return f"{DONE.get(str(facts.get('outcome')), 'Decided')}, held"
    if verb == "voted":
        return "Voted to break the glass" if facts.get("break_glass") else "Voted to approve"
    return _WORDS.get(verb, verb.replace("_", " ").capitalize())


def detail_of(verb: str, facts: Facts) -> str:
    """What is worth saying beside the verb and the request: one printable line, cut visibly at 300 characters."""
    told = _DETAILS.get(verb)
    return one_line(told(facts) if told else "")


def one_line(text: str) -> str:
    """Text as one line in which nothing is invisible: agents and people wrote parts of it."""
    shown = " ".join(reveal(text[:LONGEST]).plain.split())
    return shown if len(text) <= LONGEST else f"{shown}… ({len(text):,} characters)"


def _requested(facts: Facts) -> str:
    says = {
        "allow": "Policy let it pass",
        "deny": "Policy refused it",
        "review": "Asked people",
        "blocked": "Policy blocked it",
    }.get(str(facts.get("says")), "")
    return _join(says, f"risk {facts['risk']}" if facts.get("risk") else "", _rule(facts), _for(facts))


def _voted(facts: Facts) -> str:
    still = facts.get("open") or []
    return _join(
        f"As {facts['tier']}" if facts.get("tier") else "",
        f"still needed: {', '.join(who_of(str(slot)) for slot in still)}" if still else "",
        _via(facts),
        _message(facts),
    )


def _decided(facts: Facts) -> str:
    return _join(
        f"As {facts['tier']}" if facts.get("tier") else "", _rule(facts), _via(facts), _message(facts)
    )


def _member(facts: Facts) -> str:
    person = facts.get("person", "")
    if facts.get("joined"):
        return _join(
            f"{person} joined", f"tier {facts.get('tier') or 'none'}", "admin" if facts.get("admin") else ""
        )
    return _join(str(person), _changes(facts.get("before"), facts.get("after")))


def _escalated(facts: Facts) -> str:
    step = f"step {facts['step']} of {facts.get('steps', '')}" if facts.get("step") else ""
    needs = ", ".join(
        f"{need.get('count', '')} × {' in '.join(str(need[k]) for k in ('tier', 'group') if need.get(k))}"
        for need in facts.get("needs", ())
    )
    return _join(step, f"needs {needs}" if needs else "", _for(facts), _quoted(facts.get("reason")))


def _for(facts: Facts) -> str:
    """Whose it is first, and why."""
    who = f"for {facts['assignee']}" if facts.get("assignee") else ""
    return ": ".join(part for part in (who, str(facts.get("because", ""))) if part)


def _rota(facts: Facts) -> str:
    if facts.get("removed"):
        return f"{facts.get('rota', '')} removed"
    if "before" in facts:
        return _join(str(facts.get("rota", "")), _changes(facts["before"], facts.get("after")))
    people = (facts.get("after") or {}).get("people") or []
    return _join(f"{facts.get('rota', '')} made", ", ".join(map(str, people)))


def _delegation(facts: Facts) -> str:
    if facts.get("revoked"):
        return f"{facts.get('person', '')}: taken back"
    days = f"{str(facts.get('from', ''))[:10]} to {str(facts.get('until', ''))[:10]}"
    instead = f"{facts['delegate']} stands in" if facts.get("delegate") else "nobody stands in"
    return _join(f"{facts.get('person', '')} is away {days}", instead, _quoted(facts.get("reason")))


def _tier(facts: Facts) -> str:
    if "added" in facts:
        return f"{facts['added']} added as step {facts.get('rank', '')}"
    if "moved" in facts:
        return f"{facts['moved']} moved to step {facts.get('rank', '')}, trading places with {facts.get('swapped_with', '')}"
    return ""


def _group(facts: Facts) -> str:
    if facts.get("made"):
        return f"{facts.get('group', '')} made"
    return f"{facts.get('person', '')} {'joined' if facts.get('joined') else 'left'} {facts.get('group', '')}"


def _tool(facts: Facts) -> str:
    before = facts.get("before")
    return _join(
        str(facts.get("tool", "")),
        _changes(before, facts.get("after")) if before else "described for the first time",
    )


def _agent(facts: Facts) -> str:
    if facts.get("registered"):
        return f"{facts.get('agent', '')} registered"
    if "after" in facts:
        return _join(str(facts.get("agent", "")), _changes(facts.get("before"), facts["after"]))
    return f"{facts.get('agent', '')} switched {'on' if facts.get('enabled') else 'off'}"


def _token(facts: Facts) -> str:
    whose = facts.get("agent") or facts.get("person", "")
    return f"Token {facts.get('token', '')}… of {whose} {'revoked' if facts.get('revoked') else 'made'}"


def _policy(facts: Facts) -> str:
    return f"{facts.get('from', '')} → {facts.get('to', '')}"


def _change(facts: Facts) -> str:
    return _join(
        f"{facts.get('kind', '')}: {facts.get('subject', '')}",
        str(facts.get("state", "")).replace("_", " "),
        "without a second admin: there was none" if facts.get("alone") else "",
        str(facts.get("detail") or ""),
    )


def _rejudged(facts: Facts) -> str:
    return _join(f"by {facts.get('policy', '')}", "asks for more than before")


def _shadow(facts: Facts) -> str:
    return _join(
        f"{facts['started']} began" if facts.get("started") else "",
        f"{facts['stopped']} ended" if facts.get("stopped") else "",
    )


def _backtested(facts: Facts) -> str:
    passed = facts.get("passed") or {}
    rejected = passed.get("rejected", 0) if isinstance(passed, dict) else 0
    return _join(
        f"{facts.get('version', '')} against {facts.get('against', '')}",
        f"{facts.get('requests', 0):,} requests",
        f"would pass {rejected:,} that people rejected" if rejected else "",
    )


def _outcome(facts: Facts) -> str:
    return _join(str(facts.get("status") or facts.get("state") or ""), _quoted(facts.get("detail")))


def _grant(facts: Facts) -> str:
    return _join(
        f"{facts.get('agent', '')} {facts.get('tool', '')}",
        f"until {facts.get('expires_at', '')}",
        f"at most {facts['max_uses']} times" if facts.get("max_uses") else "",
        f"thread {facts['thread']}" if facts.get("thread") else "",
    )


_FEEDBACK = {"good": "It was right", "bad": "It was wrong", "incident": "It did harm"}


def _pause(facts: Facts) -> str:
    team = "everything" if facts.get("everything") else "the whole team"
    return _join(str(facts.get("agent") or facts.get("tool") or team), _quoted(facts.get("reason")))


def _changes(before: Any, after: Any) -> str:
    """`tier reviewer → senior, admin no → yes`: only what differs."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    changed = [key for key in after if before.get(key) != after[key]]
    return ", ".join(
        f"{key.replace('_', ' ')} {_plain(before.get(key))} → {_plain(after[key])}" for key in changed
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", []):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _rule(facts: Facts) -> str:
    return f"rule {facts['rule']}" if facts.get("rule") else ""


def _via(facts: Facts) -> str:
    via = facts.get("via")
    return f"via {via}" if via and via not in ("web", "policy", "deadline") else ""


def _message(facts: Facts) -> str:
    return _quoted(facts.get("message"))


def _quoted(text: Any) -> str:
    return f"“{text}”" if text else ""


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


_WORDS = {
    "requested": "Asked",
    "edited": "Edited",
    "questioned": "Asked the agent",
    "sent_back": "Sent back for another draft",
    "guided": "Left guidance",
    "answered": "Answered",
    "revised": "Sent another draft",
    "undone": "Undone",
    "consumed": "Permit taken",
    "recalled": "Recalled",
    "compensated": "To be put back",
    "feedback": "Feedback",
    "paused": "Paused",
    "resumed": "Resumed",
    "grant_made": "Granted",
    "grant_used": "Passed by a grant",
    "grant_ended": "Grant ended",
    "break_glass": "Broke the glass",
    "expired": "Expired",
    "escalated": "Escalated",
    "overdue": "Overdue",
    "assigned": "Handed over",
    "claimed": "Claimed",
    "claim_released": "Claim released",
    "delegated": "Passed on",
    "snoozed": "Put aside",
    "snooze_ended": "Back from being put aside",
    "rota_changed": "Rota changed",
    "delegation_changed": "Absence changed",
    "withdrawn": "Withdrawn",
    "superseded": "Asked anew in its place",
    "refused": "Refused",
    "delivered": "Delivered",
    "delivery_failed": "Not delivered",
    "outcome_reported": "Outcome reported",
    "run_ended": "Run ended",
    "team_created": "Team created",
    "member_changed": "Member changed",
    "tier_changed": "Tier changed",
    "group_changed": "Group changed",
    "ceiling_changed": "Ceiling changed",
    "team_changed": "Team changed",
    "tool_changed": "Tool changed",
    "policy_changed": "Policy changed",
    "policy_drafted": "Policy drafted",
    "change_settled": "Change settled",
    "rejudged": "Judged again",
    "shadow_changed": "Shadow changed",
    "policy_backtested": "Policy back-tested",
    "agent_changed": "Agent changed",
    "token_changed": "Token changed",
}

_DETAILS = {
    "requested": _requested,
    "voted": _voted,
    "decided": _decided,
    "break_glass": _decided,
    "consumed": lambda facts: f"by {facts.get('holder', '')}",
    "recalled": lambda facts: _quoted(facts.get("reason")),
    "compensated": lambda facts: _join(str(facts.get("sentence", "")), _quoted(facts.get("reason"))),
    "feedback": lambda facts: _join(_FEEDBACK.get(str(facts.get("kind")), ""), _quoted(facts.get("reason"))),
    "paused": _pause,
    "resumed": _pause,
    "grant_made": _grant,
    "grant_used": lambda facts: f"grant {str(facts.get('grant', ''))[-8:]}",
    "grant_ended": lambda facts: _join(
        str(facts.get("tool", "")), str(facts.get("because", "")), f"{facts.get('uses', 0)} used"
    ),
    "edited": lambda facts: _join(
        "; ".join(map(str, (facts.get("changes") or {}).values())), _message(facts)
    ),
    "questioned": lambda facts: _quoted(facts.get("text")),
    "sent_back": lambda facts: _quoted(facts.get("text")),
    "guided": lambda facts: _quoted(facts.get("text")),
    "answered": lambda facts: _quoted(facts.get("text")),
    "revised": lambda facts: _join(
        "; ".join(f"{key}: {said}" for key, said in (facts.get("changes") or {}).items()),
        _for(facts),
        _message(facts),
    ),
    "held": lambda facts: _join(
        _decided(facts), f"released at {str(facts.get('release_at', ''))[11:19]} UTC"
    ),
    "undone": lambda facts: _join(
        f"was {DONE.get(str(facts.get('outcome')), 'decided').lower()}", _quoted(facts.get("reason"))
    ),
    "expired": _message,
    "escalated": _escalated,
    "overdue": lambda facts: _join(f"reminder {facts.get('reminder', '')}", _for(facts)),
    "assigned": _for,
    "claimed": lambda facts: f"taken over from {facts['taken_from']}" if facts.get("taken_from") else "",
    "delegated": lambda facts: _join(f"to {facts.get('to', '')}", _quoted(facts.get("reason"))),
    "snoozed": lambda facts: str(facts.get("words", "")),
    "snooze_ended": lambda facts: _join(f"for {facts.get('person', '')}", str(facts.get("because", ""))),
    "rota_changed": _rota,
    "delegation_changed": _delegation,
    "withdrawn": lambda facts: _quoted(facts.get("reason")),
    "refused": lambda facts: _join(str(facts.get("code", "")), _via(facts)),
    "delivered": _outcome,
    "delivery_failed": _outcome,
    "outcome_reported": _outcome,
    "run_ended": _outcome,
    "team_created": lambda facts: _join(str(facts.get("name", "")), str(facts.get("policy", ""))),
    "member_changed": _member,
    "tier_changed": _tier,
    "group_changed": _group,
    "ceiling_changed": _member,
    "team_changed": lambda facts: _changes(facts.get("before"), facts.get("after")),
    "tool_changed": _tool,
    "policy_changed": _policy,
    "policy_drafted": lambda facts: str(facts.get("version", "")),
    "change_settled": _change,
    "rejudged": _rejudged,
    "shadow_changed": _shadow,
    "policy_backtested": _backtested,
    "agent_changed": _agent,
    "token_changed": _token,
}
