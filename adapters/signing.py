"""
Signing keys: RSA of 3072 bits, each a file that says since when it signs.

``access-N.pem`` was made at N seconds since 1970 (the first one is ``access-1.pem``); the newest
signs.  One that was followed stays trusted until the last token it signed has ended; to take
away its file is to distrust it at once.  Nobody is signed out by either: who stays signed in
does so by a refresh token, which these keys did not sign.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode
from msgspec import Struct

from adapters.keys import kept

BITS = 3072


class WeakKey(Exception):
    """A signing key has fewer than 3072 bits."""


class UnknownKey(Exception):
    """No key has this id."""


class SigningKey(Struct, frozen=True):
    """``trusted_until`` is None for the key that signs; seconds since 1970 for one before it."""

    kid: str
    private: RSAPrivateKey
    file: Path
    trusted_until: float | None


def trusted(keys: Path, now: float, life_s: float) -> list[SigningKey]:
    """
    Every key whose tokens may still be good, the one that signs last; a first one is made.

    ``life_s`` is the longest that a token may live, with the leeway for clocks.
    """
    files = sorted(keys.glob("access-*.pem"), key=_since)
    if not files:
        kept(keys / "access-1.pem", _make)
        files = [keys / "access-1.pem"]
    ends = [*(_since(follower) + life_s for follower in files[1:]), None]
    return [
        _read(file, end) for file, end in zip(files, ends, strict=True) if end is None or end > now
    ]


def rotate(keys: Path, now: float, life_s: float) -> str:
    """Make the key that signs from now on, remove those that nobody needs; the new key's id."""
    needed = {key.file for key in trusted(keys, now, life_s)}
    for file in set(keys.glob("access-*.pem")) - needed:
        file.unlink()
    newest = max(_since(file) for file in needed)
    file = keys / f"access-{max(int(now), newest + 1)}.pem"
    kept(file, _make)
    return _read(file, None).kid


def revoke(keys: Path, kid: str, now: float, life_s: float) -> None:
    """Distrust a key at once; if it is the one that signs, another follows first."""
    known = trusted(keys, now, life_s)
    lost = next((key for key in known if key.kid == kid), None)
    if lost is None:
        raise UnknownKey(kid)
    if lost is known[-1]:
        rotate(keys, now, life_s)
    lost.file.unlink()


def changes(keys: Path) -> Callable[[], bool]:
    """Whether files came or went since this was asked last."""
    before = -1

    def changed() -> bool:
        nonlocal before
        before, last = keys.stat().st_mtime_ns if keys.exists() else 0, before
        return before != last

    return changed


def public(key: SigningKey) -> dict[str, Any]:
    """As a member of a JWK set (RFC 7517)."""
    numbers = RSAAlgorithm.to_jwk(key.private.public_key(), as_dict=True)
    members = {name: numbers[name] for name in ("kty", "n", "e")}
    return {"use": "sig", "alg": "RS256", "kid": key.kid, **members}


def _since(file: Path) -> int:
    digits = file.stem.removeprefix("access-")
    return int(digits) if digits.isdigit() else 0


def _read(file: Path, trusted_until: float | None) -> SigningKey:
    private = cast(
        RSAPrivateKey, serialization.load_pem_private_key(file.read_bytes(), password=None)
    )
    if private.key_size < BITS:
        raise WeakKey(f"{file.name} has {private.key_size} bits, {BITS} are needed")
    return SigningKey(_thumbprint(private.public_key()), private, file, trusted_until)


def _make() -> bytes:
    return generate_private_key(public_exponent=65537, key_size=BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _thumbprint(key: RSAPublicKey) -> str:
    """RFC 7638."""
    numbers = RSAAlgorithm.to_jwk(key, as_dict=True)
    members = {name: numbers[name] for name in ("e", "kty", "n")}
    return base64url_encode(sha256(msgspec.json.encode(members, order="sorted")).digest()).decode()
