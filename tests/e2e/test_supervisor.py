"""The supervisor, with processes that do nothing but be kept."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.servers import Nats, Process, Stopped, Supervisor, held
from adapters.servers.supervisor import DELAY_MAX, STEADY, Kept


def script_of(name: str, *script: str, log: Path | None = None) -> Process:
    return Process(name, [sys.executable, "-I", "-c", "\n".join(script)], log=log)


def test_a_process_that_keeps_ending_is_started_ever_more_seldom() -> None:
    said: list[str] = []
    process = script_of("brief", "raise SystemExit(3)")
    process.start()
    kept = Kept(process)
    now, delays = kept.started, []
    for lived in (0, 0, 0, 0, 0, 0, 0, 0, STEADY + 1, 0):
        while process.poll() is None:
            time.sleep(0.01)
        now += lived
        kept.tend(now, said.append)
        assert kept.due is not None
        delays.append(kept.due - now)
        now = kept.due
        kept.tend(now, said.append)
    process.end()
    expected = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, DELAY_MAX, DELAY_MAX, 0.05, 0.1]
    assert delays == pytest.approx(expected)
    assert said == ["brief ended (exit code 3) and is started again"] * len(delays)


def test_the_last_kept_are_the_first_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (
        "import signal, sys",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])",
        f"log = open({str(log)!r}, 'a')",
        "print('up', file=log, flush=True)",
        "signal.sigwait([signal.SIGTERM])",
    )
    with Supervisor(print) as supervisor:
        for rows, name in enumerate(("first", "second", "third"), 1):
            supervisor.keep(script_of(name, *script, f"print({name!r}, file=log)"))
            while not log.exists() or log.read_text().count("up") < rows:
                supervisor.pause(0.02)
    assert log.read_text().split()[3:] == ["third", "second", "first"]


def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    script = (
        "import signal, time",
        "signal.signal(signal.SIGTERM, lambda *_: None)",
        "print('deaf', flush=True)",
        "time.sleep(60)",
    )
    deaf = script_of("deaf", *script, log=tmp_path / "log")
    ring = "import os, time, signal\nfor _ in '12': time.sleep(.5); os.kill(os.getppid(), 15)"
    begun = time.monotonic()
    with Supervisor(print) as supervisor:
        supervisor.keep(deaf)
        while "deaf" not in deaf.said():
            supervisor.pause(0.02)
        bell = subprocess.Popen([sys.executable, "-I", "-c", ring])
        with pytest.raises(Stopped):
            supervisor.pause(60)
    assert time.monotonic() - begun < 10
    assert deaf.poll() == "signal SIGKILL"
    assert bell.wait() == 0


def test_the_signals_are_the_callers_again_afterwards() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)]
    with Supervisor(print):
        pass
    assert before == [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)]


def test_a_log_that_grew_too_long_is_put_aside(data: Path) -> None:
    with held(data) as folder:
        server = Nats(folder)
        assert server.log is not None
        server.log.write_bytes(b"x" * (17 * 2**20))
        server.launch()
        server.end()
        assert server.log.stat().st_size < 2**20
        assert Path(f"{server.log}.1").stat().st_size == 17 * 2**20
