"""The queue's filter line: `agent:crm-writer risk:high assignee:me`, kept in the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.db.models import Q

from inbox.lifecycle import State
from inbox.policy.words import Risk
from inbox.selectors.turn import Turn

# Each value is its line in docs/reference/filters.md.
WORDS: Final[dict[str, str]] = {
    "agent": "the agent's handle",
    "tool": "the tool's name; a `*` at the end matches any ending",
    "risk": "`low`, `medium`, `high`, `critical` or `unverifiable`",
    "assignee": "whose it is first: `me`, `none` or a user name",
    "needs": "`me`: your vote would count now",
}
ME: Final = "me"
NOBODY: Final = "none"
LONGEST: Final = 200
_NAMES: Final = f"{', '.join(f'{word}:' for word in [*WORDS][:-1])} or {[*WORDS][-1]}:"


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter line. `problems` are sentences about words that are none; those select nothing."""

    text: str = ""
    chosen: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def q(self) -> Q:
        """What requests and groups have alike: agent, risk and tool."""
        clause = Q(pk__in=[]) if self.problems else Q()
        if "agent" in self.chosen:
            clause &= Q(agent__handle=self.chosen["agent"])
        if "risk" in self.chosen:
            clause &= Q(risk=self.chosen["risk"])
        tool = self.chosen.get("tool", "")
        if tool.endswith("*"):
            clause &= Q(tool__startswith=tool[:-1])
        elif tool:
            clause &= Q(tool=tool)
        return clause

    def requests(self, turn: Turn) -> Q:
        """The whole filter, for requests, as this member means `me`."""
        clause = self.q()
        whose = self.chosen.get("assignee")
        if whose == ME:
            clause &= Q(assignee=turn.member.pk)
        elif whose == NOBODY:
            clause &= Q(assignee=None)
        elif whose:
            clause &= Q(assignee__user__username=whose)
        if "needs" in self.chosen:
            clause &= Q(state=State.PENDING.value) & turn.condition
        return clause


def parse(line: str) -> Filter:
    """Read a filter line. Never raises: what is wrong with it is in `problems`."""
    text = " ".join(line.replace("\x00", " ").split())[:LONGEST]
    chosen: dict[str, str] = {}
    problems: list[str] = []
    for token in text.split():
        name, colon, value = token.partition(":")
        if not colon or name not in WORDS or not value:
            problems.append(f"“{token}” is no filter. Use {_NAMES} with a value.")
        elif name == "risk" and value not in {level.value for level in Risk}:
            problems.append(f"“{value}” is no risk. Use low, medium, high, critical or unverifiable.")
        elif name == "needs" and value != ME:
            problems.append(f"“{value}” is nobody needs: asks for. Use needs:me.")
        else:
            chosen[name] = value
    return Filter(text, chosen, tuple(problems))
