"""The shape of one request as its page shows it (`GET /requests/{id}/review`)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel

from inbox.api.schemas.listings import ClosingOut, RiskWord
from inbox.api.schemas.requests import AsOf
from inbox.api.schemas.review_parts import (
    ActionOut,
    CaseOut,
    FindingOut,
    MomentOut,
    PastOut,
    QuestionOut,
    SilenceOut,
    StandingOut,
    ToolOut,
    VerbOut,
    WhoOut,
)
from inbox.selectors.request_page import RequestPage
from inbox.selectors.verbs import verbs_of


class ReviewOut(BaseModel):
    """One request as its page shows it to the caller.

    `raw` is the canonical JSON that `digest` is the SHA-256 of: it holds the arguments that will run, to the byte.
    Everything else here is the server's rendering, except `case`, which is the agent's word.
    """

    id: str
    team: str
    url: str
    state: Literal["pending", "held", "decided", "expired", "withdrawn", "superseded"]
    outcome: str | None
    risk: RiskWord
    reasons: list[str]
    sentence: str
    agent: str
    owner: str | None
    thread: str
    environment: str
    checkpoint: str
    policy: str
    rule: str
    notes: list[str]
    flags: list[str]
    blocked: bool
    reversible: bool
    digest: str
    revision: int
    raw: str
    actions: list[ActionOut]
    findings: list[FindingOut]
    tools: list[ToolOut]
    standing: StandingOut | None
    who: WhoOut | None
    assignee: str | None
    assigned_because: str
    claimed_by: str | None
    claimed_until: str | None
    aside: str
    back: str
    why: list[str]
    silence: SilenceOut
    case: CaseOut
    past: PastOut
    verbs: list[VerbOut]
    read_back: QuestionOut | None
    presets: list[str]
    closing: ClosingOut | None
    release: str | None
    timeline: list[MomentOut]
    created_at: str
    as_of: AsOf

    @classmethod
    def of(cls, page: RequestPage, *, url: str) -> Self:
        """A page that was read in one part."""
        item = page.request
        owner = item.agent.owner
        return cls.model_validate(
            {
                "id": str(item.pk),
                "team": item.team.slug,
                "url": url,
                "state": item.state,
                "outcome": item.outcome,
                "risk": item.risk,
                "reasons": [reason["text"] for reason in item.reasons],
                "sentence": item.sentence,
                "agent": item.agent.handle,
                "owner": owner.get_username() if owner else None,
                "thread": item.thread,
                "environment": item.environment,
                "checkpoint": item.checkpoint,
                "policy": str(item.policy_version),
                "rule": item.rule,
                "notes": item.notes,
                "flags": item.flags,
                "blocked": item.blocked,
                "reversible": item.reversible,
                "digest": item.digest,
                "revision": item.revision_number,
                "raw": page.envelope.decode(),
                "actions": [ActionOut.of(action) for action in page.payload.actions],
                "findings": [FindingOut.of(finding) for finding in page.payload.findings],
                "tools": [
                    {
                        "name": name,
                        "effect": tool.effect if tool else None,
                        "harmless": bool(tool and tool.harmless),
                        "inverse_tool": tool.inverse_tool if tool else "",
                        "window_seconds": tool.window_seconds if tool else None,
                    }
                    for name, tool in page.tools
                ],
                "standing": StandingOut.of(page.standing) if page.standing else None,
                "who": WhoOut.of(page.who) if page.who else None,
                "assignee": item.assignee.user.get_username() if item.assignee else None,
                "assigned_because": item.assigned_because,
                "claimed_by": page.claim.who if page.claim else None,
                "claimed_until": page.claim.until.isoformat() if page.claim else None,
                "aside": page.aside.until,
                "back": page.aside.back,
                "why": list(page.why),
                "silence": {
                    "does": item.on_timeout,
                    "at": item.expires_at.isoformat(),
                    "escalates_at": item.escalate_at.isoformat() if item.escalate_at else None,
                    "escalates_to": page.next_people,
                },
                "case": CaseOut.of(page.case),
                "past": PastOut.of(page.precedents),
                "verbs": [VerbOut.of(verb) for verb in verbs_of(page)],
                "read_back": QuestionOut.of(page.payload) if page.closing is None else None,
                "presets": list(page.presets),
                "closing": ClosingOut.of(page.closing) if page.closing else None,
                "release": page.release.text if page.release else None,
                "timeline": [
                    {"at": m.at.isoformat(), "actor": m.actor, "word": m.word, "detail": m.detail}
                    for m in page.timeline
                ],
                "created_at": item.created_at.isoformat(),
                "as_of": {"seq": page.seq},
            }
        )
