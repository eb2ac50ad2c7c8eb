"""Programs that run another: what they hand on is judged in their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import DESTROYS, READS, UNREAD, WRITES, Act, Reader
from inbox.policy.computed.shell.tree import Word
from inbox.policy.computed.shell.variables import dangerous_variable


def find(words: Sequence[Word]) -> Sequence[Act]:
    """`find`: its actions stand among its tests; `-exec` runs the words up to `;` or `+`."""
    acts: list[Act] = []
    place = 0
    while place < len(words):
        word = words[place]
        if word.free:
            return [UNREAD]
        if word.text in {"-exec", "-execdir", "-ok", "-okdir"}:
            end = next((n for n in range(place + 1, len(words)) if words[n].text in {";", "+"}), len(words))
            acts.append(Act(runs=_with_paths(words[place + 1 : end])))
            place = end
        elif word.text == "-delete":
            acts.append(DESTROYS)
        elif word.text in {"-fprint", "-fprint0", "-fprintf", "-fls"}:
            acts.append(WRITES)
        elif word.text in {"-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex"}:
            place += 1
        place += 1
    return acts or [READS]


def _with_paths(words: Sequence[Word]) -> tuple[Word, ...]:
    """`{}` becomes a path that begins where find began. Inside a longer word it may be code."""
    return tuple(
        Word(word.text, free=word.free or ("{}" in word.text and word.text != "{}")) for word in words
    )


def xargs(words: Sequence[Word]) -> Sequence[Act]:
    """`xargs` and what it runs; the arguments it adds are known only at run time."""
    place = 0
    replaced = {"{}"}
    while place < len(words) and words[place].text.startswith("-"):
        option = words[place].text
        if words[place].free or option.startswith(("--arg-file", "--process-slot-var")):
            return [UNREAD]
        if option == "-I" and place + 1 < len(words):
            replaced.add(words[place + 1].text)
        elif option.startswith(("-I", "-i", "--replace=")):
            replaced.add(option.removeprefix("--replace=").removeprefix("-I").removeprefix("-i"))
        place += 2 if option in _XARGS_VALUES else 1
    if place >= len(words):
        return [READS]
    # What it puts in may be an option, and in the text of a shell it is code.
    run = tuple(
        Word(word.text, free=word.free or any(one and one in word.text for one in replaced))
        for word in words[place:]
    )
    return [Act(runs=(*run, Word("", free=True)))]


_XARGS_VALUES: Final = frozenset(
    {"-I", "-n", "-L", "-P", "-d", "-E", "-s", "-a", "--max-args", "--max-procs"}
)


def wrapper(options_with_value: frozenset[str]) -> Reader:
    """A program that runs the rest of its words: `timeout 5 ls`, `nice -n 3 ls`."""

    def read(words: Sequence[Word]) -> Sequence[Act]:
        place = 0
        while place < len(words) and (
            words[place].text.startswith("-")
            or _ASSIGNS.match(words[place].text)
            or _AMOUNT.match(words[place].text)
        ):
            found = _ASSIGNS.match(words[place].text)
            if words[place].free or (found and dangerous_variable(found.group(1))):
                return [UNREAD]
            place += 2 if words[place].text in options_with_value else 1
        return [Act(runs=tuple(words[place:]))] if place < len(words) else [READS]

    return read


_ASSIGNS: Final = re.compile(r"([A-Za-z_]\w*)=")

_AMOUNT: Final = re.compile(r"\d+(?:\.\d+)?[smhd]?$")


def env(words: Sequence[Word]) -> Sequence[Act]:
    """`env`: without a program it prints the whole environment, keys and tokens in it."""
    acts = wrapper(frozenset({"-u", "--unset", "-C", "--chdir"}))(words)
    if any(word.text.startswith(("-S", "--split-string", "-P", "-C")) for word in words):
        return [UNREAD]
    return [UNREAD] if list(acts) == [READS] else acts


def command(words: Sequence[Word]) -> Sequence[Act]:
    """`command -v ls` asks where a program is; `command ls` runs it."""
    if words and words[0].text in {"-v", "-V"}:
        return [READS]
    return wrapper(frozenset())(words)


def shell(words: Sequence[Word]) -> Sequence[Act]:
    """`bash -c 'text'`: the text is another command line. Anything else a shell is given is a file of code."""
    for place, word in enumerate(words):
        if word.free or not word.text.startswith("-") or word.text.startswith("--"):
            return [Act(runs_code=True)]
        if "c" in word.text:
            if place + 1 >= len(words) or words[place + 1].free or not set(word.text) <= set("-cleux"):
                return [UNREAD]
            return [Act(script=words[place + 1].text)]
    return [UNREAD]


def sudo(words: Sequence[Word]) -> Sequence[Act]:
    """`sudo` and its like, and what they run."""
    rest = wrapper(frozenset({"-u", "-g", "-h", "-p", "--user", "--group"}))(words)
    return [Act(privileged=True), *rest]
