"""Arguments that make a tool act although its name says that it reads: `method: DELETE`, `overwrite: true`.

What the name promises holds for the arguments a reader takes. These are found at any depth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.addresses import urls
from inbox.policy.computed.values import Leaf
from inbox.policy.inference import verbs
from inbox.policy.naming import lexicon, words_of

_METHODS: Final = frozenset({"method", "verb", "http_method", "httpmethod", "request_method"})
_READING_METHODS: Final = frozenset({"", "get", "head", "options"})
# They choose what is done, and only a reading verb is a read.
_CHOOSES: Final = frozenset({"action", "operation", "op"})
# They may mean many things; an acting verb in them means one.
_MAY_CHOOSE: Final = lexicon("command do function intent kind mode task type")
# Arguments by whose mere presence something is changed or run, unless they are false or empty.
_ACTS: Final = lexicon(
    "create delete drop erase eval exec execute insert overwrite purge remove replace rm script truncate update upsert wipe write"
)
_PROGRAMS: Final = frozenset({"code", "source", "source_code", "python"})
_PROGRAM: Final = re.compile(r"[(=;\n]")
# What a request to an address carries along.
_CARRIED: Final = lexicon("body cookies data form headers json params payload")
_ACTING: Final = (
    verbs.WRITE | verbs.SEND | verbs.DESTROY | verbs.MONEY | verbs.ACCESS | verbs.RUN
) - verbs.NOUNS_TOO
_OPERATORS: Final = frozenset(
    {"$out", "$merge", "$where", "$function", "$accumulator", "_delete_by_query", "_update_by_query"}
)
_MUTATION: Final = re.compile(r"(?:^|[\s}])(?:mutation|subscription)\b[^{}]{0,2000}\{", re.IGNORECASE)
_CODE: Final = re.compile(
    r"__[a-z]+__|\bos\.system\b|\bsubprocess\b|\b(?:exec|eval|open|compile)\s*\(|!!python|<!ENTITY"
)
_SQL_AFTER: Final = re.compile(
    r"(?i);\s*(?:delete\s+from|drop\s+\w+|truncate|insert\s+into|update\s+\S+\s+set|alter\s+\w+|create\s+\w+|exec)\b"
)
LONGEST_SEARCHED: Final = 4_000


def acting_argument(values: Sequence[Leaf]) -> str:
    """Why the arguments make a call act, as the end of a sentence; empty when none of them does."""
    addressed = any(leaf.text and urls(leaf.text, whole=True) for leaf in values)
    for leaf in values:
        name, text = leaf.name.lower(), leaf.text[:LONGEST_SEARCHED]
        first = next(iter(words_of(text)), "")
        if name in _METHODS and first not in _READING_METHODS:
            return "an argument chooses a method that does not only read"
        if leaf.words & _CHOOSES and words_of(leaf.name)[0] in _CHOOSES and first not in verbs.READ:
            return "an argument chooses what it does, and not a read"
        if name in _MAY_CHOOSE and first in _ACTING:
            return "an argument chooses what it does, and not a read"
        if name in _ACTS and leaf.value:
            return "an argument is there for what changes or runs something"
        # An airport's code is no program.
        if name in _PROGRAMS and _PROGRAM.search(text):
            return "an argument is there for what changes or runs something"
        if addressed and leaf.value and (name in _CARRIED or leaf.inside & _CARRIED):
            return "it carries something to an address"
        if leaf.inside & _OPERATORS or name in _OPERATORS or text in _OPERATORS:
            return "an argument holds an operator that writes or runs code"
        if _MUTATION.search(text) or _CODE.search(text) or _SQL_AFTER.search(text):
            return "an argument holds code or a statement that changes something"
    return ""
