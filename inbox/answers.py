"""What a person says of each action of a request, as a vote carries it and a hold keeps it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from inbox import canonical
from inbox.lifecycle import Verb


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one action.

    `args` are the whole new arguments of an edit, `value` the result of a response or the chosen values, `message`
    goes to the agent with this action (the vote's own message stands for those without).
    """

    verb: Verb
    args: Mapping[str, Any] | None = None
    value: canonical.JsonValue = None
    message: str = ""


Answers = Mapping[str, Said]
"""By action key."""

APPROVED: Final = Said(Verb.APPROVE)
REJECTED: Final = Said(Verb.REJECT)


def alike(answers: Answers) -> Verb | None:
    """The verb when all actions are approved, or all rejected, with nothing more to say; else None."""
    for said in (APPROVED, REJECTED):
        if all(one == said for one in answers.values()):
            return said.verb
    return None


def stored(answers: Answers) -> bytes:
    """The canonical bytes to keep. Arguments of an edit are left out: they are in the revision it made."""
    return canonical.dumps(
        {
            key: {
                "verb": said.verb.value,
                **({"value": said.value} if said.verb.answers else {}),
                **({"message": said.message} if said.message else {}),
            }
            for key, said in answers.items()
        }
    )


def read(kept: bytes) -> dict[str, Said]:
    """What `stored` wrote."""
    return {
        key: Said(Verb(said["verb"]), value=said.get("value"), message=said.get("message", ""))
        for key, said in canonical.read(kept).items()
    }
