"""Why somebody may never decide a request, whatever their rights: separation of duties, from its history."""

from __future__ import annotations

from enum import StrEnum


class Exclusion(StrEnum):
    """Why somebody is excluded. Agents are no persons, so none of them can ever vote."""

    OWNER = "owner"
    TOKEN_MAKER = "token-maker"  # noqa: S105 - a word, not a secret
    REQUESTER = "requester"
    EDITOR = "editor"

    @property
    def to_them(self) -> str:
        """A sentence to the person themselves."""
        return f"{_TO_THEM[self]}: someone else must decide."

    @property
    def of_them(self) -> str:
        """The same about them, to follow their name."""
        return _OF_THEM[self]


_TO_THEM = {
    Exclusion.OWNER: "You own this agent",
    Exclusion.TOKEN_MAKER: "You made one of this agent's tokens",
    Exclusion.REQUESTER: "This was asked on your behalf",
    Exclusion.EDITOR: "This is your own edit",
}
_OF_THEM = {
    Exclusion.OWNER: "owns the agent",
    Exclusion.TOKEN_MAKER: "made one of the agent's tokens",
    Exclusion.REQUESTER: "is whom it was asked for",
    Exclusion.EDITOR: "edited it last",
}
