"""Programs whose arguments decide what they do: languages of their own, and programs that run another.

Each reader answers with an `Act`: what this call of the program does. What it is not sure of, it reports as code
that nobody read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from inbox.policy.computed.shell.programs import OPTIONS_THAT_ACT, PLUS_ACTS, SECOND_ARGUMENT_IS_OUTPUT
from inbox.policy.computed.shell.tree import Word
from inbox.policy.naming import lexicon


@dataclass(frozen=True, slots=True)
class Act:
    """What one call does. `runs` is the command line it hands on, to be judged in its place; `script` its text."""

    writes: bool = False
    destroys: bool = False
    network: bool = False
    privileged: bool = False
    runs_code: bool = False
    runs: tuple[Word, ...] | None = None
    script: str | None = None


_CLUSTER: Final = re.compile(r"-([A-Za-z]+)")
READS: Final = Act()
UNREAD: Final = Act(runs_code=True)
WRITES: Final = Act(writes=True)
DESTROYS: Final = Act(writes=True, destroys=True)

Reader = Callable[[Sequence[Word]], Sequence[Act]]


def acting_option(name: str, words: Sequence[Word]) -> bool:
    """Whether a program of `OPTIONS_THAT_ACT` is given one; an argument only known at run time might be one."""
    letters, names = OPTIONS_THAT_ACT[name]
    plain = 0
    for word in words:
        if (word.free and (letters or names)) or (name in PLUS_ACTS and word.text.startswith("+")):
            return True
        if word.text.startswith("--"):
            given = word.text[2:].split("=", 1)[0]
            # GNU programs take any prefix of a long name.
            if given and any(one.startswith(given) or given == one for one in names):
                return True
        elif cluster := _CLUSTER.match(word.text):
            if set(cluster.group(1)) & set(letters):
                return True
        else:
            plain += 1
    return name in SECOND_ARGUMENT_IS_OUTPUT and plain > 1


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
_DANGEROUS: Final = re.compile(
    r"LD_|DYLD_|GIT_|PYTHON|PERL|RUBY|NODE_|JAVA_|BASH_|LESS|MAN|PATH$|IFS$|ENV$|PAGER$|EDITOR$|VISUAL$|SHELL$"
    r"|PROMPT_COMMAND|SHELLOPTS|BASHOPTS|PS[0-4]$|TAR_OPTIONS|GREP_OPTIONS|RIPGREP_CONFIG_PATH|CDPATH$|HOME$"
    r"|SYSTEMD_|KUBE|DOCKER_|PIP_|NPM_|npm_|APT_|CARGO|RUST|HELM_|TF_|XDG_|GEM_|HOMEBREW_|AWK|LOCPATH|BROWSER$|GPG|UNZIP|ZIPINFO|JQ_"
)


def dangerous_variable(name: str) -> bool:
    """Set, it changes what other programs run or load."""
    return bool(_DANGEROUS.match(name))


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


def alias(words: Sequence[Word]) -> Sequence[Act]:
    """`alias` shows; `alias ls='rm -rf'` changes what other words mean."""
    return [UNREAD if any(word.free or "=" in word.text for word in words) else READS]


def getent(words: Sequence[Word]) -> Sequence[Act]:
    """`getent`: looking up a host asks the network, so its name can carry something out."""
    if not words or words[0].free or words[0].text not in {"group", "passwd", "protocols", "services"}:
        return [Act(network=True, runs_code=True)]
    return [READS]


def hostname(words: Sequence[Word]) -> Sequence[Act]:
    """`hostname` shows; with a name it sets it."""
    shows = {"-f", "-s", "-i", "-I", "-d", "-A", "--fqdn", "--short"}
    return [READS if {word.text for word in words} <= shows else WRITES]


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


_TEXT_FILE: Final = re.compile(
    r"(?i)[\w./@+ ~-]+\.(?:c|cc|cfg|conf|cpp|cs|css|csv|go|h|hpp|html?|ini|java|js|json|jsx|kt|lock|log|md|php|pl|py|rb|rs|rst"
    r"|scss|sql|swift|tex|toml|ts|tsx|txt|xml|ya?ml)"
)


def open_text(words: Sequence[Word]) -> Sequence[Act]:
    """`open file.py 30`, as agents' shells show a file. A desktop's `open` may start programs: text files only."""
    shown = words and not words[0].free and _TEXT_FILE.fullmatch(words[0].text)
    return [READS if shown and all(word.text.isdigit() for word in words[1:]) else UNREAD]


READERS_OF_ARGUMENTS: Final[dict[str, Reader]] = {
    "[": evaluates,
    "[[": evaluates,
    "alias": alias,
    "apt-get": apt_get,
    "awk": awk,
    "builtin": wrapper(frozenset()),
    "busybox": wrapper(frozenset()),
    "command": command,
    "declare": declares,
    "doas": sudo,
    "dpkg": dpkg,
    "env": env,
    "export": declares,
    "find": find,
    "gawk": awk,
    "getent": getent,
    "getopts": sets_names,
    "git": git,
    "gsed": sed,
    "ionice": wrapper(frozenset({"-c", "-n", "-p"})),
    "hostname": hostname,
    "ip": ip,
    "jq": jq,
    "let": let,
    "local": declares,
    "mawk": awk,
    "nawk": awk,
    "nice": wrapper(frozenset({"-n"})),
    "open": open_text,
    "nohup": wrapper(frozenset()),
    "printf": sets_names,
    "ps": ps,
    "read": sets_names,
    "readonly": declares,
    "parallel": lambda words: [UNREAD],
    "sed": sed,
    "setsid": wrapper(frozenset()),
    "stdbuf": wrapper(frozenset({"-i", "-o", "-e"})),
    "sudo": sudo,
    "tar": tar,
    "time": wrapper(frozenset()),
    "timeout": wrapper(frozenset({"-k", "-s"})),
    "test": evaluates,
    "typeset": declares,
    "unset": evaluates,
    "unzip": unzip,
    "wait": evaluates,
    "xargs": xargs,
}


def _with_paths(words: Sequence[Word]) -> tuple[Word, ...]:
    """`{}` becomes a path that begins where find began. Inside a longer word it may be code."""
    return tuple(
        Word(word.text, free=word.free or ("{}" in word.text and word.text != "{}")) for word in words
    )
