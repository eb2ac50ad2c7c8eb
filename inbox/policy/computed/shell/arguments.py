"""Programs whose arguments decide what they do, and who reads them.

What a reader is not sure of, it reports as code that nobody read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from inbox.policy.computed.shell.act import UNREAD, Reader
from inbox.policy.computed.shell.git import git
from inbox.policy.computed.shell.programs import OPTIONS_THAT_ACT, PLUS_ACTS, SECOND_ARGUMENT_IS_OUTPUT
from inbox.policy.computed.shell.runners import command, env, find, sudo, wrapper, xargs
from inbox.policy.computed.shell.systems import apt_get, dpkg, getent, hostname, ip, open_text, ps, tar, unzip
from inbox.policy.computed.shell.text_programs import awk, jq, sed
from inbox.policy.computed.shell.tree import Word
from inbox.policy.computed.shell.variables import alias, declares, evaluates, let, sets_names

_CLUSTER: Final = re.compile(r"-([A-Za-z]+)")


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
