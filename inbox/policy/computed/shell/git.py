"""`git`: what its subcommands and their options do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import DESTROYS, READS, UNREAD, WRITES, Act
from inbox.policy.computed.shell.tree import Word
from inbox.policy.naming import lexicon

_GIT_READS: Final = lexicon("""
blame cat-file check-attr check-ignore cherry count-objects describe diff diff-tree for-each-ref fsck grep help
log ls-files ls-tree merge-base name-rev rev-list rev-parse shortlog show show-ref show-branch status
var verify-commit version whatchanged
""")  # fmt: skip

_GIT_DESTROYS: Final = lexicon("clean filter-branch filter-repo gc prune reflog")

_GIT_NETWORK: Final = lexicon("clone fetch ls-remote pull push remote-update send-email submodule")

_GIT_FLAGS: Final = frozenset({"--no-pager", "--bare", "--literal-pathspecs", "--no-optional-locks", "-P"})


def git(words: Sequence[Word]) -> Sequence[Act]:
    """`git`: the subcommand decides, and for some of them its options. `-c` can name programs to run."""
    place = 0
    while place < len(words) and words[place].text.startswith("-"):
        option = words[place].text
        if option == "-C" or option in {"--git-dir", "--work-tree"}:
            place += 2
        elif option in _GIT_FLAGS or option.startswith(("--git-dir=", "--work-tree=")):
            place += 1
        elif option in {"--version", "--help"}:
            return [READS]
        else:
            return [UNREAD]
    if place >= len(words):
        return [READS]
    if words[place].free:
        return [UNREAD]
    name, rest = words[place].text, words[place + 1 :]
    options = [word.text for word in rest if word.text.startswith("-")]
    plain = [word for word in rest if not word.text.startswith("-")]
    if name in _GIT_NETWORK:
        forced = any(
            o.startswith(("--force", "-f", "--delete", "--mirror", "-d", "--prune")) for o in options
        )
        forced = forced or any(word.text.startswith(("+", ":")) for word in plain)
        return [Act(writes=True, network=True, destroys=name == "push" and forced)]
    if any(word.free for word in rest) or any(_git_option_acts(option) for option in options):
        return [UNREAD]
    if name in _GIT_READS:
        return [READS]
    if (
        name in {"branch", "tag"}
        and not plain
        and set(options)
        <= {"-a", "-r", "-v", "-vv", "-l", "--all", "--remotes", "--list", "--show-current", "-n"}
    ):
        return [READS]
    if name in {"branch", "tag"} and set(options) & {"-l", "--list", "--contains", "--merged"}:
        return [READS]
    if name in {"stash", "worktree", "bisect"} and [w.text for w in plain[:1]] in (
        ["list"],
        ["show"],
        ["log"],
    ):
        return [READS]
    if name == "remote" and [w.text for w in plain[:1]] in ([], ["get-url"]) and not set(options) - {"-v"}:
        return [READS]
    if name == "config" and set(options) & {"--get", "--list", "-l", "--get-all", "--get-regexp"}:
        return [READS]
    if name in _GIT_DESTROYS or _git_discards(name, options, plain):
        return [DESTROYS]
    return [WRITES]


def _git_option_acts(option: str) -> bool:
    return option.startswith((
        "--output", "--ext-diff", "--textconv", "--open-files-in-pager", "-O", "--exec", "--upload-pack",
        "--receive-pack", "--config",
    ))  # fmt: skip


def _git_discards(name: str, options: Sequence[str], plain: Sequence[Word]) -> bool:
    """Throws work away that no commit holds."""
    texts = [word.text for word in plain]
    if name == "reset":
        return any(option in {"--hard", "--merge", "--keep"} for option in options)
    if name in {"checkout", "restore", "switch"}:
        return (
            "--" in options
            or any(o in {"-f", "--force", "--discard-changes"} for o in options)
            or len(texts) > 1
        )
    if name == "stash":
        return texts[:1] in (["drop"], ["clear"])
    if name == "branch":
        return any(option.startswith("-") and "D" in option for option in options)
    if name == "worktree":
        return texts[:1] == ["remove"]
    return name == "rm"
