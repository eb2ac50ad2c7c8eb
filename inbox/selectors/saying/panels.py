"""Which form a request's page opens, when its verbs allow it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inbox.policy.words import Risk
from inbox.selectors.request_page import RequestPage
from inbox.selectors.saying.answer import ChoosePanel, RespondPanel
from inbox.selectors.saying.draft import Panel, Posted
from inbox.selectors.saying.edit import EditPanel
from inbox.selectors.saying.lines import LinesPanel
from inbox.selectors.saying.parts import PartsPanel
from inbox.selectors.saying.steps import risk_by_catalogue
from inbox.selectors.verbs import Verb

Verbs = Mapping[str, Verb]
STEPS: Final = ("edit", "respond", "choose", "parts", "lines")


def opens(page: RequestPage, verbs: Verbs, step: str) -> bool:
    """Whether this form may be opened now."""
    actions = page.both.actions
    if step == "parts":
        return len(actions) > 1 and verbs["reject"].may and not page.request.blocked
    if step == "lines":
        return verbs["edit"].may and any(action.get("lines") for action in actions.values())
    return step in verbs and step in STEPS and verbs[step].may


def at_rest(verbs: Verbs) -> str:
    """The form that is open without being asked for: a question or a choice is nothing but its answer."""
    if verbs["approve"].may:
        return ""
    return next((step for step in ("choose", "respond") if verbs[step].may), "")


def panel_of(page: RequestPage, step: str, key: str = "", posted: Posted | None = None) -> Panel:
    """The form named, filled in as posted. Ask `opens` first."""
    actions, agent = page.both.actions, page.agent
    if step == "parts" or (step == "edit" and len(actions) > 1):
        return PartsPanel(
            actions,
            agent,
            key,
            posted,
            sentences=page.sentences,
            risks=_risks(page),
            checkpoint=page.request.checkpoint,
            step=step,
        )
    kinds: dict[str, type[Panel]] = {
        "edit": EditPanel,
        "respond": RespondPanel,
        "choose": ChoosePanel,
        "lines": LinesPanel,
    }
    return kinds[step](actions, agent, key, posted)


def _risks(page: RequestPage) -> dict[str, Risk]:
    known = dict(page.tools)
    found = {}
    for key, action in page.both.actions.items():
        tool = known.get(action["name"])
        found[key] = risk_by_catalogue(tool.effect if tool else None, tool.risk_floor if tool else "")
        if action["kind"] in ("question", "choice"):
            found[key] = Risk.LOW
    return found
