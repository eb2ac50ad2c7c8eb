"""Becomes another program: drops to an account, asks to be told when its parent dies, then executes it.

Run as `python -I -S launch.py PARENT SIGNAL UID GID COMMAND…`. A process of its own between fork and exec,
because Python code there (subprocess's preexec_fn) can deadlock in a program that has threads.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Execute the command of the argument list; SIGNAL 0 asks for none, UID -1 keeps the account."""
    parent, death_signal, uid, gid = (int(argument) for argument in sys.argv[1:5])
    command = sys.argv[5:]
    library = ctypes.CDLL(None)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if death_signal and sys.platform == "linux":
        # After the change of account, which clears it.
        library.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"the supervisor {parent} died before {command[0]} could start")
    os.execv(command[0], command)  # noqa: S606 - the command comes from this package


if __name__ == "__main__":
    main()
