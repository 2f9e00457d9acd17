"""
The secret scanner: eleven kinds of secret that no commit may carry.

It drives detect-secrets with seven of its detectors and four of ours.  Run as a program it
scans the files it is given, or every file that git would keep; what it finds it names by place
and kind, never by value, and it exits with 1.

A line that only looks like a secret ends in ``# pragma: allowlist secret`` with its reason.
A made-up password needs no mark if it reads like one: two or more plain lower-case words.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.filters.heuristic import is_indirect_reference
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.plugins.keyword import KeywordDetector
from detect_secrets.settings import transient_settings


class GoogleKeyDetector(RegexBasedDetector):
    secret_type = "google key"
    denylist = (
        re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
        re.compile(r"\bGOCSPX-[0-9A-Za-z_-]{28}(?![0-9A-Za-z_-])"),
    )


class BrokerKeyDetector(RegexBasedDetector):
    """Keys of brokers: by name, and Kraken's private key by shape (64 bytes in base64)."""

    secret_type = "broker key"
    denylist = (
        re.compile(
            r"(?i)(?:kite|zerodha|upstox|groww|kraken)\w*(?:key|secret|token|totp)\w*"
            r"""["']?\s*[:=]\s*["']?([A-Za-z0-9+/_-]{10,}={0,2})"""
        ),
        re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),
    )


class FernetKeyDetector(RegexBasedDetector):
    """32 bytes in URL-safe base64, as Fernet and our vault write their keys."""

    secret_type = "fernet key"
    denylist = (re.compile(r"(?<![\w+/=-])[\w-]{43}=(?![\w+/=-])", re.ASCII),)


class NatsSeedDetector(RegexBasedDetector):
    """The private half of an nkey: S, the kind of its owner, 56 characters of base32."""

    secret_type = "nats seed"
    denylist = (re.compile(r"\bS[ACNOUX][A-Z2-7]{56}\b"),)


def is_made_up(secret: str) -> bool:
    return re.fullmatch(r"[a-z]+(?:[ -][a-z]+)+", secret) is not None


def is_call(secret: str, line: str, plugin: BasePlugin) -> bool:
    """A name that is given the answer of a call holds no secret, whatever the name."""
    return isinstance(plugin, KeywordDetector) and bool(is_indirect_reference(line))


OURS = (GoogleKeyDetector, BrokerKeyDetector, FernetKeyDetector, NatsSeedDetector)
THEIRS = (
    {"name": "PrivateKeyDetector"},
    {"name": "AWSKeyDetector"},
    # An API key, password or secret that is written out; how to encrypt one is none.
    {"name": "KeywordDetector", "keyword_exclude": "password_encryption"},
    {"name": "JwtTokenDetector"},
    {"name": "BasicAuthDetector"},  # a URL with a password: of Postgres, NATS and others
    {"name": "GitHubTokenDetector"},
    {"name": "SlackDetector"},
)
_HERE = Path(__file__).resolve().as_uri()
_SETTINGS = {
    "plugins_used": [
        *THEIRS,
        *({"name": detector.__name__, "path": _HERE} for detector in OURS),
    ],
    # Chosen one by one: the usual ones hide what is written inside a call, and every UUID.
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
        {"path": "detect_secrets.filters.heuristic.is_prefixed_with_dollar_sign"},
        {"path": "detect_secrets.filters.heuristic.is_not_alphanumeric_string"},
        {"path": f"{_HERE}::is_made_up"},
        {"path": f"{_HERE}::is_call"},
    ],
}


def scan(paths: Iterable[Path]) -> Iterator[tuple[str, int, str]]:
    """Each place that holds a secret: its file, its line and the kind of secret."""
    found = SecretsCollection()
    with transient_settings(_SETTINGS):
        for path in paths:
            found.scan_file(str(path))
    for name, secret in found:
        yield name, secret.line_number, secret.type


def kept(root: Path) -> list[Path]:
    """The files below ``root`` that git keeps, or would keep."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    files = {root / name for name in listing.stdout.split("\0") if name}
    return sorted(path for path in files if path.is_file())


def main(names: list[str]) -> int:
    found = sorted(scan([Path(name) for name in names] or kept(Path())))
    for name, line, kind in found:
        print(f"{name}:{line}: {kind}: a secret may not be committed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
