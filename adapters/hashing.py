"""
Hashing, in a process of its own that stands back for everything else.

    python -P -m adapters.hashing

A line of JSON asks (``password`` in hexadecimal, and ``known``, the hash to compare with, or
null for a new one), a line of JSON answers.  A hash takes 19 MiB and all of a processor for a
while: in the process that trades, even on a thread, it would hold up orders whenever it holds
the interpreter.  Ends when whoever asks is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: Nearly as low as it goes: a machine that is busy with orders still signs people in.
STANDS_BACK = 15
_ROOT = Path(__file__).parents[1]


def hasher() -> PasswordHasher:
    """19 MiB, 2 passes and 1 lane: the least that OWASP allows."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def matches(known: str, password: bytes) -> bool:
    try:
        return hasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


class Hashing:
    """One such process; asked by one thread at a time, started when it is, and again if it ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, password: bytes, known: str | None) -> str | bool:
        """The hash of a password, or whether it is the one of a known hash."""
        asked = json.dumps({"password": password.hex(), "known": known}).encode() + b"\n"
        for _ in range(2):
            process = self._running()
            assert process.stdin is not None, "a pipe"
            assert process.stdout is not None, "a pipe"
            with suppress(BrokenPipeError):
                process.stdin.write(asked)
                process.stdin.flush()
            if answer := process.stdout.readline():
                told: str | bool = json.loads(answer)
                return told
            _end(process)
            self._process = None
        raise RuntimeError("hashing ends as soon as it is asked")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                (sys.executable, "-P", "-m", "adapters.hashing"),
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            weakref.finalize(self, _end, self._process)
        return self._process


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):
        process.communicate()


def stand_back() -> None:
    """
    Let go first whoever has something to do.

    Linux shares a processor among sessions (autogroups) first and only then by ``nice``: in the
    session of the service, a hash takes what the service would have had against Postgres.  So
    this is a session of its own, and it is the session that stands back.
    """
    os.nice(STANDS_BACK)
    with suppress(OSError):  # there are none
        Path("/proc/self/autogroup").write_text(str(STANDS_BACK))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks says when it is over
    stand_back()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        password, known = bytes.fromhex(asked["password"]), asked["known"]
        told = hasher().hash(password) if known is None else matches(known, password)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
