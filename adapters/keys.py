"""Keys: secrets that we make ourselves, as files that nobody else may read."""

from __future__ import annotations

import hmac
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """
    The content of a file (0600, in a folder 0700), made when there is none.

    Two who make it at the same time both get what the first one made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        handle, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(fresh)
    return path.read_bytes()


def derived(master: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which no other and not the master can be told."""
    return hmac.digest(master, f"papertape {purpose}".encode(), "sha256")
