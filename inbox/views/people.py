"""People, tiers, groups and the ladder: everyone in the team may read them, admins change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inbox.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from inbox.forms.admin import CooldownForm, GroupForm, InviteForm, TierForm
from inbox.models import ChangeRequest, Member, RoleGroup
from inbox.policy.need import Need
from inbox.policy.words import Risk
from inbox.selectors.people import PeoplePage, ladder, member_of, people_page
from inbox.selectors.policy import current_version
from inbox.selectors.policy_trials import FRESH
from inbox.services import people as membership
from inbox.services.governed import request_change
from inbox.services.groups import add_group, leave_group
from inbox.services.people import require_admin_of
from inbox.services.policies import MOST_PEOPLE, save_ladder
from inbox.services.tiers import add_tier
from inbox.views.context import TeamRequest, redirect_after_post, team_page
from inbox.views.policy_trials import version_url
from inbox.views.proposals import after_change


@dataclass(frozen=True, slots=True)
class LadderLine:
    """One risk level of the ladder form: what was sent or is in force, and what is wrong with it.

    `plain` says that one tier and a number say it all; any other level is changed in the policy itself.
    """

    risk: Risk
    tier: str
    count: str
    words: str
    enough: bool
    error: str
    plain: bool


@require_GET
@team_page
def people(request: TeamRequest) -> HttpResponse:
    """Members, tiers, and what each risk level needs."""
    return _page(request)


@require_POST
@team_page
def person_invite(request: TeamRequest) -> HttpResponse:
    """Invite a person. The answer carries their single-use link, once."""
    require_admin_of(request.member)
    form = InviteForm(request.POST, tiers=ladder(request.member.team_id))
    if not form.is_valid():
        return _page(request, invite=form)
    given = form.cleaned_data
    try:
        member, path = membership.invite(
            admin=request.member, username=given["username"], email=given["email"], tier=None
        )
        if given["tier"]:
            # Without a tier they may look only; deciding is what another admin must approve.
            _place(request, member, given["tier"])
    except (Invalid, Conflict) as refused:
        form.refuse(refused)
        return _page(request, invite=form)
    link = request.build_absolute_uri(path) if path else ""
    return _page(request, invited=member.user.get_username(), link=link)


@require_POST
@team_page
def tier_add(request: TeamRequest) -> HttpResponse:
    """Put a new tier on top of the ladder."""
    return _add(request, "tiers", TierForm(request.POST), add_tier)


@require_POST
@team_page
def tier_move(request: TeamRequest, tier_id: UUID) -> HttpResponse:
    """Swap a tier with the next one above (`up` 1) or below (`up` 0)."""
    try:
        change = _move(request, tier_id)
    except (Invalid, Conflict) as refused:
        return _page(request, refused=refused)
    return after_change(request, change, _here(request, "tiers"))


@require_POST
@team_page
def ladder_save(request: TeamRequest) -> HttpResponse:
    """Bind every risk level to a tier and a number of people, as a new version of the policy."""
    require_admin_of(request.member)
    wanted, errors = _ladder_sent(request.POST, people_page(request.member.team_id))
    if not errors:
        try:
            saved = save_ladder(
                admin=request.member, ladder=wanted, base=_whole(request.POST.get("base", "")) or 0
            )
        except Invalid as refused:
            errors = {_risk_at(error.pointer): error.detail for error in refused.errors} or {
                "": refused.detail
            }
        else:
            if saved.pk != current_version(request.member.team_id).pk:
                messages.info(
                    request,
                    "Saved as a draft, not in force: it does not only ask for more. Back-test it, then enable it here.",
                )
                return redirect_after_post(request, version_url(request, saved.number))
            return redirect_after_post(request, _here(request, "ladder"))
    return _page(request, ladder_errors=errors)


@require_POST
@team_page
def cooldown_save(request: TeamRequest) -> HttpResponse:
    """How long a raise waits before it counts."""
    require_admin_of(request.member)
    form = CooldownForm(request.POST)
    if form.is_valid():
        try:
            change = request_change(
                kind="cooldown",
                subject="cooldown",
                args={"seconds": form.cleaned_data["minutes"] * 60},
                author=request.member,
            )
        except (Invalid, Conflict) as refused:
            form.refuse(refused)
        else:
            return after_change(request, change, _here(request, "tiers"))
    return _page(request, cooldown=form)


@require_POST
@team_page
def group_add(request: TeamRequest) -> HttpResponse:
    """A new group with nobody in it."""
    return _add(request, "groups", GroupForm(request.POST), add_group)


@require_POST
@team_page
def group_member(request: TeamRequest, group_id: UUID) -> HttpResponse:
    """Put a person into a group (`joins` 1) or take one out of it (`joins` 0)."""
    require_admin_of(request.member)
    try:
        member_id = UUID(request.POST.get("member", ""))
    except ValueError:
        raise NotFound() from None
    try:
        change = None
        if request.POST.get("joins") == "1":
            change = _join(request, group_id, member_id)
        else:
            leave_group(admin=request.member, group_id=group_id, member_id=member_id)
    except (NotAllowed, Conflict) as refused:
        return _page(request, refused=refused)
    return after_change(request, change, _here(request, "groups"))


def _add(
    request: TeamRequest, where: str, form: TierForm | GroupForm, add: Callable[..., object]
) -> HttpResponse:
    """Make a tier or a group of the name in its form, and go to where they stand."""
    require_admin_of(request.member)
    if form.is_valid():
        try:
            add(admin=request.member, name=form.cleaned_data["name"])
        except Invalid as refused:
            form.refuse(refused)
        else:
            return redirect_after_post(request, _here(request, where))
    if isinstance(form, TierForm):
        return _page(request, tier=form)
    return _page(request, group=form)


def _place(request: TeamRequest, member: Member, tier: str) -> ChangeRequest | None:
    """Put somebody who was just invited on a tier, or propose that."""
    return request_change(
        kind="member",
        subject=str(member.pk),
        args={
            "member": str(member.pk),
            "person": member.user.get_username(),
            "after": {"tier": tier, "admin": False, "active": True},
        },
        author=request.member,
    )


def _join(request: TeamRequest, group_id: UUID, member_id: UUID) -> ChangeRequest | None:
    """Put somebody into a group, or propose it. Raises NotFound for another team's."""
    team_id = request.member.team_id
    group = RoleGroup.objects.filter(team=team_id, pk=group_id).first()
    member = member_of(team_id, member_id)
    if group is None or member is None:
        raise NotFound()
    return request_change(
        kind="group",
        subject=f"{group.name}/{member.pk}",
        args={"member": str(member.pk), "person": member.user.get_username(), "group": group.name},
        author=request.member,
    )


