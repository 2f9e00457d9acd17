"""
Master keys: what every other key is sealed under.

The newest seals, all of them open.  To take a new one into use is to make it; rotation then
seals anew whatever an older one has sealed, and after that the older one can be thrown away.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.keys import derived, kept

KEY_BYTES = 32
_NONCE_BYTES = 12


class CannotOpen(Exception):
    """The seal is broken, belongs to somebody else, or its master key is gone."""


class KeyRing(Protocol):
    """``bound`` is whom and what a key is for: under another name it does not open."""

    async def newest(self) -> int:
        """The version that seals."""
        ...

    async def renew(self) -> int:
        """Make another master key, which seals from now on."""
        ...

    async def wrap(self, key: bytes, bound: bytes) -> tuple[int, bytes]:
        """The version it was sealed under, and the sealed key."""
        ...

    async def unwrap(self, version: int, wrapped: bytes, bound: bytes) -> bytes:
        """The key; CannotOpen, or Unavailable while the vault is away."""
        ...


class LocalKeyRing:
    """
    Master keys as files ``vault-N`` (0600) in the folder of our own secrets.

    Looked for each time one is needed, so that a rotation by another process is noticed.
    """

    def __init__(self, keys: Path) -> None:
        self._keys = keys

    async def newest(self) -> int:
        return max(self._versions(), default=None) or self._make(1)

    async def renew(self) -> int:
        return self._make(await self.newest() + 1)

    async def wrap(self, key: bytes, bound: bytes) -> tuple[int, bytes]:
        version = await self.newest()
        return version, seal(self._master(version), key, _of(version, bound))

    async def unwrap(self, version: int, wrapped: bytes, bound: bytes) -> bytes:
        return unseal(self._master(version), wrapped, _of(version, bound))

    def _versions(self) -> list[int]:
        names = (file.name.removeprefix("vault-") for file in self._keys.glob("vault-*"))
        return [int(name) for name in names if name.isascii() and name.isdecimal()]

    def _make(self, version: int) -> int:
        kept(self._file(version), lambda: secrets.token_bytes(KEY_BYTES))
        return version

    def _master(self, version: int) -> bytes:
        if version == 0:  # before there was a vault
            return derived((self._keys / "people").read_bytes(), "wrapping")
        try:
            return self._file(version).read_bytes()
        except FileNotFoundError:
            raise CannotOpen(f"master key {version} is gone") from None

    def _file(self, version: int) -> Path:
        return self._keys / f"vault-{version}"


def seal(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """AES-256-GCM under a nonce of its own, which stands before it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def unseal(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What ``seal`` was given; CannotOpen if anything of it is another."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise CannotOpen("the seal is broken, or somebody else's") from None


def _of(version: int, bound: bytes) -> bytes:
    return bound if version == 0 else version.to_bytes(4) + bound
