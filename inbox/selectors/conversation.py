"""What was said about requests, and what changed from draft to draft."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber

from inbox import canonical
from inbox.models import ApprovalRequest, Message, Revision, Vote
from inbox.rendering.diff import Change, diff
from inbox.rendering.text import AgentText, plain

LATEST: Final = 50
# The longest message there is: a page shows a conversation whole.
LONGEST: Final = 20_000
WHOLE: Final = 1_000
Back = Literal["", "answered", "revised"]


def messages_on(requests: Iterable[UUID], *, latest: int = LATEST) -> dict[UUID, list[Message]]:
    """The latest messages of each request, oldest first; one query. A draft that came without a note is none."""
    newest = Window(RowNumber(), partition_by=F("request"), order_by=[F("created_at").desc(), F("id").desc()])
    found: dict[UUID, list[Message]] = {}
    for message in (
        Message.objects.filter(request__in=list(requests))
        .exclude(text="")
        .select_related("person")
        .annotate(place=newest)
        .filter(place__lte=latest)
        .order_by("request_id", "created_at", "id")
    ):
        found.setdefault(message.request_id, []).append(message)
    return found


def guidance_on(requests: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The notes people left on each request, oldest first; one query, none for no requests."""
    ids = list(requests)
    found: dict[UUID, list[str]] = {}
    if ids:
        notes = Message.objects.filter(request__in=ids, kind=Message.Kind.GUIDANCE)
        for request_id, text in notes.order_by("created_at", "id").values_list("request_id", "text"):
            found.setdefault(request_id, []).append(text)
    return found


def came_back(requests: Collection[ApprovalRequest]) -> dict[UUID, Back]:
    """What the agent did since people last asked it about these: for those that wait for people again.

    One query for any number. `revised` says that the bytes are others than the agent first sent.
    """
    waiting = [request.pk for request in requests if request.asked_agent_at is None]
    last = Message.objects.filter(request=OuterRef("request")).exclude(kind=Message.Kind.GUIDANCE)
    current = (
        Revision.objects.filter(request__in=waiting, number=F("request__revision_number"))
        .annotate(last=Subquery(last.order_by("-created_at", "-id").values("kind")[:1]))
        .defer("payload")
    )
    found: dict[UUID, Back] = {}
    for revision in current:
        if revision.number > 1 and revision.author_id is None:
            found[revision.request_id] = "revised"
        elif revision.last == Message.Kind.ANSWER:
            found[revision.request_id] = "answered"
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a page shows it. `by` is a person's name, or the agent's handle."""

    message: Message
    by: str
    text: AgentText


@dataclass(frozen=True, slots=True)
class ActionChange:
    """What became of one action between two drafts: `changes` only where it is in both."""

    key: str
    what: Literal["new", "taken out", "changed"]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """One revision. `by` is the person who edited, or the agent's handle."""

    revision: Revision
    by: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that was said and drafted. `since` is the revision the reader knows, and `changes` what differs from it."""

    said: tuple[Said, ...]
    drafts: tuple[Draft, ...]
    since: int | None
    changes: tuple[ActionChange, ...]

    @property
    def last(self) -> Said | None:
        return self.said[-1] if self.said else None


def read(request: ApprovalRequest, person: User) -> Conversation:
    """The conversation about a request, for somebody who may see it. Load the agent with the request.

    The reader knows the revision they last voted on or said something about; else the one before the current is
    what they compare with. Messages stand whole, whoever wrote them revealed as an agent's words are.
    """
    agent = request.agent.handle
    said = [
        Said(message, _by(message.person, agent), plain(message.text, limit=LONGEST))
        for message in messages_on([request.pk], latest=WHOLE).get(request.pk, ())
    ]
    revisions = list(request.revisions.select_related("author").order_by("number"))
    since = _known(request, person)
    changes: tuple[ActionChange, ...] = ()
    if since is not None:
        by_number = {revision.number: revision for revision in revisions}
        changes = changes_between(by_number[since], by_number[request.revision_number])
    return Conversation(
        said=tuple(said),
        drafts=tuple(Draft(revision, _by(revision.author, agent)) for revision in revisions),
        since=since,
        changes=changes,
    )


def changes_between(before: Revision, after: Revision) -> tuple[ActionChange, ...]:
    """What differs, action by action, in everything that is decided about."""
    first, second = (_actions(revision) for revision in (before, after))
    found = []
    for key in [*first, *(key for key in second if key not in first)]:
        if key not in second:
            found.append(ActionChange(key, "taken out"))
        elif key not in first:
            found.append(ActionChange(key, "new"))
        elif changes := diff(first[key], second[key]):
            found.append(ActionChange(key, "changed", changes))
    return tuple(found)


def _actions(revision: Revision) -> dict[str, canonical.JsonValue]:
    return {action["key"]: action for action in canonical.read(bytes(revision.payload))["actions"]}


def _known(request: ApprovalRequest, person: User) -> int | None:
    current = request.revision_number
    if current == 1:
        return None
    known: Sequence[int] = [
        *Vote.objects.filter(request=request, person=person).values_list("revision_number", flat=True),
        *Message.objects.filter(request=request, person=person).values_list("revision_number", flat=True),
    ]
    return max((number for number in known if number < current), default=current - 1)


def _by(person: User | None, agent: str) -> str:
    return person.get_username() if person is not None else agent
