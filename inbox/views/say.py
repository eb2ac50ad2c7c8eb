"""The forms of the request page: filled in, previewed, recorded. Plain form posts, each of which says what it came to."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from inbox.errors import Changed, Invalid, NotFound, Refused
from inbox.forms.decisions import SayForm
from inbox.policy.words import Risk
from inbox.selectors.asking import hold_against
from inbox.selectors.read_back import ReadBack, read_back
from inbox.selectors.repeats import recorded
from inbox.selectors.request_page import RequestPage
from inbox.selectors.saying.draft import Draft, Panel
from inbox.selectors.saying.panels import opens, panel_of
from inbox.selectors.verbs import verbs_of
from inbox.services.ballot import Line
from inbox.services.decide import decide as record
from inbox.services.rehearse import Foreseen, rehearse
from inbox.views.bar import OWN, Bar, Preview, page, read
from inbox.views.context import TeamRequest, team_page

# Forms that are no verb of their own: the verb that says why they are closed.
_SAYS_WHY: Final = {"parts": "approve", "lines": "edit"}


@require_POST
@team_page
def say(request: TeamRequest, request_id: UUID) -> HttpResponse:
    """`step` names the form, `stage` what to do with it: show it again, show what it means, record it."""
    shown = read(request, request_id)
    bar = Bar(
        step=request.POST.get("step", ""),
        message=request.POST.get("message", ""),
        action=request.POST.get("action", ""),
        over=request.POST.get("over_claim") == "1",
    )
    panel: Panel | None = None
    locked = False
    try:
        form = SayForm(request.POST).checked()
        if recorded(request.user, form.cleaned_data["idempotency_key"]):
            return _done(request, request_id)
        if form.cleaned_data["digest"] != shown.request.digest:
            raise Changed()
        panel = _panel(request, shown, bar)
        stage, op = form.cleaned_data["stage"], form.cleaned_data["op"]
        if op:
            panel.press(op)
        if op or stage == "form":
            return _shown(request, request_id, shown, bar, panel)
        draft = panel.draft()
        line = Line(
            request_id, shown.request.digest, draft.verdict, form.told(draft), draft.answers, bar.over
        )
        locked = True
        foreseen = rehearse(
            person=request.user, team=request.member.team, line=line, set_aside=draft.set_aside
        )
        asked = _asked(shown, draft, foreseen)
        if stage == "preview":
            preview = Preview(draft, foreseen, asked, _carried(request))
            return _shown(request, request_id, shown, bar, panel, preview)
        try:
            hold_against(asked, form.cleaned_data["read_back"])
        except Invalid as refused:
            again = Preview(draft, foreseen, asked, _carried(request)) if panel.previewed else None
            return _shown(request, request_id, shown, bar, panel, again, refused)
        record(
            person=request.user,
            team=request.member.team,
            request_id=request_id,
            digest=form.cleaned_data["digest"],
            verdict=draft.verdict,
            message=line.message,
            via="web",
            idempotency_key=form.cleaned_data["idempotency_key"],
            actions=draft.answers,
            set_aside=draft.set_aside,
            over_claim=bar.over,
        )
    except NotFound:
        raise
    except Refused as refused:
        # Whoever waited for a lock may have been shown what is no more: it is read again.
        return _shown(request, request_id, None if locked else shown, bar, panel, refused=refused)
    return _done(request, request_id)


def _done(request: TeamRequest, request_id: UUID) -> HttpResponse:
    if request.htmx:
        return page(request, request_id, Bar())
    return redirect("request", request.member.team.slug, request_id)


def _panel(request: TeamRequest, shown: RequestPage, bar: Bar) -> Panel:
    verbs = {verb.name: verb for verb in verbs_of(shown, over_claim=bar.over)}
    if not opens(shown, verbs, bar.step):
        closed = verbs.get(_SAYS_WHY.get(bar.step, bar.step), verbs["reject"])
        raise Invalid(
            closed.code or "not-offered", f"Not recorded. {closed.reason or 'This form is not open here.'}"
        )
    posted = {name: request.POST.getlist(name) for name in request.POST if name not in OWN}
    return panel_of(shown, bar.step, bar.action, posted)


def _asked(shown: RequestPage, draft: Draft, foreseen: Foreseen) -> ReadBack | None:
    """The value to read back: of what would run, at the risk it would have. A refusal asks for nothing."""
    if draft.verdict == "reject":
        return None
    if draft.args is None:
        return shown.payload.asked
    risk = max(Risk(shown.request.risk), foreseen.risk, key=lambda one: one.rank)
    actions = [{"key": key, "args": args} for key, args in draft.args.items()]
    return read_back(risk, actions, shown.request.digest)


def _carried(request: TeamRequest) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value) for name in request.POST if name not in OWN for value in request.POST.getlist(name)
    )


def _shown(
    request: TeamRequest,
    request_id: UUID,
    shown: RequestPage | None,
    bar: Bar,
    panel: Panel | None,
    preview: Preview | None = None,
    refused: Refused | None = None,
) -> HttpResponse:
    again = shown or read(request, request_id)
    closed = not opens(again, {verb.name: verb for verb in verbs_of(again, over_claim=bar.over)}, bar.step)
    filled = Bar(
        step="" if closed or isinstance(refused, Changed) else bar.step,
        message=bar.message,
        refused=refused,
        action=bar.action,
        panel=None if closed or isinstance(refused, Changed) else panel,
        preview=None if closed else preview,
        over=bar.over,
    )
    return page(request, request_id, filled, refused.status if refused else 200, again)
