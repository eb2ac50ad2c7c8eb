"""A command line as bash would read it: commands with their words, redirections and assignments, at any depth.

The grammar is tree-sitter's. It forgives what bash refuses and leaves some substitutions unread inside words, so
only kinds of nodes known here are walked, and a word that still holds a `$` or a backtick is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from inbox.policy.naming import lexicon

# Recovering from what is no shell at all takes the parser time that grows with the square of the length: 20,000
# characters of `a@a@…` took it eleven seconds, 4,000 take half of one.
LONGEST_COMMAND: Final = 4_000
DEEPEST: Final = 60
MOST_NODES: Final = 20_000

_LANGUAGE: Final = Language(tree_sitter_bash.language())


class NotUnderstood(Exception):
    """The text is no command line this reader can vouch for."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command. Parts known only at run time stand in `text` as written.

    `free` is true when what it becomes could begin with anything: an expansion or a pattern stands first. `pattern`
    when it stands unquoted, so that `*` and `{a,b}` in it mean files.
    """

    text: str
    free: bool = False
    pattern: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its words. `name` is None when the program itself is known only at run time."""

    name: str | None
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """`>`, `<`, `>>` and the like, and the file it names."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Assignment:
    """`NAME=value`, alone or before a command; `captured` are the names of programs whose output it takes."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is looked up somewhere."""

    name: str


@dataclass(frozen=True, slots=True)
class Defined:
    """A function the text defines."""

    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Arithmetic over these variables: bash evaluates what they hold, subscripts and their commands included."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Captured:
    """A variable takes the output of a command: the last program of its pipeline."""

    name: str
    words: tuple[str, ...]


Part = Command | Redirect | Assignment | Variable | Defined | Arithmetic | Captured

# They begin with a slash, so no option can come of them.
_ABSOLUTE: Final = re.compile(r"\$(?:HOME|PWD|OLDPWD|TMPDIR|\{HOME\}|\{PWD\})$|\$\(\s*pwd\s*\)$")

