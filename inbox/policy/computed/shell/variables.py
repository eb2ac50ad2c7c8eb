"""Builtins that set, declare and evaluate variables, and which variables change what programs do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import READS, UNREAD, Act
from inbox.policy.computed.shell.tree import Word

_DANGEROUS: Final = re.compile(
    r"LD_|DYLD_|GIT_|PYTHON|PERL|RUBY|NODE_|JAVA_|BASH_|LESS|MAN|PATH$|IFS$|ENV$|PAGER$|EDITOR$|VISUAL$|SHELL$"
    r"|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|PS[0-4]$|TAR_OPTIONS|GREP_OPTIONS|RIPGREP_CONFIG_PATH|CDPATH$|HOME$"
    r"|SYSTEMD_|KUBE|DOCKER_|PIP_|NPM_|npm_|APT_|CARGO|RUST|HELM_|TF_|XDG_|GEM_|HOMEBREW_|AWK|LOCPATH|BROWSER$|GPG|UNZIP|ZIPINFO|JQ_"
)


def dangerous_variable(name: str) -> bool:
    """Set, it changes what other programs run or load."""
    return bool(_DANGEROUS.match(name))


def alias(words: Sequence[Word]) -> Sequence[Act]:
    """`alias` shows; `alias ls='rm -rf'` changes what other words mean."""
    return [UNREAD if any(word.free or "=" in word.text for word in words) else READS]


def sets_names(words: Sequence[Word]) -> Sequence[Act]:
    """`read`, `printf -v`, `getopts`: builtins that put a value into variables they are given the names of."""
    for word in words:
        if dangerous_variable(word.text) or _SUBSCRIPT.match(word.text):
            return [UNREAD]
    return [READS]


def declares(words: Sequence[Word]) -> Sequence[Act]:
    """`declare` and its like: `-i` evaluates values, `-n` makes one name stand for another."""
    acts = any(re.match(r"[-+][A-Za-z]*[in]", word.text) or dangerous_variable(word.text) for word in words)
    return [UNREAD if acts else READS]


def let(words: Sequence[Word]) -> Sequence[Act]:
    """`let` evaluates its words, commands in subscripts too."""
    return [
        UNREAD if any("[" in word.text or "$" in word.text or "`" in word.text for word in words) else READS
    ]


# A name with a subscript is evaluated when it is set or asked about: `test -v 'a[$(id)]'`.
_SUBSCRIPT: Final = re.compile(r"[A-Za-z_]\w*\[[^\]]*[$`]")


def evaluates(words: Sequence[Word]) -> Sequence[Act]:
    """`test -v`, `unset`, `wait -p`: they evaluate the subscript of a name they are given."""
    return [UNREAD if any(_SUBSCRIPT.match(word.text) for word in words) else READS]
