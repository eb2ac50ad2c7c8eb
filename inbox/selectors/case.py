"""The agent's case: what it says about its request, revealed, capped, and never taken for fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox.models import ApprovalRequest
from inbox.rendering.findings import Finding, merged
from inbox.rendering.raw import raw_json
from inbox.rendering.reveal import Revealed
from inbox.rendering.text import AgentText, plain

_CLAIMS: Final = (
    ("risk", "risk {}"),
    ("urgency", "urgency {}"),
    ("confidence", "{:.0%} sure"),
    ("cost_usd", "costs ${:,.2f}"),
    ("duration_s", "takes {:g} s"),
)


@dataclass(frozen=True, slots=True)
class Words:
    """One labelled text of the agent's. `label` is ours."""

    label: str
    text: AgentText


@dataclass(frozen=True, slots=True)
class Case:
    """All an agent said beside the payload. `findings` are what the renderer noticed in it."""

    words: tuple[Words, ...]
    claims: tuple[str, ...]
    impact: Revealed | None
    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return bool(self.words or self.claims or self.impact)


def case_of(request: ApprovalRequest, envelope: Mapping[str, Any]) -> Case:
    """Read the context, the claims and each action's description."""
    words = tuple(Words(label, plain(text)) for label, text in _said(request, envelope) if text)
    impact = raw_json(request.context["impact"]) if request.context.get("impact") else None
    claims = tuple(
        form.format(request.claims[key]) for key, form in _CLAIMS if request.claims.get(key) is not None
    )
    found = [finding for word in words for finding in word.text.findings]
    return Case(words, claims, impact, merged([*found, *(impact.findings if impact else ())]))


def _said(request: ApprovalRequest, envelope: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    context = request.context
    yield "The user asked", context.get("user_task", "")
    yield "Goal", context.get("goal", "")
    yield "Why", context.get("rationale", "")
    for action in envelope["actions"]:
        yield (
            "About the action" if len(envelope["actions"]) == 1 else f"About {action['key']}",
            action["description"],
        )
    yield "Plan", context.get("plan", "")
    yield "Progress so far", context.get("progress", "")
    yield "Results so far", context.get("results", "")
    yield "Can it be undone", context.get("reversibility", "")
    yield "Rollback plan", context.get("rollback_plan", "")
    for text in context.get("alternatives", ()):
        yield "Alternative", text
    for text in context.get("evidence", ()):
        yield "Evidence", text
    yield "Last result", context.get("prior_output", "")