def _move(request: TeamRequest, tier_id: UUID) -> ChangeRequest | None:
    """Move a tier, or propose it. Raises NotFound for another team's."""
    tier = next((one for one in ladder(request.member.team_id) if one.pk == tier_id), None)
    if tier is None:
        require_admin_of(request.member)
        raise NotFound()
    direction = "up" if request.POST.get("up") == "1" else "down"
    return request_change(
        kind="tier", subject="ladder", args={"tier": tier.name, "direction": direction}, author=request.member
    )


def _page(
    request: TeamRequest,
    *,
    invite: InviteForm | None = None,
    tier: TierForm | None = None,
    cooldown: CooldownForm | None = None,
    group: GroupForm | None = None,
    ladder_errors: Mapping[str, str] | None = None,
    refused: Refused | None = None,
    invited: str = "",
    link: str = "",
) -> HttpResponse:
    """The page, whole: forms that were refused keep what was typed and say what is wrong."""
    page = people_page(request.member.team_id)
    errors = ladder_errors or {}
    wrong = invite or tier or cooldown or group or errors or refused
    response = render(
        request,
        "inbox/people.html",
        {
            "page": page,
            "invite": invite
            or InviteForm(tiers=tuple(ladder(request.member.team_id)) if request.member.is_admin else ()),
            "tier_form": tier or TierForm(),
            "cooldown_form": cooldown
            or CooldownForm(initial={"minutes": request.member.team.cooldown_seconds // 60}),
            "group_form": group or GroupForm(),
            "ladder": _lines(page, request.POST if errors else {}, errors),
            "ladder_error": errors.get("", ""),
            "most_people": range(1, MOST_PEOPLE + 1),
            "fresh_hours": FRESH // timedelta(hours=1),
            "refused": refused,
            "invited": invited,
            "link": link,
        },
        status=(refused.status if refused else 422) if wrong else 200,
    )
    if link:
        response["Cache-Control"] = "no-store"
    return response


def _lines(page: PeoplePage, sent: Mapping[str, str], errors: Mapping[str, str]) -> Sequence[LadderLine]:
    return [
        LadderLine(
            risk=step.risk,
            tier=sent.get(f"tier-{step.risk}", step.needs[0].tier or ""),
            count=sent.get(f"count-{step.risk}", str(step.needs[0].count)),
            words=step.words,
            enough=step.enough,
            error=errors.get(step.risk.value, ""),
            plain=_is_plain(step.needs),
        )
        for step in page.ladder
    ]


def _ladder_sent(sent: Mapping[str, str], page: PeoplePage) -> tuple[dict[Risk, Need], dict[str, str]]:
    """The plain levels of the ladder as the form sent them; per risk level what could not be read."""
    wanted: dict[Risk, Need] = {}
    errors: dict[str, str] = {}
    for risk in (step.risk for step in page.ladder if _is_plain(step.needs)):
        tier, count = sent.get(f"tier-{risk}", ""), _whole(sent.get(f"count-{risk}", ""))
        if not tier or count is None or not 1 <= count <= MOST_PEOPLE:
            errors[risk.value] = f"Choose a tier and a number of people from 1 to {MOST_PEOPLE}."
        else:
            wanted[risk] = Need.model_construct(tier=tier, count=count)
    return wanted, errors


def _is_plain(needs: Sequence[Need]) -> bool:
    return len(needs) == 1 and needs[0].group is None


def _risk_at(pointer: str) -> str:
    """The risk level a pointer into the document is about, "" for none: `/ladder/high/0/count` → `high`."""
    parts = pointer.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "ladder" and parts[2] in set(Risk) else ""


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _here(request: TeamRequest, anchor: str) -> str:
    return f"{reverse('people', args=[request.member.team.slug])}#{anchor}"
