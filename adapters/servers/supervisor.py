"""The supervisor: keeps servers and parts running, and ends them in order on a signal."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

from adapters.servers.process import CHILDREN, Process

DELAY_MIN, DELAY_MAX = 0.05, 2.0  # seconds before a process that ended is started again
STEADY = 3.0  # seconds after which a process that ran so long has earned the short delay again
TRIM_EVERY = 60.0
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(Exception):
    """The operator asked for the end."""


class Kept:
    """A process that is started again whenever it ends, later and later if it ends at once."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.started = time.monotonic()
        self.delay = DELAY_MIN
        self.due: float | None = None

    def tend(self, now: float, say: Callable[[str], None]) -> None:
        if self.due is None and (end := self.process.poll()) is not None:
            if now - self.started > STEADY:
                self.delay = DELAY_MIN
            self.due, self.delay = now + self.delay, min(self.delay * 2, DELAY_MAX)
            say(f"{self.process.name} ended ({end}) and is started again")
        if self.due is not None and now >= self.due:
            self.process.start()
            self.started, self.due = now, None


class Supervisor:
    """
    Used as a context on the main thread: its exit ends all processes, last kept first ended.

    The first SIGTERM, SIGINT or SIGHUP makes ``pause`` raise Stopped; a second one, while the
    processes are being ended, gives them no more time.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stages: list[list[Kept]] = []
        self._signals = 0
        self._trimmed = time.monotonic()

    def __enter__(self) -> Self:
        self._bell, ring = socket.socketpair()
        self._bell.setblocking(False)
        ring.setblocking(False)
        self._ring = ring
        self._old_ring = signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
        self._old = {
            number: signal.signal(number, self._count)
            for number in SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP
        }
        self._old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for stage in reversed(self._stages):
                for kept in stage:
                    kept.process.ask_to_end()
                for kept in stage:
                    kept.process.end(hurried=lambda: self._signals > 1)
        finally:
            signal.set_wakeup_fd(self._old_ring)
            for number, handler in self._old.items():
                signal.signal(number, handler)
            self._bell.close()
            self._ring.close()

    def keep(self, *processes: Process) -> None:
        """Launch processes that belong together and, once they answer, keep them running."""
        stage: list[Kept] = []
        launching = [*processes]
        try:
            for process in processes:
                process.launch(self.pause)
                stage.append(Kept(launching.pop(0)))
        except BaseException:
            stage += map(Kept, launching)  # to be ended with the rest
            raise
        finally:
            self._stages.append(stage)

    def pause(self, seconds: float) -> None:
        """Wait, tending the processes; raises Stopped when the operator asked for the end."""
        until = time.monotonic() + seconds
        while True:
            if self._signals:
                raise Stopped
            now = time.monotonic()
            self._tend(now)
            if now >= until:
                return
            wake = min([until, *(kept.due for kept in self._row() if kept.due is not None)])
            select.select([self._bell], [], [], max(0.0, wake - now))
            self._silence()

    def _tend(self, now: float) -> None:
        for kept in self._row():
            kept.tend(now, self._say)
        self._bury_strangers()
        if now - self._trimmed > TRIM_EVERY:
            self._trimmed = now
            for kept in self._row():
                kept.process.trim_log()

    def _row(self) -> list[Kept]:
        return [kept for stage in self._stages for kept in stage]

    def _bury_strangers(self) -> None:
        """As process 1 of a container we inherit orphans (of a killed Postgres) and reap them."""
        if os.getpid() != 1:
            return
        with suppress(ChildProcessError):
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if dead.si_pid in CHILDREN:
                    return  # the next look at it reaps it
                os.waitpid(dead.si_pid, 0)

    def _count(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _silence(self) -> None:
        try:
            while self._bell.recv(4096):
                pass
        except BlockingIOError:
            pass
