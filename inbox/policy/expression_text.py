"""What a CEL expression may be, read from its text before the engine sees it.

The engine parses recursively (20,000 operators overflow its stack and end the process) and never stops an
evaluation, so what an expression may cost is bounded here: its length, nesting, operators, macros and regular
expressions. The language left is CEL without `map`, `filter` (it copies its result for each item: 20,000
took 44 s), maps, bytes, comments, and conversions other than to numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from inbox.policy.fact_catalogue import FACTS, find

DEEPEST: Final = 12
MOST_OPERATORS: Final = 100
# A macro inside a macro is the deepest: a third level would ask a thousand items a thousand million times.
MOST_NESTED_MACROS: Final = 2
LONGEST_REGEX: Final = 100
# The engine compiles a regular expression each time it is used; every class such as \w costs it 1 ms.
MOST_REGEX_CLASSES: Final = 5

MACROS: Final = frozenset({"all", "exists", "exists_one"})
METHODS: Final = MACROS | {"contains", "startsWith", "endsWith", "matches", "size"}
FUNCTIONS: Final = frozenset({"size", "has", "int", "double"})
_WORDS: Final = frozenset({"true", "false", "null", "in"})
_ROOTS: Final = frozenset(fact.name.partition(".")[0] for fact in FACTS)
_TOKEN = re.compile(
    r"""(?P<space>[ \n\t]+)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>(?:[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?u?))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])""",
    re.VERBOSE,
)


class Refused(ValueError):
    """The text is no expression a rule may have. The message is a sentence that says where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A fact read by its path (`("args", "to")`), inside so many macros."""

    path: tuple[str, ...]
    depth: int

    @property
    def fact(self) -> str:
        """The fact's name in the catalogue."""
        return f"{self.path[0]}.*" if self.path[0] in ("args", "context") else ".".join(self.path[:2])


@dataclass(slots=True)
class Shape:
    """What an expression reads, and how much it does: operators and macro variables at each depth of macros."""

    references: list[Reference] = field(default_factory=list)
    operators: list[int] = field(default_factory=lambda: [0] * (MOST_NESTED_MACROS + 1))
    variables: list[int] = field(default_factory=lambda: [0] * (MOST_NESTED_MACROS + 1))
    names: set[str] = field(default_factory=set)
    sums: int = 0
    regexes: list[str] = field(default_factory=list)
    longest_list: int = 1

    @property
    def facts(self) -> frozenset[str]:
        """The names of the facts it reads, as in the catalogue."""
        return frozenset(reference.fact for reference in self.references)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


@dataclass(slots=True)
class _Bracket:
    token: _Token
    call: str = ""
    variable: str = ""
    # Set once the comma after a macro's variable has come.
    body: bool = False
    commas: int = 0


