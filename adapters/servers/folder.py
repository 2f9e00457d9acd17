"""The data folder: stores, logs and keys of one service, which one service at a time may hold."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOCKET_PATH_MAX = 100  # bytes; the kernel takes 107, Postgres adds ".lock" to the name


class FolderInUse(Exception):
    """Another service holds this data folder."""


@contextmanager
def held(data: Path) -> Iterator[Path]:
    """Hold the folder (made when missing, 0700) for this process; yields its absolute path."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = data.resolve()
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise FolderInUse(
                f"the data folder {data} is in use by process {lock.read().strip() or '?'}; "
                "stop that one, or set PAPERTAPE_DATA to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield data


def put(path: Path, text: str) -> None:
    """Write a file (0600) whole or not at all, also when the power fails meanwhile."""
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def secret(data: Path, name: str) -> str:
    """The random secret (256 bits) in ``data/keys/name``, made (0600) when first asked for."""
    path = private_for(data / "keys", os.geteuid(), os.getegid()) / name
    if not path.exists():
        put(path, secrets.token_urlsafe(32))
    return path.read_text()


def socket_folder(data: Path) -> Path:
    """Where Postgres puts its socket: ``data/run``, or a short path when that is too long."""
    folder = data / "run"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX:
        return folder
    mark = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"papertape-{mark}"


def private_for(folder: Path, user: int, group: int) -> Path:
    """A folder that only a server's user may enter, with all in it owned by that user."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        # Where everybody may write, somebody else may have been there first.
        shared = folder.parent.stat().st_mode & stat.S_ISVTX
        ours = not shared or found.st_uid in {os.geteuid(), user}
        if not stat.S_ISDIR(found.st_mode) or not ours:
            raise PermissionError(f"{folder} belongs to somebody else") from None
        folder.chmod(0o700)
    own(folder, user, group)
    return folder


def own(tree: Path, user: int, group: int) -> None:
    """Give a folder of ours and all in it to a user; follows no link.  Only root ever needs it."""
    if os.geteuid() != 0 or tree.stat().st_uid == user:
        return
    for folder, folders, files in os.walk(tree, topdown=False):
        for name in (*folders, *files):
            os.lchown(os.path.join(folder, name), user, group)
    os.lchown(tree, user, group)  # last, so that an interrupted walk is begun again
