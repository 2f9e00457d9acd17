"""
Telemetry: what the service says about itself, one JSON object a line.

Console (people get colours), ``app.log`` (everything), ``errors.log`` (warnings and worse) and
``trades.log`` (every fact of every order).  No secret and nothing personal is ever written.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct

from commands.base import Entry
from domain.base import Event

FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_KEPT = 5

Fields = MutableMapping[str, Any]
Write = Callable[[bytes], object]

_PRIVATE_NAMES = re.compile(
    r"pass(word|wd)|token|secret|authori[sz]ation|cookie|e.?mail|api.?key|credential", re.IGNORECASE
)
_PRIVATE_VALUES = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT
    r"|(?<=Bearer )\S+"
    r"|[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63})+"  # an e-mail address
    r"|(?<=://)[^\s/@]*:[^\s/@]+(?=@)",  # the user of a URL
    re.IGNORECASE,
)
#: None of the above is without one of these.
_MARKS = ("@", "eyJ", "Bearer ", "bearer ")
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))
_HIDDEN = "[hidden]"


def configure(level: str, folder: Path | None = None, debug: bool = False) -> None:
    """
    Send what structlog and the standard library log to the console and, given a folder, to files.

    ``level`` is the console's; ``app.log`` also takes DEBUG when ``debug`` is set.
    """
    sinks: list[tuple[int, Write]] = [(getattr(logging, level), _console())]
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        everything = logging.DEBUG if debug else logging.INFO
        sinks.append((everything, LogFile(folder / "app.log")))
        sinks.append((logging.WARNING, LogFile(folder / "errors.log")))
    lowest = min(threshold for threshold, _ in sinks)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.ReturnLoggerFactory(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact,
            _Sinks(sinks),
        ],
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_FromStandardLibrary()], level=max(lowest, 20), force=True)


def redact(_: object, __: str, fields: Fields) -> Fields:
    """Hide what is secret or personal, by its name or by its looks."""
    for name, value in fields.items():
        if _is_private(name):
            fields[name] = _HIDDEN
        elif isinstance(value, str):
            if any(mark in value for mark in _MARKS):
                fields[name] = _PRIVATE_VALUES.sub(_HIDDEN, value)
        elif isinstance(value, Mapping):
            fields[name] = redact(_, __, dict(value))
    return fields


@cache
def _is_private(name: str) -> bool:
    return _PRIVATE_NAMES.search(name) is not None


class _Sinks:
    """The last processor: one line, to everybody who wants its level."""

    def __init__(self, sinks: Sequence[tuple[int, Write]]) -> None:
        self._sinks = sinks

    def __call__(self, _: object, __: str, fields: Fields) -> NoReturn:
        level = getattr(logging, str(fields["level"]).upper())
        line = msgspec.json.encode(fields, enc_hook=str) + b"\n"
        for threshold, write in self._sinks:
            if level >= threshold:
                write(line)
        raise structlog.DropEvent


class _FromStandardLibrary(logging.Handler):
    """What the libraries log, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _console() -> Write:
    stream = sys.stderr
    if not stream.isatty():
        return lambda line: _quietly(stream.fileno(), line)
    render = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)

    def write(line: bytes) -> None:
        text = render(None, "", msgspec.json.decode(line))
        stream.write(str(text).translate(_CONTROL | {0x1B: 0x1B}) + "\n")

    return write


def _quietly(file: int, line: bytes) -> None:
    """A log that cannot be written is no reason to stop trading."""
    try:
        os.write(file, line)
    except OSError:
        return


class LogFile:
    """
    A file that is appended to and put aside (``name.1`` to ``name.5``) before it grows too large.

    Several processes may write one file: a line is one write, and only one puts it aside.
    """

    def __init__(self, path: Path, bytes_max: int = FILE_BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._open()

    def __call__(self, lines: bytes) -> None:
        self._size += len(lines)
        if self._size > self._bytes_max:
            self._put_aside()
            self._size += len(lines)
        _quietly(self._file, lines)

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size

    def _put_aside(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)  # let go by closing
        if self._path.exists() and os.path.samestat(os.fstat(self._file), self._path.stat()):
            names = [self._path] + [
                self._path.with_name(f"{self._path.name}.{n}") for n in range(1, FILES_KEPT + 1)
            ]
            for older, newer in reversed(list(pairwise(names))):
                if older.exists():
                    older.replace(newer)
        os.close(self._file)
        self._open()


class _Traded(Struct, frozen=True):
    at: datetime
    position: int
    actor: str
    command_id: UUID
    fact: str
    data: Event


def trades_log(write: Write) -> Callable[[Sequence[tuple[int, Entry]]], None]:
    """A follower of dispatch that writes a line for every fact of an order."""
    encode = msgspec.json.Encoder().encode

    def follow(news: Sequence[tuple[int, Entry]]) -> None:
        lines = bytearray()
        for first, entry in news:
            for position, fact in enumerate(entry.facts, first):
                name = type(fact).__name__
                if name.startswith("Order"):
                    meta = entry.meta
                    lines += encode(
                        _Traded(meta.occurred_at, position, meta.actor, meta.command_id, name, fact)
                    )
                    lines += b"\n"
        if lines:
            write(bytes(lines))

    return follow
