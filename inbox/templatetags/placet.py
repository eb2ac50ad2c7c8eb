"""The pieces every page shows the same way: risk, agents' handles, times, digests.

They are tags and not components because a queue page draws them hundreds of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import uuid4

from django import template
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from inbox.lifecycle import OnTimeout
from inbox.models import ApprovalRequest
from inbox.policy.seating import Slot, who_of
from inbox.policy.words import Risk
from inbox.rendering.edit import Node
from inbox.rendering.edit.nodes import State
from inbox.rendering.reveal import Revealed, reveal
from inbox.rendering.segments import Segment
from inbox.selectors.holds import Held
from inbox.selectors.pauses import pause_on
from inbox.selectors.saying.fields import removable as one_box

register = template.Library()
register.simple_tag(pause_on)

# One shape a level, so that risk reads without colour. Our own markup: nothing from outside enters these strings.
_SHAPES: Final[dict[str, str]] = {
    Risk.LOW: '<circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    Risk.MEDIUM: (
        '<circle cx="8" cy="8" r="5.25" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        '<path d="M8 2.75a5.25 5.25 0 0 0 0 10.5z" fill="currentColor"/>'
    ),
    Risk.HIGH: '<path d="M8 1.25 14.75 8 8 14.75 1.25 8z" fill="currentColor"/>',
    Risk.CRITICAL: '<path d="M4.5 1.75h7L15 8l-3.5 6.25h-7L1 8z" fill="currentColor"/>',
    Risk.UNVERIFIABLE: (
        '<path d="M5.25 5.75a2.75 2.75 0 1 1 4.1 2.4c-.85.5-1.35.95-1.35 1.85" fill="none" '
        'stroke="currentColor" stroke-width="1.75"/><circle cx="8" cy="13" r="1.1" fill="currentColor"/>'
    ),
}
RISK_WORDS: Final[dict[str, str]] = {
    Risk.LOW: "Low",
    Risk.MEDIUM: "Medium",
    Risk.HIGH: "High",
    Risk.CRITICAL: "Critical",
    Risk.UNVERIFIABLE: "Cannot verify",
}
HUES: Final = 8
BUTTON_LENGTH: Final = 60


@register.simple_tag
@lru_cache(maxsize=16)
def risk(level: str) -> SafeString:
    """A risk level as shape and word."""
    shape = mark_safe(_SHAPES.get(level, _SHAPES[Risk.UNVERIFIABLE]))  # noqa: S308 - a constant of this module
    word = RISK_WORDS.get(level, level)
    return format_html(
        '<span class="risk" data-risk="{}"><svg viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>',
        level,
        shape,
        word,
    )


@register.simple_tag
@lru_cache(maxsize=1024)
def handle(name: str) -> SafeString:
    """An agent's handle beside a bar whose colour is the same wherever this agent is shown."""
    hue = sha256(name.encode("utf-8", "surrogatepass")).digest()[0] % HUES
    return format_html('<span class="handle" data-hue="{}">{}</span>', hue, name)


@register.filter
def short_digest(digest: str) -> str:
    """`sha256:8f3a91c0…77e2`: enough to compare by eye, the whole is in the page beside it."""
    name, _, value = digest.partition(":")
    return f"{name}:{value[:8]}…{value[-4:]}" if len(value) > 16 else digest


@register.filter
def span(seconds: float) -> str:
    """A length of time in its largest sensible unit: "40 s", "12 min", "3 h", "2 d"."""
    left = max(0, round(seconds))
    if left < 60:
        return f"{left} s"
    if left < 3600:
        return f"{left // 60} min"
    if left < 48 * 3600:
        return f"{left // 3600} h"
    return f"{left // 86400} d"


def _absolute(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.get_current_timezone()):%Y-%m-%d %H:%M:%S %Z}"


