"""Programs that show a system or change it, as their options say: packages, archives, the network, processes, files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import READS, UNREAD, WRITES, Act
from inbox.policy.computed.shell.tree import Word


def dpkg(words: Sequence[Word]) -> Sequence[Act]:
    """`dpkg`: queries are options."""
    asks = {
        "-l",
        "-L",
        "-s",
        "-S",
        "-I",
        "-c",
        "-p",
        "-V",
        "--list",
        "--listfiles",
        "--status",
        "--search",
        "--info",
    }
    asks |= {"--contents", "--version", "--get-selections", "--print-architecture", "--audit", "-W"}
    options = {word.text for word in words if word.text.startswith("-")}
    return [READS if options and options <= asks and not any(w.free for w in words) else WRITES]


def ip(words: Sequence[Word]) -> Sequence[Act]:
    """`ip`: shows unless told to change, and takes any beginning of a command: `ip l s eth0 down`."""
    options = {word.text for word in words if word.text.startswith("-")}
    plain = [word.text for word in words if not word.text.startswith("-")]
    shows = len(plain) < 2 or plain[1] in {"show", "list", "lst", "ls", "get", "help"}
    known = options <= {
        "-4",
        "-6",
        "-s",
        "-d",
        "-o",
        "-br",
        "-brief",
        "-c",
        "-j",
        "-json",
        "-p",
        "-r",
        "-h",
        "-V",
    }
    return [READS if shows and known and not any(word.free for word in words) else WRITES]


def apt_get(words: Sequence[Word]) -> Sequence[Act]:
    """`apt-get -s`: only says what it would do."""
    told = any(word.text in {"-s", "--simulate", "--just-print", "--dry-run", "--no-act"} for word in words)
    return [READS if told and not any(w.free or w.text.startswith(("-o", "-c")) for w in words) else WRITES]


def tar(words: Sequence[Word]) -> Sequence[Act]:
    """`tar -t`: listing an archive. It takes any beginning of an option, and many of them run programs."""
    if any(word.free for word in words) or not words:
        return [UNREAD]
    lists = re.fullmatch(r"-?[vzjJa]*t[vzjJaf]*", words[0].text) or words[0].text == "--list"
    options = [word.text for word in words[1:] if word.text.startswith("-")]
    known = all(
        re.fullmatch(r"-[tvzjJaf]+|--(?:list|verbose|gzip|bzip2|xz|zstd|(?:file|exclude)=.*)", option)
        for option in options
    )
    # `host:archive` is fetched by a remote shell.
    remote = any(":" in word.text for word in words)
    return [READS if lists and known and not remote else WRITES]


def unzip(words: Sequence[Word]) -> Sequence[Act]:
    """`unzip -l`: listing an archive."""
    lists = words and words[0].text in {"-l", "-t", "-v", "-Z", "-Z1", "-lv"}
    return [READS if lists and not any(word.free for word in words) else WRITES]


def getent(words: Sequence[Word]) -> Sequence[Act]:
    """`getent`: looking up a host asks the network, so its name can carry something out."""
    if not words or words[0].free or words[0].text not in {"group", "passwd", "protocols", "services"}:
        return [Act(network=True, runs_code=True)]
    return [READS]


def hostname(words: Sequence[Word]) -> Sequence[Act]:
    """`hostname` shows; with a name it sets it."""
    shows = {"-f", "-s", "-i", "-I", "-d", "-A", "--fqdn", "--short"}
    return [READS if {word.text for word in words} <= shows else WRITES]


_PS_TAKES_VALUE: Final = frozenset(
    {"-C", "-G", "-U", "-g", "-o", "-p", "-q", "-s", "-t", "-u", "--format", "--sort"}
)


def ps(words: Sequence[Word]) -> Sequence[Act]:
    """`ps`: with a bare `e` it prints every process's environment."""
    for place, word in enumerate(words):
        value = place > 0 and words[place - 1].text in _PS_TAKES_VALUE
        if word.free or (not value and re.fullmatch(r"[A-Za-z]*e[A-Za-z]*|-E", word.text)):
            return [UNREAD]
    return [READS]


_TEXT_FILE: Final = re.compile(
    r"(?i)[\w./@+ ~-]+\.(?:c|cc|cfg|conf|cpp|cs|css|csv|go|h|hpp|html?|ini|java|js|json|jsx|kt|lock|log|md|php|pl|py|rb|rs|rst"
    r"|scss|sql|swift|tex|toml|ts|tsx|txt|xml|ya?ml)"
)


def open_text(words: Sequence[Word]) -> Sequence[Act]:
    """`open file.py 30`, as agents' shells show a file. A desktop's `open` may start programs: text files only."""
    shown = words and not words[0].free and _TEXT_FILE.fullmatch(words[0].text)
    return [READS if shown and all(word.text.isdigit() for word in words[1:]) else UNREAD]
