"""From a command line to `ShellFacts`. What is not understood is said to be so, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from inbox.policy.computed.shell import programs
from inbox.policy.computed.shell.act import Act
from inbox.policy.computed.shell.arguments import READERS_OF_ARGUMENTS, acting_option
from inbox.policy.computed.shell.runners import shell
from inbox.policy.computed.shell.sensitive import hunts_in_files, secret_file, secret_pattern, secret_variable
from inbox.policy.computed.shell.tree import (
    Arithmetic,
    Assignment,
    Captured,
    Command,
    Defined,
    NotUnderstood,
    Part,
    Redirect,
    Variable,
    Word,
    parts_of,
)
from inbox.policy.computed.shell.variables import dangerous_variable
from inbox.policy.facts import ShellFacts
from inbox.policy.naming import lexicon, words_of

# `bash -c "bash -c ..."`: texts inside texts.
MOST_NESTED: Final = 5
# `nice timeout 5 env ls`: programs that run programs.
MOST_WRAPPED: Final = 10
_NOWHERE: Final = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "-"})
_WRITING: Final = frozenset({">", ">>", ">|", "&>", "&>>", "<>", ">&"})
_PRINTS_NUMBERS: Final = frozenset({"nproc", "wc", "expr", "seq"})
_ACTING_WORDS: Final = lexicon(
    "add and create delete drop edit erase exec kill or purge remove replace run send then update write"
)
_READING_VERBS: Final = frozenset({"find", "search", "list", "show", "view", "count"})


def shell_facts(text: str) -> ShellFacts:
    """Take a command line apart. `parsed` False means that nothing else here can be relied on."""
    gathered = _Gathered()
    try:
        _read(text, gathered, 0)
    except (NotUnderstood, RecursionError):
        return ShellFacts(
            parsed=False,
            programs=tuple(dict.fromkeys(gathered.programs)),
            writes=gathered.writes,
            destroys=gathered.destroys or bool(_DESTROYING_TEXT.search(text[:20_000])),
            privileged=gathered.privileged,
            network=gathered.network,
            sensitive=tuple(dict.fromkeys(gathered.sensitive)),
            hunts=gathered.hunts,
        )
    unknown = [name for name in gathered.unknown if name not in gathered.defined]
    return ShellFacts(
        parsed=True,
        programs=tuple(dict.fromkeys(gathered.programs)),
        writes=gathered.writes,
        destroys=gathered.destroys,
        privileged=gathered.privileged,
        network=gathered.network,
        runs_code=gathered.runs_code,
        unknown=tuple(dict.fromkeys(unknown)),
        sensitive=tuple(dict.fromkeys(gathered.sensitive)),
        hunts=gathered.hunts,
    )


# For texts no grammar takes apart: enough to say "this destroys", never to say that something does not.
_DESTROYING_TEXT: Final = re.compile(
    r"\brm\s+-|--hard\b|\bmkfs|\bdd\s+if=|-delete\b|\bshred\b|\btruncate\b|:\(\)\s*\{"
)


@dataclass(slots=True)
class _Gathered:
    programs: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    sensitive: list[str] = field(default_factory=list)
    writes: bool = False
    destroys: bool = False
    privileged: bool = False
    network: bool = False
    runs_code: bool = False
    hunts: bool = False

    def add(self, act: Act) -> None:
        self.writes |= act.writes
        self.destroys |= act.destroys
        self.privileged |= act.privileged
        self.network |= act.network
        self.runs_code |= act.runs_code


def _read(text: str, gathered: _Gathered, depth: int) -> None:
    if depth > MOST_NESTED:
        raise NotUnderstood
    captured: dict[str, bool] = {}
    arithmetic: list[str] = []
    for part in parts_of(text):
        _part(part, gathered, depth)
        if isinstance(part, Captured):
            captured[part.name] = captured.get(part.name, True) and _prints_a_number(part.words)
        elif isinstance(part, Arithmetic):
            arithmetic.extend(part.names)
    # A function that is called like a reader, or calls itself: `ls() { ... }`, `:() { : | : & }`.
    if any(_known(name) for name in gathered.defined):
        gathered.runs_code = True
    # Bash evaluates what arithmetic finds in a variable, `a[$(rm x)]` too: output that may hold text is code there.
    if any(not captured.get(name, True) for name in arithmetic):
        gathered.runs_code = True


# `python3.11`, `gcc-12`: the version is no part of what it is.
_VERSION: Final = re.compile(r"(?<=[a-z])-?\d+(?:\.\d+)*$(?<!sum)")


def _part(part: Part, gathered: _Gathered, depth: int) -> None:
    match part:
        case Command(name, words):
            _command(name, words, gathered, depth)
        case Redirect(operator, target):
            _secret(target.text, gathered, pattern=target.pattern)
            if operator in _WRITING and not _goes_nowhere(operator, target):
                gathered.writes = True
        case Assignment(name):
            gathered.runs_code |= dangerous_variable(name)
        case Variable(name):
            if secret_variable(name):
                gathered.sensitive.append("$" + name[:40])
        case Defined(name):
            gathered.defined.add(name)


def _command(
    name: str | None, words: Sequence[Word], gathered: _Gathered, depth: int, wrapped: int = 0
) -> None:
    if wrapped > MOST_WRAPPED:
        raise NotUnderstood
    if name is None:
        gathered.runs_code = True
        return
    base = name.rsplit("/", 1)[-1]
    if not base:
        return
    gathered.programs.append(base[:60])
    base = _VERSION.sub("", base) or base
    if "/" in name and not re.match(r"/(?:usr/(?:local/)?)?s?bin/[\w.-]+$", name):
        # A program from anywhere else may be called `ls`.
        gathered.runs_code = True
        return
    if not wrapped:
        for word in words:
            _secret(word.text, gathered, pattern=word.pattern)
    if base in programs.SEARCHERS or words_of(base)[:1] in (("find",), ("search",)):
        gathered.hunts |= any(hunts_in_files(word.text) for word in words)
    for act in _acts(base, words):
        gathered.add(act)
        if act.runs is not None:
            first, *rest = act.runs or (Word("", free=True),)
            _command(None if first.free else first.text, rest, gathered, depth, wrapped + 1)
        if act.script is not None:
            _read(act.script, gathered, depth + 1)
    names = [word for word in words if not word.text.startswith("-")]
    if (base in {"export", "declare", "typeset", "readonly"} and not names) or (
        base in {"printenv", "set"} and not words
    ):
        gathered.sensitive.append("the environment")
    elif base == "printenv":
        gathered.sensitive.extend("$" + word.text[:40] for word in words if secret_variable(word.text))
    if not _known(base):
        gathered.unknown.append(base[:60])


def _acts(base: str, words: Sequence[Word]) -> Sequence[Act]:
    only_asks = [word.text for word in words] in (["--version"], ["--help"], ["-V"], ["-v"], ["version"])
    if only_asks and (
        base in programs.CODE_RUNNERS or base in programs.WRITERS or base in programs.NETWORKERS
    ):
        return [Act()]
    if base in READERS_OF_ARGUMENTS:
        return READERS_OF_ARGUMENTS[base](words)
    if base in programs.SHELLS:
        return shell(words)
    if base in programs.OPTIONS_THAT_ACT:
        return [Act(writes=acting_option(base, words))]
    if base in programs.READING_SUBCOMMANDS:
        return [_subcommand(base, words)]
    return [
        Act(
            writes=base in programs.WRITERS or base in programs.DESTROYERS,
            destroys=base in programs.DESTROYERS,
            network=base in programs.NETWORKERS,
            privileged=base in programs.PRIVILEGED,
            runs_code=base in programs.CODE_RUNNERS,
        )
    ]


def _subcommand(base: str, words: Sequence[Word]) -> Act:
    plain = [word.text for word in words if not word.text.startswith("-")]
    reading = plain[:1] and plain[0] in programs.READING_SUBCOMMANDS[base] and not words[0].free
    asks_secrets = any(
        noun in text or text.split("/")[0] in {"cm", "all"}
        for text in plain
        for noun in programs.SECRET_NOUNS
    ) or any(
        programs.ACTING_LONG_OPTION.match(word.text)
        or word.text.startswith(programs.ACTING_SHORT_OPTIONS.get(base, ()))
        for word in words
        if word.text.startswith("-")
    )
    if reading and not asks_secrets and not any(word.free for word in words):
        return Act()
    return Act(writes=True, network=True)


def _known(base: str) -> bool:
    if (
        base in programs.READERS
        or base in READERS_OF_ARGUMENTS
        or base in programs.SHELLS
        or base in programs.OPTIONS_THAT_ACT
        or base in programs.READING_SUBCOMMANDS
        or base in programs.DESTROYERS
        or base in programs.WRITERS
        or base in programs.NETWORKERS
        or base in programs.PRIVILEGED
        or base in programs.CODE_RUNNERS
        or base in {"printenv", "export", "declare", "typeset", "readonly"}
    ):
        return True
    # Agents' own shells add commands such as `search_file`: named like a read, as a tool may be.
    name = words_of(base)
    return (
        len(name) > 1
        and not _ACTING_WORDS & {*name}
        and name[0] in _READING_VERBS
        and bool(re.fullmatch(r"[a-z]+(?:_[a-z]+)+", base))
    )


def _goes_nowhere(operator: str, target: Word) -> bool:
    return target.text in _NOWHERE or (operator == ">&" and target.text.isdigit())


def _secret(text: str, gathered: _Gathered, *, pattern: bool = False) -> None:
    if secret_file(text) or (pattern and secret_pattern(text)):
        gathered.sensitive.append(text[:60])


def _prints_a_number(words: Sequence[str]) -> bool:
    """Whether the output of a command is a number whatever its input holds."""
    if not words:
        return False
    name, *rest = words
    if name in _PRINTS_NUMBERS:
        return True
    if name == "awk":
        return any(_prints_a_sum(word) for word in rest)
    if name == "stat":
        return any(re.fullmatch(r"(?:-c|--format=)?\s*%[abBhisuWXYZ]", word) for word in rest)
    clusters = "".join(word for word in rest if word.startswith("-") and not word.startswith("--"))
    return name in {"grep", "egrep", "fgrep", "zgrep"} and "c" in clusters


def _prints_a_sum(program: str) -> bool:
    """An awk program that prints only at its end, and only what it has added up."""
    found = re.fullmatch(
        r"([^{}]*\{[^{}]*\})\s*END\s*\{\s*print\s+(?:int\()?(\w+)[\s)/*+\d]*;?\s*\}\s*", program
    )
    if found is None or "print" in found.group(1):
        return False
    return bool(re.search(rf"\b{found.group(2)}\s*(?:\+=|\+\+)", found.group(1)))


__all__ = ["shell_facts"]
