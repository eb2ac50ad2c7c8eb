"""One request on the screen, in the order of its page: what will run first, the agent's case after the evidence."""

from __future__ import annotations

from collections.abc import Iterable

from placet.screen import Screen
from placet.shapes import ActionOut, FindingOut, ReviewOut
from placet.words import clock, due, risk, time_of_day

_SEVERITY = {"block": "bad", "warn": "warn", "info": ""}


def present(screen: Screen, review: ReviewOut) -> None:
    """All of it. Nothing of the payload is left out or shortened."""
    _head(screen, review)
    screen.heading("What will run, rendered by the server from the stored bytes")
    for action in review["actions"]:
        _action(screen, action)
    _findings(screen, review["findings"])
    _facts(screen, review)
    _people(screen, review)
    _past(screen, review)
    _case(screen, review)
    _verbs(screen, review)


def _head(screen: Screen, review: ReviewOut) -> None:
    screen.pair("request", review["sentence"], "bold")
    screen.pair("risk", risk(review["risk"]), review["risk"])
    for flag in review["flags"]:
        screen.pair("flag", flag, "warn")
    if review["blocked"] and not review["closing"]:
        screen.pair("blocked", f"by rule {review['rule']}" if review["rule"] else "by policy", "bad")
    if review["state"] == "held":
        held = next((verb["reason"] for verb in review["verbs"] if verb["code"] == "held"), "")
        screen.pair("held", held, "warn")
    elif review["closing"]:
        closing = review["closing"]
        said = f": “{closing['message']}”" if closing["message"] else ""
        screen.pair("closed", f"{closing['text']}{said} · {clock(closing['at'])}", closing["tone"])
        if review["release"]:
            screen.pair("release", review["release"])
    else:
        silence = review["silence"]
        at = silence["escalates_at"] if silence["does"] == "escalate" else None
        screen.pair("silence", due(at or silence["at"], silence["does"]))
        if at and silence["escalates_to"]:
            screen.pair("then asks", silence["escalates_to"])
        screen.pair("deadline", clock(silence["at"]))
    if review["claimed_by"] and review["claimed_until"]:
        until = time_of_day(review["claimed_until"])
        screen.pair("claimed", f"{review['claimed_by']} works on it until {until}", "warn")
    if review["aside"]:
        screen.pair("aside", review["aside"])
    if review["back"]:
        screen.pair("back", review["back"], "ok")
    screen.pair("id", f"{review['id']} v{review['revision']}")
    screen.pair("digest", review["digest"])
    place = f" in {review['environment']}" if review["environment"] else ""
    owner = f" · owner {review['owner']}" if review["owner"] else ""
    screen.pair("agent", f"{review['agent']}{place} · thread {review['thread']}{owner}")
    if review["assigned_because"]:
        whose = f"{review['assignee']}: " if review["assignee"] else ""
        screen.pair("assigned", f"{whose}{review['assigned_because']}")


def _action(screen: Screen, action: ActionOut) -> None:
    only = "" if action["approvable"] else " · not to be approved as it stands"
    screen.pair("action", f"{action['name']} ({action['key']}){only}", "bold")
    if not action["fields"]:
        screen.pair("", "no arguments")
    for field in action["fields"]:
        value = field["value"] if field["value"] is not None else field["type"]
        label = field["key"] if screen.terminal else f"{action['key']}{field['pointer']}"
        screen.pair(label, value, depth=field["depth"] + 1)
        if field["unknown"]:
            screen.pair("", "not in the tool’s schema", "warn")
        for finding in field["findings"]:
            screen.pair("", f"! {finding['message']}", _SEVERITY[finding["severity"]])


def _findings(screen: Screen, findings: Iterable[FindingOut]) -> None:
    for finding in findings:
        screen.pair("finding", f"{finding['message']} ({finding['where']})", _SEVERITY[finding["severity"]])


def _facts(screen: Screen, review: ReviewOut) -> None:
    screen.heading("Impact, computed by the server")
    screen.pair(
        "reversible",
        "yes, with a further call" if review["reversible"] else "cannot be undone",
        "" if review["reversible"] else "warn",
    )
    for tool in review["tools"]:
        known = tool["effect"] or "not in the catalogue: nobody vouched for what it does"
        back = f", put back with {tool['inverse_tool']}" if tool["inverse_tool"] else ""
        screen.pair("tool", f"{tool['name']}: {known}{', harmless' if tool['harmless'] else ''}{back}")
    for reason in review["reasons"]:
        screen.pair("because", reason)
    screen.pair("rule", f"{review['rule'] or 'none lets it pass, so people decide'} ({review['policy']})")
    for note in review["notes"]:
        screen.pair("note", note)
    for sentence in review["why"]:
        screen.pair("why here", sentence)


def _people(screen: Screen, review: ReviewOut) -> None:
    screen.heading("People")
    standing, who = review["standing"], review["who"]
    if standing:
        screen.pair("needs", standing["needs"])
        for vote in standing["votes"]:
            said = f": “{vote['message']}”" if vote["message"] else ""
            verb = "approved" if vote["approves"] else "rejected"
            screen.pair("vote", f"{vote['person']} ({vote['tier'] or 'no tier'}) {verb}{said}")
        if not review["closing"]:
            for slot in standing["open"]:
                screen.pair("open", slot)
    if who:
        screen.pair("could decide", ", ".join(one["name"] for one in who["may"]) or "nobody in this team")
        for slot in who["unfillable"]:
            screen.pair("nobody left", slot, "warn")


def _past(screen: Screen, review: ReviewOut) -> None:
    past = review["past"]
    screen.heading("Like this before")
    if not past["total"]:
        screen.pair("past", "nothing with this tool was decided here before")
        return
    counts = ", ".join(f"{count} {word}" for word, count in past["counts"].items())
    screen.pair("past", f"of the last {past['total']}: {counts}")
    for earlier in past["listed"]:
        said = f": “{earlier['closing']['message']}”" if earlier["closing"]["message"] else ""
        screen.pair("earlier", f"{earlier['sentence']} · {earlier['closing']['text']}{said}")


def _case(screen: Screen, review: ReviewOut) -> None:
    case = review["case"]
    if not (case["words"] or case["claims"] or case["impact"]):
        return
    screen.heading(f"Claims, written by {review['agent']} and verified by nobody")
    for words in case["words"]:
        more = f" … {words['more']:,} more characters" if words["more"] else ""
        screen.pair(f"claims {words['label'].lower()}", f"“{words['text']}”{more}")
    if case["impact"]:
        screen.pair("claims impact", case["impact"])
    for claim in case["claims"]:
        screen.pair("claims", claim)
    _findings(screen, case["findings"])


def _verbs(screen: Screen, review: ReviewOut) -> None:
    screen.heading("You")
    may = (
        f"propose an {verb['name']}" if verb["proposes"] else verb["name"]
        for verb in review["verbs"]
        if verb["may"]
    )
    screen.pair("may", ", ".join(may) or "only look")
    for reason in dict.fromkeys(verb["reason"] for verb in review["verbs"] if not verb["may"]):
        names = ", ".join(verb["name"] for verb in review["verbs"] if verb["reason"] == reason)
        screen.pair("may not", f"{names}: {reason}")
