"""Ids as people type them: whole, or a beginning or an end that only one has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from placet.client import Client
from placet.exits import NOT_FOUND, USAGE, Stop
from placet.shapes import View

# The end of an id is its random part; its beginning is the time, which requests asked together share.
SHORT: Final = 8
SHORTEST: Final = 4
# Where a short id is looked for: as many entries of each list.
LOOKED_THROUGH: Final = 200
_HEX: Final = re.compile(r"[0-9a-f]+")
_LISTS: Final[tuple[View, ...]] = ("turn", "waiting", "all")


def short(request_id: str) -> str:
    """How lists print an id."""
    return request_id.replace("-", "")[-SHORT:]


def resolve(client: Client, typed: str) -> str:
    """The whole id of a request. Raises Stop, and what reading the inbox raises."""
    return _whole(typed, lambda: _requests(client), "request")


def resolve_group(client: Client, typed: str) -> str:
    """The whole id of a group in which something waits. Raises Stop, and what reading the groups raises."""
    return _whole(typed, lambda: _groups(client), "group")


def resolve_pause(client: Client, typed: str) -> str:
    """The whole id of an open pause. Raises Stop, and what reading the pauses raises."""
    return _whole(typed, lambda: {pause["id"] for pause in client.pauses()["items"]}, "pause")


def _whole(typed: str, known: Callable[[], set[str]], what: str) -> str:
    digits = typed.strip().lower().replace("-", "")
    if not _HEX.fullmatch(digits) or len(digits) > 32:
        raise Stop(USAGE, "bad-id", f"{typed} is no id.")
    if len(digits) == 32:
        return str(UUID(digits))
    if len(digits) < SHORTEST:
        raise Stop(USAGE, "bad-id", f"{typed} is too short: give at least {SHORTEST} characters of the id.")
    found = {one for one in known() if _fits(one, digits)}
    if not found:
        raise Stop(
            NOT_FOUND, "not-found", f"No {what} that you can see has an id like {typed}. Give the whole id."
        )
    if len(found) > 1:
        some = ", ".join(sorted(found)[:5])
        raise Stop(USAGE, "bad-id", f"{typed} fits {len(found)} {what}s. Give more of it: {some}.")
    return found.pop()


def _fits(whole: str, digits: str) -> bool:
    hexadecimal = whole.replace("-", "")
    return hexadecimal.startswith(digits) or hexadecimal.endswith(digits)


def _requests(client: Client) -> set[str]:
    known: set[str] = set()
    for view in _LISTS:
        for lane in client.further(client.inbox(view), LOOKED_THROUGH)["lanes"]:
            known.update(row["id"] for row in lane["items"])
            known.update(group["only"]["id"] for group in lane["groups"] if group["only"])
    return known


def _groups(client: Client) -> set[str]:
    lane = client.further(client.groups(), LOOKED_THROUGH)["lanes"][0]
    return {group["id"] for group in lane["groups"]}
