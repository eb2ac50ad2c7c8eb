"""A fixed cast and short ways to make what tests need.

alice and bob are leads, carol a senior, dave a reviewer, erin the admin without a tier who owns the agent; charlie
is in another team.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.contrib.auth.models import User
from django.db import connections, transaction

from agents import services as gateway
from agents.contract import Submission
from agents.models import Agent
from inbox.models import ApprovalRequest, Member, PolicyVersion, Team
from inbox.policy.document import PolicyDocument, default_document, parse_document
from inbox.policy.words import Effect
from inbox.selectors.policy import current_version, document_of
from inbox.services.decide import Decided, decide
from inbox.services.intake import Addressed
from inbox.services.submit import submit, submit_all
from inbox.services.teams import DEFAULT_LADDER, add_member, create_team, write_version
from inbox.services.tools import ToolDescription, import_tools

T = TypeVar("T")

TOOLS = (
    ToolDescription("lookup_order", Effect.READ, harmless=True, template="Look up order {order}"),
    ToolDescription("read_mail", Effect.READ, template="Read the mailbox of {user}"),
    ToolDescription(
        "write_file", Effect.WRITE, reversible=True, idempotent=True, template="Write {path}: {text}"
    ),
    ToolDescription("issue_refund", Effect.WRITE, template="Refund {amount|money:USD} to {customer}"),
    ToolDescription("send_email", Effect.IRREVERSIBLE, template="Send “{subject}” to {to}"),
    ToolDescription("delete_accounts", Effect.IRREVERSIBLE, template="Delete {accounts|count} accounts"),
)


@dataclass(frozen=True)
class World:
    """One team and everything a test needs of it."""

    team: Team
    agent: Agent
    token: str
    alice: User
    bob: User
    carol: User
    dave: User
    erin: User
    charlie: User
    other: Team

    def member(self, person: User) -> Member:
        """The person's membership of the team."""
        return Member.objects.select_related("tier", "user", "team").get(team=self.team, user=person)


def at_once(tiers: Sequence[str] = DEFAULT_LADDER) -> PolicyDocument:
    """The default policy without holds: what people decide is released in the same transaction."""
    return default_document(tiers, release_at_once=["*"])


def make_world() -> World:
    """A new team with the cast; names carry a suffix so that committed worlds do not meet."""
    tail = uuid4().hex[:8]
    team = create_team(slug=f"acme-{tail}", name="Acme", document=at_once())
    other = create_team(slug=f"rival-{tail}", name="Rival")
    people = {
        name: User.objects.create_user(f"{name}-{tail}")
        for name in ("alice", "bob", "carol", "dave", "erin", "charlie")
    }
    for name, tier in (("alice", "lead"), ("bob", "lead"), ("carol", "senior"), ("dave", "reviewer")):
        add_member(team=team, user=people[name], tier=tier)
    add_member(team=team, user=people["erin"], tier=None, is_admin=True)
    add_member(team=other, user=people["charlie"], tier="lead", is_admin=True)
    import_tools(team=team, tools=TOOLS)
    agent = gateway.register_agent(team_id=team.pk, handle="crm-writer", owner=people["erin"])
    _, token = gateway.issue_token(
        agent=agent, name="test", created_by=people["erin"], lifetime=timedelta(days=1)
    )
    return World(team=team, agent=agent, token=token, other=other, **people)


def body(tool: str = "write_file", args: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """The JSON body of a request as an agent would send it."""
    action = {"key": "call_1", "name": tool, "args": dict(args or {"path": "docs/a.md", "text": "hello"})}
    return {"dedupe_key": uuid4().hex, "thread": "run-1", "actions": [action], **fields}


def ask(
    world: World, tool: str = "write_file", args: Mapping[str, Any] | None = None, **fields: Any
) -> ApprovalRequest:
    """Submit a request as the world's agent."""
    submission = Submission.model_validate(body(tool, args, **fields))
    return submit(agent=world.agent, submission=submission).request


def ask_many(world: World, bodies: Sequence[Mapping[str, Any]]) -> list[ApprovalRequest]:
    """Submit many requests as the world's agent in one transaction: a fifth of the time of asking one by one."""
    asked = [Addressed(Submission.model_validate(one)) for one in bodies]
    with transaction.atomic():
        return [made.request for made in submit_all(agent=world.agent, asked=asked, channel="poll")]


def vote(
    world: World, request: ApprovalRequest, person: User, verdict: str = "approve", **more: Any
) -> Decided:
    """Decide as a person, on the request's current digest unless told otherwise."""
    fields: dict[str, Any] = {"digest": request.digest, "idempotency_key": uuid4().hex, "via": "test", **more}
    return decide(person=person, team=world.team, request_id=request.pk, verdict=verdict, **fields)  # type: ignore[arg-type]


def in_force(world: World, *rules: Mapping[str, Any]) -> PolicyVersion:
    """The policy in force with these rules instead of its own, as its next version."""
    version = current_version(world.team.pk)
    wanted = document_of(version).model_dump(mode="json", exclude_none=True)
    document = parse_document({**wanted, "rules": [dict(rule) for rule in rules]})
    with transaction.atomic():
        return write_version(version.policy, document, author=None)


def race(*calls: Callable[[], T]) -> list[T | Exception]:
    """Run the calls at the same instant, each on its own thread and connection; results in order, errors as values."""
    barrier = threading.Barrier(len(calls))
    results: list[T | Exception] = [RuntimeError("did not finish")] * len(calls)

    def run(place: int, call: Callable[[], T]) -> None:
        try:
            barrier.wait(10)
            results[place] = call()
        except Exception as error:  # noqa: BLE001 - the error is the result
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