@register.simple_tag
def ago(moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """When something happened: relative text, absolute time as title. Scripts keep the text current."""
    if moment is None:
        return "—"
    seconds = ((now or timezone.now()) - moment).total_seconds()
    return format_html(
        '<time class="num" datetime="{}" title="{}" data-when="ago">{} ago</time>',
        moment.isoformat(timespec="seconds"),
        _absolute(moment),
        span(seconds),
    )


# What silence does, in the words for before and after it is due.
_SILENCE: Final[dict[str, tuple[str, str]]] = {
    OnTimeout.REJECT: ("rejected in", "being rejected"),
    OnTimeout.HALT: ("run halted in", "being halted"),
    OnTimeout.ESCALATE: ("escalates in", "escalating"),
    OnTimeout.WAIT: ("overdue in", "overdue"),
}


@register.simple_tag
def deadline(request: ApprovalRequest, now: datetime | None = None) -> SafeString:
    """What happens by itself to a waiting request, and when. Never that it is approved."""
    says = OnTimeout(request.on_timeout)
    moment = request.expires_at
    if says is OnTimeout.ESCALATE:
        # After its last step silence rejects.
        says, moment = (says, request.escalate_at) if request.escalate_at else (OnTimeout.REJECT, moment)
    coming, past = _SILENCE[says]
    seconds = (moment - (now or timezone.now())).total_seconds()
    return format_html(
        '<time class="num deadline" datetime="{}" title="{}" data-when="in" data-timeout="{}"'
        ' data-coming="{}" data-past="{}"{}><span aria-hidden="true">⊘ </span>{}</time>',
        moment.isoformat(timespec="seconds"),
        _absolute(moment),
        says.value,
        coming,
        past,
        mark_safe(" data-soon") if seconds < 900 else "",
        f"{coming} {span(seconds)}" if seconds > 0 else past,
    )


@register.simple_tag
def at(moment: datetime) -> SafeString:
    """A moment as clock time, the date and zone in its title."""
    return format_html(
        '<time class="num" datetime="{}" title="{}" data-when="at">{}</time>',
        moment.isoformat(timespec="seconds"),
        _absolute(moment),
        f"{moment.astimezone(timezone.get_current_timezone()):%d %b %H:%M}",
    )


@register.filter
def capped(count: int, cap: int = 10_000) -> str:
    """A count that was only counted as far as `cap`: "10,000+" beyond it."""
    return f"{cap:,}+" if count > cap else f"{count:,}"


@register.simple_tag
def new_key() -> str:
    """An idempotency key for one form: sending the form twice records once."""
    return uuid4().hex


@register.simple_tag
def revealed(shown: Revealed) -> SafeString:
    """A revealed text: what does not show itself as badges, look-alikes with their label beside them."""
    return format_html(
        '<span class="revealed">{}</span>',
        format_html_join("", "{}", ((_segment(s),) for s in shown.segments)),
    )


def _segment(segment: Segment) -> SafeString:
    if segment.kind == "glyph":
        return format_html('<span class="glyph" title="{}">{}</span>', segment.title, segment.label)
    if segment.kind == "lookalike":
        return format_html(
            '<span class="lookalike" title="{}">{}</span><span class="lookalike-label">{}</span>',
            segment.title,
            segment.text,
            segment.label,
        )
    return escape(segment.text)


@register.filter
def depth(level: int) -> int:
    """A field's indentation: deeper than four levels the number stands before the name instead."""
    return min(level, 4)


@register.filter
def risk_word(level: str) -> str:
    """A risk level as its word."""
    return RISK_WORDS.get(level, level)


@register.filter
def verb(request: ApprovalRequest) -> str:
    """What the approving button says: the sentence where it fits, else the tool's name."""
    if len(request.sentence) <= BUTTON_LENGTH and "no template" not in request.sentence:
        return f"Approve: {request.sentence}"
    return f"Approve {request.tool}"


@register.simple_tag
def hold(held: Held) -> SafeString:
    """How long a decision can still be undone. Scripts count down; its width does not change with the digits."""
    return format_html(
        '<time class="num hold" datetime="{}" title="{}" data-when="hold">{}</time>',
        held.release_at.isoformat(timespec="milliseconds"),
        _absolute(held.release_at),
        f"Held · {held.seconds} s" if held.seconds else "Releasing",
    )


@register.filter
def visible(text: str) -> str:
    """A pointer or key for places without badges: nothing hidden stands in it."""
    return reveal(text).plain


@register.filter
def slots_who(slots: Sequence[Slot | str]) -> str:
    """Whom several slots, or slots of these names, wait for, each kind once: "lead", "2 × lead, security"."""
    counts = Counter(who_of(slot) if isinstance(slot, str) else slot.who for slot in slots)
    return ", ".join(who if count == 1 else f"{count} × {who}" for who, count in counts.items())


@register.filter
def removable(node: Node) -> bool:
    """Whether a box for removing is all a field needs besides its control."""
    return one_box(node)


@register.filter
def state_word(state: State, node: Node) -> str:
    """What a field's state means for the value that is sent."""
    if state is State.AUTO:
        return "null unless filled in" if node.value is None else "left out if empty"
    return {State.VALUE: "as filled in", State.NULL: "null", State.ABSENT: "remove"}[state]
