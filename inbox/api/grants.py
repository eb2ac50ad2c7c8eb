"""Grants over the API: what the page does, by the same services and under the same rights."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from inbox.api.callers import PROBLEMS, PersonBearer, person_of, team_named
from inbox.api.schemas.grants import ArgumentTestIn, GrantIn, GrantOut, GrantPage, MatchesOut
from inbox.canonical import JsonValue
from inbox.errors import FieldError, Invalid, NotFound
from inbox.models import ApprovalRequest, Grant, Member
from inbox.permissions import require_member, teams_of, visible_to
from inbox.policy.facts import ActionFacts
from inbox.policy.grants import ArgumentTest, schema_digest
from inbox.selectors.grants import facts_of_request, grant_of, grants_page, preview
from inbox.services.grants import Wish, make_grant, revoke_grant, wished_action

grants = Router(auth=PersonBearer(), tags=["people"])


@grants.get("/grants", response={200: GrantPage, **PROBLEMS}, summary="List a team's grants")
def list_grants(
    request: HttpRequest, live: bool = False, cursor: UUID | None = None, team: str | None = None
) -> GrantPage:
    """Fifty at a time, the newest first; with `live` only those in force."""
    found = team_named(person_of(request), team)
    now = timezone.now()
    rows, following = grants_page(found.pk, live_at=now if live else None, after=cursor)
    return GrantPage(
        items=[GrantOut.of(row, at=now) for row in rows], next=str(following) if following else None
    )


@grants.post("/grants", response={201: GrantOut, **PROBLEMS}, summary="Let calls like one pass for a while")
def make(request: HttpRequest, body: GrantIn) -> Status[GrantOut]:
    """By whoever could decide that waiting request alone. The request itself goes on waiting."""
    member, found = _asked(request, body)
    wish = _wish(body, facts_of_request(found)[0])
    try:
        grant = make_grant(member=member, wish=wish)
    except Invalid as refused:
        raise _placed(refused, body) from None
    return Status(201, _out(member, grant.pk))


@grants.post(
    "/grants/preview", response={200: MatchesOut, **PROBLEMS}, summary="Show what a grant would match"
)
def look(request: HttpRequest, body: GrantIn) -> MatchesOut:
    """The same body makes nothing here: it is tried on what waits and on the last 500 past calls."""
    _, found = _asked(request, body)
    wish = _wish(body, facts_of_request(found)[0])
    try:
        action, schema = wished_action(found, wish)
    except Invalid as refused:
        raise _placed(refused, body) from None
    return MatchesOut.of(
        preview(
            found,
            tool=action.name,
            schema=schema_digest(schema),
            pattern=wish.pattern,
            thread=found.thread if body.this_run else "",
        )
    )


@grants.post("/grants/{grant_id}/revoke", response={200: GrantOut, **PROBLEMS}, summary="End a grant at once")
def revoke(request: HttpRequest, grant_id: UUID) -> GrantOut:
    """By who gave it, or an admin. One that has ended stays as it is."""
    person = person_of(request)
    slug = (
        Grant.objects.filter(team__in=teams_of(person), pk=grant_id)
        .values_list("team__slug", flat=True)
        .first()
    )
    if slug is None:
        raise NotFound()
    member = require_member(person, slug)
    revoke_grant(member=member, grant_id=grant_id)
    return _out(member, grant_id)


def _asked(request: HttpRequest, body: GrantIn) -> tuple[Member, ApprovalRequest]:
    person = person_of(request)
    found = visible_to(person).select_related("team").filter(pk=body.request).first()
    if found is None:
        raise NotFound()
    return require_member(person, found.team.slug), found


def _wish(body: GrantIn, facts: dict[str, ActionFacts]) -> Wish:
    """What is wished, of an action of the request. Raises NotFound for a key that it has not."""
    if body.key not in facts:
        raise NotFound()
    args = facts[body.key].args
    said = {test.argument for test in body.pattern}
    return Wish(
        request_id=body.request,
        digest=body.digest,
        key=body.key,
        pattern=(
            *(_test(test, args.get(test.argument)) for test in body.pattern),
            *(ArgumentTest(name, "equal", value) for name, value in args.items() if name not in said),
        ),
        lifetime=timedelta(seconds=body.lifetime),
        this_run=body.this_run,
        max_uses=body.max_uses,
    )


def _test(test: ArgumentTestIn, own: JsonValue) -> ArgumentTest:
    if test.op == "any":
        return ArgumentTest(test.argument, "any")
    given = test.op != "equal" or "value" in test.model_fields_set
    return ArgumentTest(test.argument, test.op, test.value if given else own)


def _placed(refused: Invalid, body: GrantIn) -> Invalid:
    """The refusal with each error at its place in the list that was sent."""
    places = {f"/pattern/{test.argument}": f"/pattern/{place}" for place, test in enumerate(body.pattern)}
    return Invalid(
        refused.code,
        refused.detail,
        errors=[
            FieldError(places.get(error.pointer, error.pointer), error.code, error.detail)
            for error in refused.errors
        ],
    )


def _out(member: Member, grant_id: UUID) -> GrantOut:
    row = grant_of(member.team_id, grant_id)
    if row is None:
        raise NotFound()
    return GrantOut.of(row, at=timezone.now())
