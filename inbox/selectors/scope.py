"""What a rule would have matched: its reach over the latest requests, before it is anything but words in a form."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final
from uuid import UUID

from inbox import canonical
from inbox.models import ApprovalRequest, Revision
from inbox.models.change import CHANNEL

LATEST: Final = 500
# A value longer than this is a text somebody wrote, not what a rule should turn on.
LONGEST_VALUE: Final = 80


@dataclass(frozen=True, slots=True)
class Narrowest:
    """The narrowest match of one request: its agent, its tool, and every plain argument as a condition."""

    tool: str
    agent: str
    conditions: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """How far a match reaches over the latest requests: how many it matches, and how many of those people rejected."""

    looked_at: int
    matched: int
    rejected: int


def narrowest(request: ApprovalRequest) -> Narrowest | None:
    """The narrowest match of a decided request; None where what it asked cannot be verified or is not one action."""
    if not request.verifiable or request.channel == CHANNEL:
        return None
    actions = _actions(request)
    if len(actions) != 1:
        return None
    conditions = [
        (f"args.{name}", "eq", _text(value))
        for name, value in actions[0]["args"].items()
        if _plain(name, value)
    ]
    return Narrowest(actions[0]["name"], request.agent.handle, tuple(conditions[:10]))


def scope(team_id: UUID, *, tool: str, agent: str, conditions: dict[str, Any]) -> Scope:
    """How many of the team's latest requests of one action a tool, an agent and some arguments match exactly."""
    latest = list(
        ApprovalRequest.objects.filter(team_id=team_id)
        .exclude(channel=CHANNEL)
        .select_related("agent", "decision")
        .only("tool", "tools", "revision_number", "outcome", "agent__handle", "decision__kind")
        .order_by("-pk")[:LATEST]
    )
    near = [one for one in latest if fnmatchcase(one.tool, tool) and fnmatchcase(one.agent.handle, agent)]
    numbers = {one.pk: one.revision_number for one in near}
    matching = set()
    for request_id, number, payload in Revision.objects.filter(request_id__in=numbers).values_list(
        "request_id", "number", "payload"
    ):
        args = [action["args"] for action in canonical.read(bytes(payload))["actions"]]
        if numbers[request_id] == number and any(
            all(_at(one, path) == value for path, value in conditions.items()) for one in args
        ):
            matching.add(request_id)
    rejected = [
        one
        for one in near
        if one.pk in matching and one.outcome in ("rejected", "mixed") and one.decision.kind == "person"
    ]
    return Scope(len(latest), len(matching), len(rejected))


def _actions(request: ApprovalRequest) -> list[Any]:
    payload = request.revisions.values_list("payload", flat=True).get(number=request.revision_number)
    actions: list[Any] = canonical.read(bytes(payload))["actions"]
    return actions


def _plain(name: str, value: Any) -> bool:
    return (
        name.replace("_", "").replace("-", "").isalnum()
        and name.isascii()
        and isinstance(value, str | int | float | bool)
        and len(str(value)) <= LONGEST_VALUE
        and str(value).isprintable()
    )


def _text(value: Any) -> str:
    return canonical.dumps(value).decode() if not isinstance(value, str) else value


def _at(args: Any, path: str) -> Any:
    for step in path.removeprefix("args.").split("."):
        if not isinstance(args, dict) or step not in args:
            return None
        args = args[step]
    return args
