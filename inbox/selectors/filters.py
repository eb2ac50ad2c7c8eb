"""The queue's filter line: `agent:crm-writer tool:send_email risk:high`, kept in the address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.db.models import Q

from inbox.policy.words import Risk

WORDS: Final[dict[str, str]] = {
    "agent": "the agent's handle",
    "tool": "the tool's name; a * at the end matches any ending",
    "risk": "low, medium, high, critical or unverifiable",
}
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter line. `problems` are sentences about words that are none; those select nothing."""

    text: str = ""
    chosen: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def q(self) -> Q:
        """The filter for requests; RequestGroup has the same three columns."""
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


def parse(line: str) -> Filter:
    """Read a filter line. Never raises: what is wrong with it is in `problems`."""
    text = " ".join(line.replace("\x00", " ").split())[:LONGEST]
    chosen: dict[str, str] = {}
    problems: list[str] = []
    for token in text.split():
        name, colon, value = token.partition(":")
        if not colon or name not in WORDS or not value:
            problems.append(f"“{token}” is no filter. Use agent:, tool: or risk: with a value.")
        elif name == "risk" and value not in {level.value for level in Risk}:
            problems.append(f"“{value}” is no risk. Use low, medium, high, critical or unverifiable.")
        else:
            chosen[name] = value
    return Filter(text, chosen, tuple(problems))
