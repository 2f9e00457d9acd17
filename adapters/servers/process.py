"""One server as a child of ours: least privilege, a log of its own, and it dies with us."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

LEASH = Path(__file__).with_name("leash.py")
LOG_MAX = 16 * 2**20
KILLED = "signal SIGKILL"
TRANSIENT_MAX = 60.0

CHILDREN: set[int] = set()  # process numbers of those started here and not yet reaped

Isolation = Literal["self", "namespace", "nobody"]
Pause = Callable[[float], None]


class ServerFailed(Exception):
    """A server did not start; the text is one line for the operator, without secrets."""


class Process:
    """
    A child process: ``argv`` under the leash, its output appended to ``log`` (None: our stderr).

    ``ending`` is how it is stopped: signals, each with the seconds it is given.  To be started
    from the main thread only: the kernel ties a child to the thread that made it.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        ending: Iterable[tuple[signal.Signals, float]] = ((signal.SIGTERM, 15.0),),
        orphaned: signal.Signals = signal.SIGKILL,
        isolation: Isolation = "self",
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        log: Path | None = None,
        keep_fds: Sequence[int] = (),
    ) -> None:
        self.name, self.argv, self.log = name, argv, log
        self.starts = 0
        self._asked = False
        self._ending = (*ending, (signal.SIGKILL, float("inf")))
        self._leash = (str(int(orphaned)), str(os.getpid()), isolation)
        self._env, self._folder, self._keep_fds = env, folder, keep_fds
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> None:
        assert threading.current_thread() is threading.main_thread(), "the leash needs it"
        argv = [sys.executable, "-I", "-S", str(LEASH), *self._leash, *self.argv]
        output = self._open_log() if self.log else 2
        try:
            self._child = subprocess.Popen(  # noqa: S603 no word of it comes from a request
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                cwd=self._folder,
                pass_fds=self._keep_fds,
                process_group=0,  # Ctrl-C is ours to pass on, in order
            )
        finally:
            if self.log:
                os.close(output)
        CHILDREN.add(self._child.pid)
        self.starts += 1
        self._asked = False

    def launch(self, pause: Pause = time.sleep) -> None:
        """
        Start and wait, however long, until it answers.

        Its end before that is a failure, unless somebody killed it: then it is started again.
        """
        patience = time.monotonic() + TRANSIENT_MAX
        self.start()
        while not self.answers():
            if (code := self.poll()) is not None:
                said = self.said()
                again = code == KILLED or self.transient(said)
                if not again or time.monotonic() > patience:
                    raise ServerFailed(f"{self.name} did not start ({code}): {gist(said)}")
                pause(0.2)
                self.start()
            pause(0.02)

    def answers(self) -> bool:
        """Whether it does its work by now; for a server, whether a client can log in."""
        return True

    def transient(self, said: str) -> bool:
        """Whether a start that ended with these words is worth another try."""
        return False

    def poll(self) -> str | None:
        """How it ended, in words, or None while it runs (or was never started)."""
        code = self._child.poll() if self._child else None
        if self._child is None or code is None:
            return None
        CHILDREN.discard(self._child.pid)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def ask_to_end(self) -> None:
        """Send the first signal, once: many programs take a second one for impatience."""
        if self._child and self._child.poll() is None and not self._asked:
            self._child.send_signal(self._ending[0][0])
            self._asked = True

    def end(self, hurried: Callable[[], bool] = lambda: False) -> None:
        """Stop it and wait for its end; when ``hurried``, the first signal gets no more time."""
        if self._child is None:
            return
        for step, (number, seconds) in enumerate(self._ending):
            if step == 0:
                self.ask_to_end()
            elif self._child.poll() is None:
                self._child.send_signal(number)
            until = time.monotonic() + seconds
            while self.poll() is None and time.monotonic() < until:
                if step == 0 and hurried():
                    break
                time.sleep(0.01)

    def said(self) -> str:
        """What it has written to its log since its last start."""
        if self.log is None:
            return ""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode(errors="replace")

    def trim_log(self) -> None:
        """Keep the log below its size: what it held goes to ``<log>.1``."""
        if self.log and self.log.exists() and self.log.stat().st_size > LOG_MAX:
            shutil.copyfile(self.log, f"{self.log}.1")
            os.truncate(self.log, 0)
            self._log_start = 0

    def _open_log(self) -> int:
        assert self.log is not None
        self.trim_log()
        log = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._log_start = os.fstat(log).st_size
        return log


def gist(said: str) -> str:
    """The line that tells why a server ended: its last fatal one, else its last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "[FTL]" in line]
    return (fatal or lines or ["it said nothing"])[-1]


def runs(argv: Sequence[str], isolation: Isolation) -> bool:
    """Whether a program, asked for no more than a sign of life, can run with this isolation."""
    probe = Process("probe", argv, isolation=isolation, log=Path(os.devnull), folder=Path("/"))
    probe.start()
    while (end := probe.poll()) is None:
        time.sleep(0.005)
    return end == "exit code 0"


@cache
def least_privilege() -> Isolation:
    """What a server of ours runs as: ourselves; as root in a user namespace, else as nobody."""
    if os.geteuid() != 0:
        return "self"
    return "namespace" if runs([sys.executable, "-I", "-S", "-c", ""], "namespace") else "nobody"


def owner(isolation: Isolation) -> tuple[int, int]:
    """User and group that must own the files of a server with this isolation."""
    if isolation == "nobody":
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return os.geteuid(), os.getegid()


def let_in(data: Path, isolation: Isolation) -> None:
    """Let the user nobody pass through our folder; above it nothing is ours to change."""
    if isolation != "nobody":
        return
    data.chmod(0o711)
    for folder in data.parents:
        if not folder.stat().st_mode & 0o001:
            raise ServerFailed(
                f"the user nobody, who has to run the servers, cannot enter {folder}: "
                "start as a plain user, or set PAPERTAPE_DATA to another folder"
            )
