"""The secret scanner catches each of its eleven kinds, and stops the commit that carries one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.secret_scan import OURS, THEIRS, kept, scan
from tests.architecture.source import ROOT

#: One line for each kind, in pieces, so that this file holds none.
SECRETS = {
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "AWS Access Key": "connect('AKIA" + "QYLPMN5HHHFPZAM2')",
    "Secret Keyword": "db_pass" + "word = 'Tr0ub4dor&3'",
    "JSON Web Token": "eyJhbGciOiJSUzI1NiJ9"
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmVkLWJ5LW5vYm9keQ",
    "Basic Auth Credentials": "DATABASE_URL=postgresql://papertape:" + "x7Kq2@db/papertape",
    "GitHub Token": "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "Slack Token": "xoxb-" + "23984754863-2348975623103",
    "google key": "key: AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    "broker key": "KITE_ACCESS_" + "TOKEN=0sGd7fK2mQ9xW4vB",
    "fernet key": "vault: cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4" + "=",
    "nats seed": "SUAM" + "LK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU",
}


def git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    name = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    return subprocess.run(
        ["git", *name, *arguments],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "HOME": str(repository.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_are_eleven_kinds_of_secret() -> None:
    assert len(SECRETS) == len(OURS) + len(THEIRS) == 11


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_of_secret_is_caught_on_its_line(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text(f"# Notes\n\n{SECRETS[kind]}\n")
    assert (str(file), 3, kind) in set(scan([file]))


@pytest.mark.parametrize(
    "line",
    [
        '{"email": "ada@example.com", "password": "correct horse battery staple"}',
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set it in .env}",
        "password = read(folder / 'postgres')",
        "postgresql://papertape@/papertape?host=run",
        "--hash=sha256:" + "5f" * 32,
        "head " + "ab" * 32,
        "account-0199d2c0-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
    ],
)
def test_what_is_no_secret_passes(line: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text(line)
    assert list(scan([file])) == []


def test_the_tree_holds_no_secret() -> None:
    found = [f"{name}:{line}: {kind}" for name, line, kind in scan(kept(ROOT))]
    assert not found, "\n".join(found)


def test_a_commit_that_carries_a_secret_is_refused(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    scanner = repository / "tests" / "architecture" / "secret_scan.py"
    scanner.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "architecture" / "secret_scan.py", scanner)
    shutil.copy(ROOT / ".pre-commit-config.yaml", repository)
    (repository / ".venv").symlink_to(sys.prefix)
    git(repository, "init", "--quiet")
    hooked = subprocess.run(
        [Path(sys.prefix) / "bin" / "prek", "install"],
        cwd=repository,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert hooked.returncode == 0, hooked.stderr

    notes = repository / "notes.md"
    notes.write_text(SECRETS["broker key"])
    git(repository, "add", "notes.md", ".pre-commit-config.yaml")
    refused = git(repository, "commit", "-m", "notes")
    assert refused.returncode != 0
    assert (
        "notes.md:1: broker key: a secret may not be committed" in refused.stdout + refused.stderr
    )
    assert SECRETS["broker key"][-16:] not in refused.stdout + refused.stderr
    assert git(repository, "rev-parse", "--verify", "HEAD").returncode != 0, "nothing is committed"

    notes.write_text("The key is in the vault.")
    git(repository, "add", "notes.md")
    accepted = git(repository, "commit", "-m", "notes")
    assert accepted.returncode == 0, accepted.stderr
