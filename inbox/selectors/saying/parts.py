"""Several actions: something said of each, a line after which the agent asks again, and what falls with what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from inbox.answers import Answers, Said
from inbox.errors import FieldError as BodyError
from inbox.errors import Invalid
from inbox.lifecycle import Verb
from inbox.policy.plan import (
    Fall,
    Step,
    falls,
    late_values,
    riskiest_first,
    settled,
    sources_of,
)
from inbox.policy.words import Risk
from inbox.rendering.diff import Change, diff
from inbox.rendering.edit import EditRefused
from inbox.rendering.options import option_table, read_choice
from inbox.rendering.text import plain
from inbox.selectors.saying.answer import answer_fields
from inbox.selectors.saying.draft import Actions, Draft, Panel, Posted, counted
from inbox.selectors.saying.edit import UNCHANGED
from inbox.selectors.saying.fields import Fields, pressed
from inbox.selectors.saying.steps import FATES, KINDS, RUN_WORDS, StepRow

T = TypeVar("T")

MESSAGE: Final = 2_000
# Posted once for each action that is open for editing: its number.
OPEN: Final = "open"
PLANNED: Final = "post_planning"
_SAID: Final = re.compile(r"[0-9]{1,3}")


class PartsPanel(Panel):
    """Every action with what may be said of it, any of them edited. A plan (steps that need each other) has a stop line."""

    step = "parts"
    template = "inbox/_say_parts.html"
    title = "Decide step by step"
    error = ""
    edits: dict[str, Fields]
    typed: dict[str, Fields]

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
        step: str = "parts",
    ) -> None:
        """`risks` is what the catalogue knows of each tool; `sentences` say each action as the inbox does.

        Under the step "edit" the action `key`, or the first that may be edited, is open for it from the start.
        """
        self.sentences, self.risks, self.checkpoint = sentences or {}, risks or {}, checkpoint
        self.step, self.focus = step, 0
        super().__init__(actions, agent, key, posted)
        if step == "edit" and posted is None:
            number = list(actions).index(self.key) + 1
            self.press(f"edit {number}")

    def first(self, actions: Actions) -> str:
        return next((key for key, one in actions.items() if "edit" in one["allow"]), next(iter(actions)))

    def press(self, op: str) -> None:
        what, _, number = op.partition(" ")
        if what != "edit":
            self.focused = pressed([*self.edits.items(), *self.typed.items()], op)
        elif _SAID.fullmatch(number):
            opened = [*self.posted.get(OPEN, ()), number]
            self.posted = {**self.posted, OPEN: opened, f"said-{number}": ["edit"]}
            self.focus, self.focused = int(number), True
            self.build()

    def build(self) -> None:
        opened = set(self.posted.get(OPEN, ()))
        self.edits, self.typed = {}, {}
        for number, (key, action) in enumerate(self.actions.items(), 1):
            if "edit" in action["allow"] and str(number) in opened:
                self.edits[key] = self._fields(action.get("args_schema"), action["args"], f"e{number}.")
            answer = answer_fields(
                action, self.posted, touched=self._posted(f"a{number}."), prefix=f"a{number}."
            )
            if answer is not None and "respond" in action["allow"]:
                self.typed[key] = answer
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
            sources_of(self.edits[key].peek() if key in self.edits else action["args"]),
            asks=action["kind"] in ("question", "choice"),
        )

    def _may(self, key: str) -> tuple[str, ...]:
        allow = self.actions[key]["allow"]
        words = ("approve", *(("edit",) if key in self.edits else ()), "respond", "choose", "reject")
        return (*(word for word in words if word in allow), "defer")

    def _posted(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.posted)

    def _fields(self, schema: Any, value: Any, prefix: str) -> Fields:
        return Fields(schema, value, self.posted, touched=self._posted(prefix), prefix=prefix)

    def _said(self, number: int, key: str) -> Verb:
        may = self._may(key)
        said = self.said(f"said-{number}")
        # Only an approval is ever preset; a question is put off until somebody answers it.
        return Verb(said if said in may else "approve" if "approve" in may else "defer")

    def _row(self, number: int, key: str, said: Verb) -> StepRow:
        action = self.actions[key]
        fall, step = self.falls.get(key), self.steps[number - 1]
        return StepRow(
            number=number,
            key=key,
            name=action["name"],
            sentence=self.sentences.get(key, action["name"]),
            risk=self.risks.get(key, Risk.UNVERIFIABLE),
            needs=tuple(action["depends_on"]),
            late=tuple(late_values(action["args"])),
            may=tuple((word, RUN_WORDS[word]) for word in self._may(key)),
            said=said.value,
            message=self.said(f"why-{number}"),
            text=(self.posted.get(f"text-{number}") or [""])[-1],
            options=option_table(action["options"]) if action["options"] else None,
            multiple=action["multiple"],
            picked=frozenset(self.posted.get(f"pick-{number}", ())),
            falls=fall.reason if fall else "",
            after=number > self.stop,
            editable="edit" in action["allow"] and key not in self.edits,
            edit=self.edits.get(key),
            question=plain(action["description"]) if step.asks and action["description"] else None,
            answers="respond" in action["allow"],
            answer=self.typed.get(key),
        )

    @property
    def noun(self) -> str:
        return "step" if self.plan else "action"

    @property
    def summary(self) -> str:
        """What the button says: "Run steps 1–3, then ask again"."""
        edited = sum(verdict is Verb.EDIT for verdict in self.verdicts.values())
        return f"{self._summary()} ({edited} edited)" if edited else self._summary()

    def _summary(self) -> str:
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
            f"{count} {KINDS[risk]}" for risk, count in sorted(kinds.items(), key=lambda one: -one[0].rank)
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
            notes=(*self._fates(answers), *self.consequences),
            verdict="reject" if all(said.verb is Verb.REJECT for said in answers.values()) else "approve",
            changes={
                key: self._changes(key, said) for key, said in answers.items() if said.verb is Verb.EDIT
            },
            args={
                key: answers[key].args or action["args"]
                for key, action in self.actions.items()
                if answers[key].verb.lets_run
            },
        )

    def _fates(self, answers: Answers) -> Iterator[str]:
        """What becomes of every action, where one is edited: nothing goes along unsaid."""
        if any(said.verb is Verb.EDIT for said in answers.values()):
            for row in self.rows:
                if not row.falls:
                    fate = FATES[answers[row.key].verb]
                    yield f"{self.noun.capitalize()} {row.number} ({row.name}) {fate}."

    def _changes(self, key: str, said: Said) -> tuple[Change, ...]:
        return diff(self.actions[key]["args"], dict(said.args or {}))

    def _answer(self, number: int, key: str) -> Said:
        verb = self.verdicts[key]
        said = self.said(f"said-{number}")
        if said and said not in self._may(key):
            # An edit whose fields did not come along must not pass as the approval that is preset.
            raise self._refuse(
                "verb-not-offered", f"Step {number}: {said[:20]!r} is not offered. Say it anew."
            )
        message = self.said(f"why-{number}")
        if len(message) > MESSAGE:
            raise self._refuse(
                "message-too-long", f"Step {number}: the message is over {MESSAGE:,} characters."
            )
        if verb is Verb.EDIT:
            args = self._value(number, self.edits[key].arguments)
            if not diff(self.actions[key]["args"], args):
                self.edits[key].show([UNCHANGED])
                raise self._refuse(
                    UNCHANGED.code, f"Step {number}: nothing is changed. Change a value, or let it run."
                )
            return Said(verb, args, message=message)
        if verb is Verb.RESPOND:
            text = self.said(f"text-{number}")
            value = self._value(number, self.typed[key].checked) if key in self.typed else text
            if value == "":
                raise self._refuse("answer-missing", f"Step {number}: write the answer first.")
            return Said(verb, value=value, message=message)
        if verb is Verb.CHOOSE:
            return Said(verb, value=self._value(number, partial(self._chosen, number, key)), message=message)
        if self._unsaid(number, key):
            raise self._refuse("answer-not-sent", f"Step {number}: it is filled in, but not said to be sent.")
        return Said(verb, message=message)

    def _chosen(self, number: int, key: str) -> list[Any]:
        action = self.actions[key]
        return list(read_choice(action["options"], action["multiple"], self.posted.get(f"pick-{number}", ())))

    def _unsaid(self, number: int, key: str) -> bool:
        """Whether an answer was filled in that its step, put off, would lose."""
        if number > self.stop or self.said(f"said-{number}") != "defer":
            return False
        typed = self.typed.get(key)
        return bool(
            self.said(f"text-{number}") or self.posted.get(f"pick-{number}") or (typed and typed.started)
        )

    def _value(self, number: int, read: Callable[[], T]) -> T:
        try:
            return read()
        except EditRefused as caught:
            raise self._refuse(caught.errors[0].code, f"Step {number}: {caught.errors[0].message}") from None

    def _refuse(self, code: str, message: str) -> Invalid:
        self.error = message
        return Invalid(code, f"Not recorded. {message}", errors=[BodyError("/decisions", code, message)])