def shape_of(text: str) -> Shape:
    """What an expression reads and does. Raises Refused, with the place, for what a rule may not have."""
    return _Reader(_tokens(text)).read()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise Refused(f"Character {place + 1}: {text[place]!a} has no place in an expression.")
        kind = found.lastgroup or ""
        touching = bool(tokens) and tokens[-1].place + len(tokens[-1].text) == place
        if touching and kind in ("string", "name") and tokens[-1].kind in ("string", "name", "number"):
            # r"", b"", """ and 1and: the engine and this reader might cut them differently.
            raise Refused(
                f"Character {place + 1}: leave a space; prefixed and triple quotes are not offered."
            )
        if touching and kind == "mark" and found.group() == "/" and tokens[-1].text == "/":
            raise Refused(f"Character {place}: comments are not offered.")
        if kind != "space":
            tokens.append(_Token(kind, found.group(), place))
        place = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.brackets: list[_Bracket] = []
        self.shape = Shape()
        self.operators = 0

    def read(self) -> Shape:
        place = 0
        while place < len(self.tokens):
            place = self._step(place)
        if self.brackets:
            self._refuse(self.brackets[-1].token, "this bracket is never closed")
        return self.shape

    def _step(self, place: int) -> int:
        token = self.tokens[place]
        if token.kind == "name":
            return self._name(place)
        if token.kind == "mark":
            self._mark(place)
        return place + 1

    def _mark(self, place: int) -> None:
        token = self.tokens[place]
        if token.text in ("(", "["):
            self._open(_Bracket(token))
        elif token.text in (")", "]"):
            self._close(token)
        elif token.text == ",":
            self._comma(token)
        elif token.text == "." and self._text(place + 1, "name") is None:
            self._refuse(token, "a name must follow the dot")
        if token.text not in (")", "]"):
            self._count(token)
        self.shape.sums += token.text == "+"

    def _count(self, token: _Token) -> None:
        self.operators += 1
        if self.operators > MOST_OPERATORS:
            self._refuse(token, f"an expression has at most {MOST_OPERATORS} operators, dots and commas")
        self.shape.operators[self._depth()] += 1

    def _open(self, bracket: _Bracket) -> None:
        self.brackets.append(bracket)
        if len(self.brackets) > DEEPEST:
            self._refuse(bracket.token, f"brackets stand at most {DEEPEST} deep")
        if bracket.variable and sum(bool(one.variable) for one in self.brackets) > MOST_NESTED_MACROS:
            self._refuse(
                bracket.token,
                f"at most {MOST_NESTED_MACROS} of all, exists and exists_one stand in each other",
            )

    def _close(self, token: _Token) -> None:
        if not self.brackets or {"(": ")", "[": "]"}[self.brackets[-1].token.text] != token.text:
            self._refuse(token, "this bracket closes nothing")
        closed = self.brackets.pop()
        if closed.variable and closed.commas != 1:
            self._refuse(closed.token, f"{closed.call} takes a name and a condition")

    def _comma(self, token: _Token) -> None:
        if not self.brackets:
            self._refuse(token, "a comma has no place here")
        inside = self.brackets[-1]
        inside.commas += 1
        inside.body = bool(inside.variable)
        if inside.token.text == "[":
            self.shape.longest_list = max(self.shape.longest_list, inside.commas + 1)

    def _name(self, place: int) -> int:
        token = self.tokens[place]
        called = self._text(place + 1) == "("
        after_dot = place > 0 and self.tokens[place - 1].text == "."
        if called:
            return self._call(place, METHODS if after_dot else FUNCTIONS)
        if after_dot:
            # A field of a macro's variable, of an item, or of a bracketed expression.
            return place + 1
        if token.text in _WORDS:
            if token.text == "in":
                self._count(token)
            return place + 1
        if any(bracket.variable == token.text and bracket.body for bracket in self.brackets):
            self.shape.variables[self._depth()] += 1
            return place + 1
        return self._fact(place)

    def _call(self, place: int, offered: frozenset[str]) -> int:
        token, bracket = self.tokens[place], self.tokens[place + 1]
        if token.text not in offered:
            self._refuse(token, f"there is no {token.text} here; offered are {', '.join(sorted(offered))}")
        opened = _Bracket(bracket, call=token.text)
        following = place + 2
        if token.text in MACROS:
            variable = self._text(following, "name")
            if variable is None or self._text(following + 1) != ",":
                self._refuse(token, f"{token.text} takes a name and a condition")
            elif (
                variable in _ROOTS
                or variable in _WORDS
                or any(one.variable == variable for one in self.brackets)
            ):
                self._refuse(self.tokens[following], f"{variable} is taken: choose another name")
            else:
                opened.variable = variable
                self.shape.names.add(variable)
                following += 1
        if token.text == "matches":
            self._regex(place)
        self._count(token)
        self._open(opened)
        return following

    def _regex(self, place: int) -> None:
        pattern = self._text(place + 2, "string")
        if pattern is None or self._text(place + 3) != ")":
            self._refuse(self.tokens[place], "matches takes a pattern written out")
        elif self._depth():
            self._refuse(self.tokens[place], "matches cannot stand inside all, exists or exists_one")
        elif self.shape.regexes:
            self._refuse(self.tokens[place], "one matches is the most an expression may have")
        elif len(pattern) > LONGEST_REGEX + 2:
            self._refuse(self.tokens[place], f"a pattern has at most {LONGEST_REGEX} characters")
        elif "{" in pattern or "(?" in pattern:
            self._refuse(self.tokens[place], "a pattern may not count ({) or set flags ((?)")
        elif pattern.count("\\") > 2 * MOST_REGEX_CLASSES:
            self._refuse(
                self.tokens[place], f"a pattern has at most {MOST_REGEX_CLASSES} classes such as \\\\w"
            )
        else:
            self.shape.regexes.append(pattern)

    def _fact(self, place: int) -> int:
        first = self.tokens[place]
        path = [first.text]
        following = place + 1
        while (
            self._text(following) == "."
            and self._text(following + 1, "name")
            and self._text(following + 2) != "("
        ):
            self._count(self.tokens[following])
            path.append(self.tokens[following + 1].text)
            following += 2
        reference = Reference(tuple(path), self._depth())
        whole = path == ["args"] or (path[0] == "args" and len(path) > 1)
        if not whole and (find(".".join(path[:2])) is None or len(path) > 2):
            self._refuse(first, f"there is no fact {'.'.join(path)[:80]}")
        self.shape.references.append(reference)
        return following

    def _depth(self) -> int:
        return sum(bracket.body for bracket in self.brackets)

    def _text(self, place: int, kind: str | None = None) -> str | None:
        if place >= len(self.tokens) or kind not in (None, self.tokens[place].kind):
            return None
        return self.tokens[place].text

    def _refuse(self, token: _Token, why: str) -> None:
        raise Refused(f"Character {token.place + 1}: {why}.")
