"""Whether a tool's result speaks to the assistant: orders where there should be data.

A result is hostile text and a claim besides. What is found here only ever raises; what is not found proves nothing.
"""

from __future__ import annotations

import re
from typing import Final

from inbox.policy.inference import verbs

LONGEST_READ: Final = 20_000
_ACTS: Final = "|".join(
    sorted(
        (verbs.WRITE | verbs.SEND | verbs.DESTROY | verbs.MONEY | verbs.ACCESS | verbs.RUN | verbs.READ)
        - {
            "like",
            "see",
            "tell",
            "look",
            "come",
            "stat",
            "note",
            "head",
            "tail",
            "watch",
            "wait",
            "place",
            "use",
            "let",
        }
        | {
            "provide",
            "extract",
            "collect",
            "gather",
            "obtain",
            "ensure",
            "request",
            "arrange",
            "help",
            "visit",
            "click",
            "include",
        }
    )
)
_POLITE: Final = re.compile(
    rf"(?i)\b(?:please|kindly|can you|could you|would you|will you|i(?:'d| would) like you to|i (?:need|want) you to|you (?:must|should|need to|have to)"
    rf"|make sure (?:to|you)|be sure to|don't forget to|do not forget to|help me(?: to)?|remember to|your (?:next )?task is to|go ahead and"
    rf"|i(?:'d| would) like to|i need to|i want to)\s+(?:\w+ly\s+|also\s+|just\s+|first\s+|immediately\s+)?(?:{_ACTS})\b"
)
_ORDER: Final = re.compile(
    rf"(?:^|[\"'.:!?>\n]\s{0, 3})(?:{'|'.join(word.capitalize() for word in _ACTS.split('|'))})\s+(?:\w+\s+){{0,4}}(?:my|me|our|the user'?s?|all|this|these|your)\b"
)
_OVERRIDE: Final = re.compile(
    r"(?i)ignore (?:all |any |the |your )*(?:previous|prior|above|earlier|preceding|other)|disregard (?:all |any |the |your )*(?:previous|prior|above|instructions)"
    r"|forget (?:all |everything|your (?:previous )?instructions)|new instructions?:|system (?:message|prompt|override|notice)|<\s*/?\s*(?:information|system|instructions?|important|admin)\s*>"
    r"|important (?:message|instruction|notice|update) (?:from|for|to)|before (?:you can )?(?:solv|complet|answer|proceed|continu)\w+|this is (?:\w+ )?(?:important|urgent).{0,40}(?:you|assistant)"
    r"|as an? (?:ai|assistant|language model)|dear (?:ai|assistant|agent)|\bTODO\s*(?:\(|for)?\s*(?:ai|assistant|agent)"
    r"|do not (?:tell|inform|mention|alert|notify) (?:the |this to the )?(?:user|anyone|owner)|without (?:telling|informing|asking|notifying|alerting)"
    r"|(?:call|use|invoke|execute|run) (?:the )?['\"`]?\w+['\"`]? (?:tool|function|command|plugin)|curl [^\n]{0,80}\|\s*(?:ba)?sh"
)


def gives_instructions(text: str) -> bool:
    """Whether the text tells its reader to do something."""
    head = text[:LONGEST_READ]
    return bool(_OVERRIDE.search(head) or _POLITE.search(head) or _ORDER.search(head))
