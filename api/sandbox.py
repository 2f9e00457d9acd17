"""
A service to show things on: the one that runs, or one of our own for a while.

Our own plays a recorded session of the New York exchange where the recordings are at hand,
six and a half hours in 39 seconds, and the simulation where they are not.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile

from msgspec import Struct
from msgspec.structs import replace

from adapters.settings import Settings, environment

#: The day of which the recorded market has ticks of all three symbols.
DAY, SYMBOLS = "20131008", ("spy", "ibm", "bac")
MARKET = Path(__file__).resolve().parents[2] / "shared" / "data" / "market" / "tick"
#: From the opening of the session to its end, in milliseconds of the day in New York.
SESSION = range(34_200_000, 57_600_000)
SPEED = 600.0
STOP_S = 90


class Found(Struct, frozen=True):
    url: str
    settings: Settings


def running_service(settings: Settings, url: str | None) -> Found | None:
    """The service at this URL, or where the settings say one should be; None if nobody answers."""
    url = url or f"http://{settings.host}:{settings.port}"
    parts = urlsplit(url)
    client = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=2)
    try:
        client.request("GET", "/readyz")
        ready = client.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        ready = False
    finally:
        client.close()
    return Found(url, settings) if ready else None


@contextmanager
def own_service(say: Callable[[str], None]) -> Iterator[Found]:
    """A service on a free port and a temporary folder, playing a recorded day if there is one."""
    with tempfile.TemporaryDirectory(prefix="papertape-demo-") as folder:
        Path(folder).chmod(0o755)  # where we are root, Postgres runs as somebody else
        settings = replace(Settings(), data=Path(folder) / "data", port=0, log_level="ERROR")
        day = _recorded_day(Path(folder) / "market")
        if day is not None:
            settings = replace(settings, feed="replay", replay_files=day, replay_speed=SPEED)
        told = f"the recorded ticks of {DAY}, {SPEED:.0f} times as fast"
        say(f"Market: {told if day else 'the simulation'}.")
        command = [sys.executable, "-m", "api", "up"]
        with subprocess.Popen(  # noqa: S603
            command, env=environment(settings), stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).resolve().parents[1],
        ) as service:  # fmt: skip
            try:
                yield Found(_ready(service), settings)
            finally:
                service.terminate()
                service.wait(STOP_S)


def _ready(service: subprocess.Popen[str]) -> str:
    assert service.stdout is not None, "it was opened with a pipe"
    for line in service.stdout:
        if line.startswith("ready "):
            return line.removeprefix("ready ").strip()
    raise OSError("the service did not start: see its lines above")


def _recorded_day(folder: Path) -> Path | None:
    """The session in LEAN's format, in a folder of our own; None without the recordings."""
    recordings = [file for symbol in SYMBOLS for file in (MARKET / symbol).glob(f"{DAY}_*.zip")]
    for recording in recordings:
        kept = folder / "tick" / recording.parent.name / recording.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        _cut(recording, kept)
    return folder if recordings else None


def _cut(recording: Path, kept: Path) -> None:
    """Empty the rows outside the session: the others keep their numbers, which fills refer to."""
    with ZipFile(recording) as source, ZipFile(kept, "w", ZIP_DEFLATED, compresslevel=1) as target:
        (name,) = source.namelist()
        with source.open(name) as rows, target.open(name, "w") as cut:
            for row in rows:
                cut.write(row if int(row.partition(b",")[0]) in SESSION else b"\n")
