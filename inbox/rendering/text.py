"""The agent's own words: evidence shown as a claim, plain, capped, and watched for talking to the reviewer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from inbox.rendering.characters import hidden
from inbox.rendering.confusables import CONFUSABLE
from inbox.rendering.findings import Finding, message
from inbox.rendering.reveal import Revealed, reveal

LONGEST: Final = 2_000

_OFFICE: Final = (
    r"(?:(?:the|your|our|a|another|my)\s)?"
    r"(?:security|legal|compliance|management|finance|audit|(?:senior|second|other|lead|human)\s(?:reviewer|approver)"
    r"|reviewer|approver|manager|supervisor|ceo|cto|cfo|ciso|admin(?:istrator)?s?|board|team\slead|it\sdepartment)\b"
)
# Precision before recall: a phrase stands here only if work text of an agent has no other use for it.
_PHRASES: Final = re.compile(
    "|".join(
        (
            r"\b(?:dear|hello|hi|hey|attention|note\sto|message\sto|instructions?\s(?:to|for))\s(?:the\s)?(?:human\s)?"
            r"(?:reviewer|approver)s?\b",
            r"(?:^|[.!?]\s)(?:reviewer|approver)s?\s?[:,]",
            r"\b(?:reviewer|approver)s?\s(?:should|must|can|may|need\sonly)\s(?:safely\s|simply\s|just\s)?"
            r"(?:approve|accept|skip|ignore|disregard)",
            r"\b(?:please|kindly|just|simply|you\s(?:can|should|must|may))\s(?:safely\s|now\s|go\sahead\sand\s)?"
            r"(?:approve|click\sapprove|press\sapprove|sign\soff\son)\s(?:this|it|the\s(?:request|action|call)|now|all)\b",
            r"\b(?:safe|ok|okay|fine)\sto\sapprove\b",
            rf"\b(?:pre-?)?(?:approved|authori[sz]ed|cleared|signed\soff|vetted)\s(?:already\s)?by\s{_OFFICE}",
            rf"\b{_OFFICE}\s(?:has|have)\s(?:already\s)?(?:approved|authori[sz]ed|cleared|signed\soff|vetted)\b",
            r"\b(?:no|without)\s(?:any\s|further\s|additional\s|human\s|manual\s)*(?:review|approval)\s"
            r"(?:is\s)?(?:needed|required|necessary)\b",
            r"\b(?:does|do)\s?n[o']t\s(?:need|require)\s(?:any\s|further\s|human\s|manual\s)*(?:review|approval)\b",
            r"\b(?:skip|bypass)\s(?:the\s|this\s|your\s)?(?:review|approval)\b",
            r"\bthis\s(?:request|action|call)\s(?:is|was|has\sbeen)\s(?:already\s|pre-?)(?:approved|authori[sz]ed|cleared)\b",
        )
    )
)


@dataclass(frozen=True, slots=True)
class AgentText:
    """What an agent wrote, as it is shown. `more` counts the characters left out at the end."""

    shown: Revealed
    more: int
    findings: tuple[Finding, ...]

    @property
    def marker(self) -> str:
        """What stands at the end of a text that was cut: "1,204 more characters"; "" when all is shown."""
        if not self.more:
            return ""
        return "1 more character" if self.more == 1 else f"{self.more:,} more characters"


def plain(text: str, *, limit: int = LONGEST) -> AgentText:
    """An agent's words for its own box on the page, at most `limit` characters of them.

    Arguments of a call are never cut: they go through field_table. The search for phrases covers the whole
    text.
    """
    shown = reveal(text[:limit])
    return AgentText(shown, max(len(text) - limit, 0), (*talk(text), *shown.findings))


def talk(text: str) -> tuple[Finding, ...]:
    """A finding when the text addresses the reviewer or claims an approval, with the words that do."""
    phrases = [match.group().strip(" .!?:,") for match in _PHRASES.finditer(_normalized(text))]
    if not phrases:
        return ()
    details = [f"“{phrase}”" for phrase in dict.fromkeys(phrases)]
    return (Finding("talks-to-reviewer", "warn", message("talks-to-reviewer", details[:3], len(phrases))),)


def _normalized(text: str) -> str:
    """Lower case, single spaces, nothing hidden, Latin look-alikes as Latin letters."""
    if not text.isascii():
        text = unicodedata.normalize(
            "NFKC", "".join(char for char in text if hidden(char) in (None, "odd-space"))
        )
        text = "".join(CONFUSABLE.get(char, char) for char in text).replace("’", "'")
    return " ".join(text.lower().split())
