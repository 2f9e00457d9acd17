"""Which program this is: what ``/`` says of it, and what stands beside every fact it records."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("papertape")
    return "checkout"


VERSION = _version()
#: Who recorded a fact: the ``code`` column of the tape.
CODE = f"papertape {VERSION}"