_WALKED: Final = lexicon("""
program list pipeline command command_name redirected_statement file_redirect herestring_redirect
heredoc_redirect heredoc_start heredoc_body heredoc_content heredoc_end variable_assignment variable_assignments
declaration_command unset_command subshell compound_statement if_statement elif_clause else_clause for_statement
c_style_for_statement while_statement do_group case_statement case_item test_command unary_expression
binary_expression ternary_expression parenthesized_expression postfix_expression test_operator negated_command
function_definition command_substitution process_substitution arithmetic_expansion string string_content
raw_string ansi_c_string concatenation word number simple_expansion expansion special_variable_name
variable_name subscript array brace_expression comment file_descriptor regex extglob_pattern
""")  # fmt: skip
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
# A substitution that quotes keep from running now, and arithmetic or a test would run later.
_RUNS_LATER: Final = re.compile(r"`|\$\(|\$\{|\$\[")
_EVALUATED: Final = lexicon(
    "variable_assignment test_command herestring_redirect declaration_command unset_command"
)
_QUOTES: Final = lexicon("raw_string ansi_c_string")
_UNREAD: Final = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$[({\w\[])")
_HOLDS_TEXT: Final = lexicon(
    "word regex extglob_pattern heredoc_body heredoc_content string string_content expansion number"
)
_QUOTED_DELIMITER: Final = re.compile(r"""<<-?\s*(['"\\])""")


def parts_of(text: str) -> Iterator[Part]:
    """Everything a command line would run, write and look up. Raises NotUnderstood."""
    if len(text) > LONGEST_COMMAND or "\0" in text:
        raise NotUnderstood
    tree = Parser(_LANGUAGE).parse(text.encode("utf-8", "surrogatepass"))
    if tree.root_node.has_error:
        raise NotUnderstood
    stack: list[tuple[Node, int]] = [(tree.root_node, 0)]
    seen = 0
    while stack:
        node, depth = stack.pop()
        seen += 1
        if seen > MOST_NODES or depth > DEEPEST or node.type not in _WALKED or node.is_missing:
            raise NotUnderstood
        _nothing_unread(node)
        _nothing_later(node)
        yield from _parts(node)
        stack.extend((child, depth + 1) for child in reversed(node.named_children))


def _nothing_unread(node: Node) -> None:
    """A substitution the grammar left inside a text would run unseen: look at what no child of a node covers."""
    if node.type not in _HOLDS_TEXT:
        return
    if node.type in {"heredoc_body", "heredoc_content"}:
        start = _ancestor(node, "heredoc_redirect")
        if start is not None and _QUOTED_DELIMITER.match(_text(start)):
            return
    raw, place, gaps = node.text or b"", node.start_byte, []
    for child in node.children:
        gaps.append(raw[place - node.start_byte : child.start_byte - node.start_byte])
        place = child.end_byte
    gaps.append(raw[place - node.start_byte :])
    if any(_UNREAD.search(gap.decode("utf-8", "replace")) for gap in gaps):
        raise NotUnderstood


def _nothing_later(node: Node) -> None:
    """`x='a[$(id)]'; echo $((x))` runs id, as `[[ 'a[$(id)]' -eq 1 ]]` does: quoted code where bash evaluates text."""
    if node.type not in _EVALUATED:
        return
    for child in _below(node):
        quoted = child.type in _QUOTES or (
            child.type in {"string", "word", "string_content"} and b"\\" in (child.text or b"")
        )
        if quoted and _RUNS_LATER.search(_plain(child)):
            raise NotUnderstood


def _parts(node: Node) -> Iterator[Part]:
    kind = node.type
    if kind == "command":
        yield _command(node)
    elif kind == "declaration_command":
        first = node.children[0]
        yield Command(_text(first), tuple(word_of(child) for child in node.named_children))
    elif kind == "unset_command":
        yield Command("unset", tuple(word_of(child) for child in node.named_children))
    elif kind == "for_statement":
        variable = node.child_by_field_name("variable")
        yield Assignment(_text(variable) if variable is not None else "")
    elif kind in {"file_redirect", "herestring_redirect"}:
        yield _redirect(node)
    elif kind == "variable_assignment":
        yield from _assignment(node)
    elif kind in {"simple_expansion", "expansion"}:
        for child in node.named_children:
            if child.type in {"variable_name", "subscript"}:
                yield Variable(_text(child).split("[", 1)[0])
        text = _text(node)
        # `${x@P}` runs what it finds in the variable, as a prompt would.
        if text.startswith("${!") or re.search(r"@[A-Za-z]\}$", text):
            raise NotUnderstood
        if re.match(r"\$\{\w+:?=", text):
            yield Assignment(_NAME.findall(text)[0])
        # What selects a part is arithmetic too.
        if re.match(r"\$\{\w+(?::[^-=+?]|\[)", text):
            yield Arithmetic(tuple(_NAME.findall(text)[1:]))
    elif kind == "function_definition":
        name = node.child_by_field_name("name")
        yield Defined(_text(name) if name is not None else "")
    elif (
        kind in {"arithmetic_expansion", "c_style_for_statement"}
        or _is_double_parenthesis(node)
        or (
            kind == "test_command"
            and re.search(r"\s-(eq|ne|lt|le|gt|ge)\s", _text(node))
            and "[[" in _text(node)
        )
    ):
        yield Arithmetic(tuple(_names_below(node)))


def _command(node: Node) -> Command:
    name: str | None = None
    words: list[Word] = []
    for child in node.named_children:
        if child.type == "command_name":
            found = word_of(child.named_children[0]) if child.named_children else Word("")
            name = None if _expands(child) else found.text
        elif child.type not in {"variable_assignment", "file_redirect", "herestring_redirect", "comment"}:
            words.append(word_of(child))
    return Command(name, tuple(words))


def _redirect(node: Node) -> Redirect:
    operator = next((child.type for child in node.children if not child.is_named), "")
    target = node.named_children[-1] if node.named_children else None
    if target is None or target.type == "file_descriptor":
        raise NotUnderstood
    return Redirect(operator, word_of(target))


def _assignment(node: Node) -> Iterator[Part]:
    name = node.child_by_field_name("name")
    if name is None:
        raise NotUnderstood
    plain = _text(name).split("[", 1)[0]
    yield Assignment(plain)
    value = node.child_by_field_name("value")
    if value is None:
        return
    for inner in _below(value):
        if inner.type == "command_substitution":
            last = [child for child in _below(inner) if child.type == "command"]
            words = _command(last[-1]) if last else None
            yield Captured(plain, (words.name or "", *(w.text for w in words.words)) if words else ())


def word_of(node: Node) -> Word:
    """A node that stands as a word, quotes taken off, expansions left as written."""
    text = _plain(node)
    first = node
    while first.named_children and first.type in {"concatenation", "string"}:
        if first.type == "string" and first.named_children[0].start_byte > first.start_byte + 1:
            break
        first = first.named_children[0]
    begins_open = not _ABSOLUTE.match(_text(first)) and first.type in {
        "simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion",
        "brace_expression", "extglob_pattern",
    }  # fmt: skip
    globbed = node.type in {"word", "concatenation"} and _text(node)[:1] in {"*", "?", "[", "{"}
    unquoted = node.type in {"word", "concatenation", "extglob_pattern", "brace_expression"}
    return Word(text, free=begins_open or globbed, pattern=unquoted)


def _plain(node: Node) -> str:
    text = _text(node)
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "ansi_c_string":
        return text[2:-1].encode("latin-1", "backslashreplace").decode("unicode_escape", "replace")
    if node.type == "string":
        return re.sub(r'\\(["\\$`\n])', r"\1", text[1:-1])
    if node.type == "word":
        return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
    if node.type == "concatenation":
        return "".join(_plain(child) for child in node.named_children)
    return text


def _expands(node: Node) -> bool:
    return any(
        child.type
        in {
            "simple_expansion",
            "expansion",
            "command_substitution",
            "process_substitution",
            "arithmetic_expansion",
        }
        for child in _below(node)
    ) or bool(re.match(r"[*?\[{~]", _text(node)))


def _below(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.named_children))


def _names_below(node: Node) -> Iterator[str]:
    for child in _below(node):
        if child.type in {"variable_name", "word"}:
            yield _text(child)


def _is_double_parenthesis(node: Node) -> bool:
    return node.type == "compound_statement" and _text(node).startswith("((")


def _ancestor(node: Node, kind: str) -> Node | None:
    above = node.parent
    while above is not None and above.type != kind:
        above = above.parent
    return above


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
