"""
The leash: a script that ties itself to its parent, gives up privileges and becomes a server.

    python -I -S leash.py SIGNAL PARENT ISOLATION PROGRAM [ARGUMENT...]

When the process PARENT dies, even by SIGKILL, the kernel sends SIGNAL to the server (Linux; on
other systems the server outlives it and is ended by the next start).  A script of its own,
because the code between fork and exec is not safe in a process that has threads.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1


def check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        sys.exit(f"leash: {call}: {os.strerror(number)}")


def isolate(isolation: str, libc: ctypes.CDLL) -> None:
    """As root: a user namespace that maps nobody, so the server holds no privilege at all."""
    if isolation == "namespace":
        check(libc.unshare(CLONE_NEWUSER), "unshare")
    elif isolation == "nobody":
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def main(signal: str, parent: str, isolation: str, program: str, *arguments: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    isolate(isolation, libc)
    if sys.platform == "linux":
        # After isolate: a change of credentials clears the signal.
        check(libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0), "prctl")
        if os.getppid() != int(parent):
            sys.exit("leash: the parent is gone")
    os.execv(program, [program, *arguments])  # noqa: S606 a shell would only be in the way


if __name__ == "__main__":
    main(*sys.argv[1:])
