"""One step of several as its row shows it, and the words for what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from inbox.lifecycle import Verb
from inbox.policy.plan import LateValue
from inbox.policy.words import Effect, Risk
from inbox.rendering.options import OptionTable
from inbox.rendering.text import AgentText
from inbox.selectors.saying.fields import Fields

RUN_WORDS: Final = {
    "approve": "run",
    "edit": "run as edited",
    "respond": "answer",
    "choose": "choose",
    "reject": "reject",
    "defer": "ask again later",
}
FATES: Final = {
    Verb.APPROVE: "runs as proposed",
    Verb.EDIT: "runs as edited",
    Verb.RESPOND: "is answered",
    Verb.CHOOSE: "is answered",
    Verb.REJECT: "is rejected",
    Verb.DEFER: "is put off",
}
KINDS: Final = {
    Risk.LOW: "that read",
    Risk.MEDIUM: "that change something",
    Risk.HIGH: "that cannot be undone",
    Risk.CRITICAL: "critical",
    Risk.UNVERIFIABLE: "not in the catalogue",
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: what may be said of it, what is said so far, and what that does to it.

    `falls` says why it will not run though it was to; `after` that it stands behind the stop line. `edit` are its
    arguments as fields once it is opened for editing, which `editable` offers; `question` is what
    the agent asks, `answers` whether it may be answered, `answer` the fields of a typed answer.
    """

    number: int
    key: str
    name: str
    sentence: str
    risk: Risk
    needs: tuple[str, ...]
    late: tuple[LateValue, ...]
    may: tuple[tuple[str, str], ...]
    said: str
    message: str
    text: str
    options: OptionTable | None
    multiple: bool
    picked: frozenset[str]
    falls: str
    after: bool
    editable: bool
    edit: Fields | None
    question: AgentText | None
    answers: bool
    answer: Fields | None


def risk_by_catalogue(effect: str | None, floor: str) -> Risk:
    """How bad a step could be by what admins vouch for its tool; the risk of each is not judged by itself."""
    if effect is None:
        return Risk.UNVERIFIABLE
    found = {Effect.READ: Risk.LOW, Effect.WRITE: Risk.MEDIUM}.get(Effect(effect), Risk.HIGH)
    return max(found, Risk(floor), key=lambda risk: risk.rank) if floor else found
