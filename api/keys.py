"""``papertape keys``: which keys sign access tokens, and the change of them while all goes on."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from adapters import signing
from adapters.settings import Settings
from adapters.tokens import LEEWAY_S


def run(settings: Settings, asked: Namespace) -> int:
    """A running service follows within a second; nobody is signed out by it."""
    keys, now = settings.data / "keys", time.time()
    life_s = settings.access_token_expire_minutes * 60 + LEEWAY_S
    try:
        match asked.act:
            case "rotate":
                signing.rotate(keys, now, life_s)
            case "revoke":
                signing.revoke(keys, asked.kid or "", now, life_s)
            case _:
                pass
    except signing.UnknownKey as unknown:
        print(f"papertape: no key {unknown}", file=sys.stderr)
        return 1
    _show(keys, now, life_s)
    return 0


def _show(keys: Path, now: float, life_s: float) -> None:
    for key in signing.trusted(keys, now, life_s):
        until = "signs"
        if key.trusted_until is not None:
            end = datetime.fromtimestamp(key.trusted_until, UTC)
            until = f"trusted until {end:%Y-%m-%dT%H:%M:%SZ}"
        print(f"{key.kid}  {until}")
