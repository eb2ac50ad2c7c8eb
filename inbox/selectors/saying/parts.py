"""Several actions: something said of each, a line after which the agent asks again, and what falls with what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox.answers import Said
from inbox.errors import FieldError as BodyError
from inbox.errors import Invalid
from inbox.lifecycle import Verb
from inbox.policy.plan import (
    Fall,
    LateValue,
    Step,
    falls,
    late_values,
    riskiest_first,
    settled,
    sources_of,
)
from inbox.policy.words import Effect, Risk
from inbox.rendering.edit import EditRefused
from inbox.rendering.options import OptionTable, option_table, read_choice
from inbox.selectors.saying.draft import Actions, Draft, Panel, Posted, counted

MESSAGE: Final = 2_000
PLANNED: Final = "post_planning"
_SAID: Final = re.compile(r"[0-9]{1,3}")
_RUN: Final = {
    "approve": "run",
    "respond": "answer",
    "choose": "choose",
    "reject": "reject",
    "defer": "ask again later",
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: what may be said of it, what is said so far, and what that does to it.

    `falls` says why it will not run though it was to; `after` that it stands behind the stop line.
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


class PartsPanel(Panel):
    """Every action with what may be said of it. A plan (steps that need each other) has a stop line besides."""

    step = "parts"
    template = "inbox/_say_parts.html"
    title = "Decide step by step"
    error = ""

    def __init__(
        self,
        actions: Actions,
        agent: str,
        key: str,
        posted: Posted | None = None,
        *,
        sentences: Mapping[str, str] | None = None,
        risks: Mapping[str, Risk] | None = None,
        checkpoint: str = "",
    ) -> None:
        """`risks` is what the catalogue knows of each tool; `sentences` say each action as the inbox does."""
        self.sentences, self.risks, self.checkpoint = sentences or {}, risks or {}, checkpoint
        super().__init__(actions, agent, key, posted)

    def build(self) -> None:
        self.steps = [self._step(key, action) for key, action in self.actions.items()]
        self.plan = self.checkpoint == PLANNED or any(step.depends_on for step in self.steps)
        last = len(self.steps)
        stop = self.said("stop")
        self.stop = min(int(stop), last) if _SAID.fullmatch(stop) and self.plan else last
        self.stop = max(self.stop, 1)
        asked = {key: self._said(number, key) for number, key in enumerate(self.actions, 1)}
        line = {
            key: asked[key] if number <= self.stop else Verb.DEFER
            for number, key in enumerate(self.actions, 1)
        }
        self.falls: Mapping[str, Fall] = falls(self.steps, line)
        self.verdicts = settled(self.steps, line)
        self.rows = [self._row(number, key, asked[key]) for number, key in enumerate(self.actions, 1)]
        order = riskiest_first(self.steps)
        ranks = {step.risk.rank for step in self.steps}
        # Pinned only where one stands out.
        self.worst = next(row for row in self.rows if row.key == order[0]) if len(ranks) > 1 else None

    def _step(self, key: str, action: Mapping[str, Any]) -> Step:
        return Step(
            key,
            tuple(action["depends_on"]),
            self.risks.get(key, Risk.UNVERIFIABLE),
            sources_of(action["args"]),
            asks=action["kind"] in ("question", "choice"),
        )

    def _may(self, key: str) -> tuple[str, ...]:
        allow = self.actions[key]["allow"]
        return (*(word for word in ("approve", "respond", "choose", "reject") if word in allow), "defer")

    def _said(self, number: int, key: str) -> Verb:
        may = self._may(key)
        said = self.said(f"said-{number}")
        # Only an approval is ever preset; a question is put off until somebody answers it.
        return Verb(said if said in may else "approve" if "approve" in may else "defer")

    def _row(self, number: int, key: str, said: Verb) -> StepRow:
        action = self.actions[key]
        fall = self.falls.get(key)
        return StepRow(
            number=number,
            key=key,
            name=action["name"],
            sentence=self.sentences.get(key, action["name"]),
            risk=self.risks.get(key, Risk.UNVERIFIABLE),
            needs=tuple(action["depends_on"]),
            late=tuple(late_values(action["args"])),
            may=tuple((word, _RUN[word]) for word in self._may(key)),
            said=said.value,
            message=self.said(f"why-{number}"),
            text=(self.posted.get(f"text-{number}") or [""])[-1],
            options=option_table(action["options"]) if action["options"] else None,
            multiple=action["multiple"],
            picked=frozenset(self.posted.get(f"pick-{number}", ())),
            falls=fall.reason if fall else "",
            after=number > self.stop,
        )

    @property
    def noun(self) -> str:
        return "step" if self.plan else "action"

    @property
    def summary(self) -> str:
        """What the button says: "Run steps 1–3, then ask again"."""
        said = [self.verdicts[key].value for key in self.actions]
        counts = Counter("run" if one in ("approve", "edit", "respond", "choose") else one for one in said)
        total = len(said)
        if counts["run"] == total:
            return f"Approve all {total} {self.noun}s"
        if counts["reject"] == total:
            return f"Reject all {total} {self.noun}s"
        runs = [at for at, one in enumerate(said, 1) if one not in ("reject", "defer")]
        if self.plan and runs and not counts["reject"] and runs == list(range(1, len(runs) + 1)):
            return (
                "Run step 1, then ask again" if len(runs) == 1 else f"Run steps 1–{len(runs)}, then ask again"
            )
        first = f"{'Run' if self.plan else 'Approve'} {counts['run']} of {total}" if runs else ""
        rest = [f"{word} {counts[word]}" for word in ("reject", "defer") if counts[word]]
        words = ", ".join([part for part in (first, *rest) if part])
        return words[:1].upper() + words[1:]

    @property
    def counted(self) -> str:
        """What the plan does, in kinds: "3 tools, 1 of them not in the catalogue"."""
        kinds = Counter(step.risk for step in self.steps)
        return " · ".join(
            f"{count} {_KINDS[risk]}" for risk, count in sorted(kinds.items(), key=lambda one: -one[0].rank)
        )

    @property
    def consequences(self) -> tuple[str, ...]:
        """What the rows say together: what falls, and what asks again."""
        notes = [
            f"{self.noun.capitalize()} {row.number} ({row.name}) does not run yet: {row.falls}."
            for row in self.rows
            if row.falls
        ]
        later = [row for row in self.rows if row.after]
        if later:
            notes.append(
                f"{self.agent} asks again before {counted(len(later), 'further step')}, with what it has by then."
            )
        return tuple(notes)

    def draft(self) -> Draft:
        answers = {key: self._answer(number, key) for number, key in enumerate(self.actions, 1)}
        if all(said.verb is Verb.DEFER for said in answers.values()):
            raise self._refuse(
                "nothing-decided",
                "Nothing would run and nothing is refused: say something of at least one step.",
            )
        return Draft(
            answers,
            self.summary,
            notes=self.consequences,
            verdict="reject" if all(said.verb is Verb.REJECT for said in answers.values()) else "approve",
            args={key: action["args"] for key, action in self.actions.items() if answers[key].verb.lets_run},
        )

    def _answer(self, number: int, key: str) -> Said:
        verb = self.verdicts[key]
        message = self.said(f"why-{number}")
        if len(message) > MESSAGE:
            raise self._refuse(
                "message-too-long", f"Step {number}: the message is over {MESSAGE:,} characters."
            )
        if verb is Verb.RESPOND:
            text = self.said(f"text-{number}")
            if self.actions[key].get("answer_schema") is not None:
                raise self._refuse(
                    "typed-answer",
                    f"Step {number} asks for a typed answer: give it by itself, over the API or the terminal.",
                )
            if not text:
                raise self._refuse("answer-missing", f"Step {number}: write the answer first.")
            return Said(verb, value=text, message=message)
        if verb is Verb.CHOOSE:
            posted = self.posted.get(f"pick-{number}", ())
            try:
                chosen = read_choice(self.actions[key]["options"], self.actions[key]["multiple"], posted)
            except EditRefused as caught:
                raise self._refuse(
                    caught.errors[0].code, f"Step {number}: {caught.errors[0].message}"
                ) from None
            return Said(verb, value=list(chosen), message=message)
        return Said(verb, message=message)

    def _refuse(self, code: str, message: str) -> Invalid:
        self.error = message
        return Invalid(code, f"Not recorded. {message}", errors=[BodyError("/decisions", code, message)])


_KINDS: Final = {
    Risk.LOW: "that read",
    Risk.MEDIUM: "that change something",
    Risk.HIGH: "that cannot be undone",
    Risk.CRITICAL: "critical",
    Risk.UNVERIFIABLE: "not in the catalogue",
}


def risk_by_catalogue(effect: str | None, floor: str) -> Risk:
    """How bad a step could be by what admins vouch for its tool; the risk of each is not judged by itself."""
    if effect is None:
        return Risk.UNVERIFIABLE
    found = {Effect.READ: Risk.LOW, Effect.WRITE: Risk.MEDIUM}.get(Effect(effect), Risk.HIGH)
    return max(found, Risk(floor), key=lambda risk: risk.rank) if floor else found
