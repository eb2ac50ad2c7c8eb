"""Programs with a language of their own over text: sed, awk and jq. Only scripts of a plain kind are reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import READS, UNREAD, WRITES, Act
from inbox.policy.computed.shell.tree import Word


def sed(words: Sequence[Word]) -> Sequence[Act]:
    """`sed`: edits in place with `-i`, writes with `w`, runs with `e`. Only scripts of a plain kind are read."""
    scripts: list[str] = []
    plain: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        text = word.text
        if word.free:
            return [UNREAD]
        if text.startswith("--"):
            if text.startswith(("--in-place", "--i")):
                return [WRITES]
            if text.startswith("--expression="):
                scripts.append(text.split("=", 1)[1])
            elif text not in {
                "--quiet",
                "--silent",
                "--regexp-extended",
                "--posix",
                "--sandbox",
                "--null-data",
            }:
                return [UNREAD]
        elif text.startswith("-") and len(text) > 1:
            if "i" in text:
                return [WRITES]
            if "f" in text:
                return [UNREAD]
            if text.endswith("e") and place + 1 < len(words):
                scripts.append(words[place + 1].text)
                place += 1
        else:
            plain.append(text)
        place += 1
    if not scripts:
        scripts = plain[:1]
    return [READS if all(_plain_sed(script) for script in scripts) else UNREAD]


# Addresses, then one of the commands that only print, delete, substitute or translate text of the stream.
_SED_ADDRESS: Final = r"(?:\d+|\$|/(?:[^/\\\n]|\\.)*/I?)(?:~\d+)?"

_SED_SUBSTITUTE: Final = r"s([/|#,:@!%~])(?:(?!\1)[^\\\n]|\\.)*\1(?:(?!\1)[^\\\n]|\\.)*\1[gpiI0-9]*"

_SED_COMMAND: Final = re.compile(
    rf"\s*(?:{_SED_ADDRESS}(?:,\s*\+?{_SED_ADDRESS})?)?\s*!?\s*(?:[pdqnNgGhHxDPl=]|{_SED_SUBSTITUTE})?\s*(?:[;\n}}]|$)"
)


def _plain_sed(script: str) -> bool:
    if len(script) > 500 or "{" in script.replace("\\{", ""):
        return False
    # Runs of white space would be tried in every way of sharing them out.
    script = re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", script))
    place = 0
    while place < len(script):
        found = _SED_COMMAND.match(script, place)
        if found is None or found.end() == place:
            return False
        place = found.end()
    return True


_AWK_ACTS: Final = re.compile(
    r"system\s*\(|\|&?|>|\bgetline\b|@\s*(?:load|include)|\bextension\s*\(|\bENVIRON\b"
)

_AWK_QUOTED: Final = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|(?<=[~(,!{;&|}\n])\s*/(?:[^/\\\n]|\\.)*/|^\s*!?/(?:[^/\\\n]|\\.)*/'
)

# Looked for in texts too: where a `"` stands in a pattern, what is text and what is program cannot be told apart here.
_AWK_NEVER: Final = re.compile(r"\bsystem\s*\(|\bgetline\b|@\s*\w+\s*\(|\bENVIRON\b")

_AWK_COMPARES: Final = re.compile(r">=|(?<=[\w)\]])\s*>\s*(?=-?[\d.]|\$?\w+\s*[)&|;?{]|length)|\|\|")


def awk(words: Sequence[Word]) -> Sequence[Act]:
    """`awk`: its program may run commands, write files and read others; only a program that cannot is a read."""
    program: str | None = None
    place = 0
    while place < len(words):
        text = words[place].text
        if words[place].free:
            return [UNREAD]
        if program is None and text.startswith("-") and len(text) > 1:
            if text in {"-F", "-v"}:
                place += 1
            elif not text.startswith(("-F", "-v")):
                return [UNREAD]
        elif program is None:
            program = text
        place += 1
    if program is None or len(program) > 5_000:
        return [UNREAD]
    if _AWK_NEVER.search(program):
        return [UNREAD]
    bare = _AWK_QUOTED.sub(" 0 ", program)
    if '"' in bare:
        return [UNREAD]
    bare = _AWK_COMPARES.sub(" ", bare)
    # `print x > 3` writes a file called 3: after a print nothing is a comparison unless brackets say so.
    prints = re.search(r"\bprintf?\b[^;}\n]*>", _AWK_QUOTED.sub(" 0 ", program))
    return [UNREAD if prints or _AWK_ACTS.search(bare) else READS]


def jq(words: Sequence[Word]) -> Sequence[Act]:
    """`jq`: its programs cannot write, but read the environment and load other programs."""
    if any(
        word.free
        or re.match(r"-[A-Za-z]*[fL]|--(?:from-file|library-path)", word.text)
        or re.search(r"\benv\b|\$ENV\b|\b(?:include|import)\b", word.text)
        for word in words
    ):
        return [UNREAD]
    return [READS]
