"""
The public keys of somebody else (RFC 7517), fetched where an operator says they are.

They are kept for an hour.  A key that is not among them is looked for once in a while at most,
so that nobody has us ask for each token they invent; and nobody waits longer than a few seconds,
whatever the other side does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, build_opener

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

KEPT_S = 3600.0
LOOK_AGAIN_S = 5.0
DEADLINE_S = 5.0
BYTES_MAX = 65_536
BITS_MIN = 2048
_CHUNK = 8192


class KeysAway(Exception):
    """The keys could not be had in time, or are no keys."""


class _Published(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Nowhere(HTTPRedirectHandler):
    """Keys are where we were told, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class PublicKeys:
    """RSA keys by id; ``now`` counts seconds from anywhere."""

    def __init__(
        self,
        url: str,
        *,
        deadline_s: float = DEADLINE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._deadline_s = deadline_s
        self._now = now
        self._opener: OpenerDirector = build_opener(ProxyHandler({}), _Nowhere)
        self._keys: dict[str, RSAPublicKey] = {}
        self._good_until = 0.0
        self._look_again_at = 0.0
        self._looking = asyncio.Lock()

    async def of(self, kid: str) -> RSAPublicKey | None:
        """The key of this id, None if there is none; KeysAway if that cannot be told now."""
        key = self._known(kid)
        if key is None:
            async with self._looking:  # one of many who ask at once looks for all
                key = self._known(kid)
                if key is None and self._now() >= self._look_again_at:
                    await self._look()
                    key = self._known(kid)
        if key is None and self._now() >= self._good_until:
            raise KeysAway
        return key

    def _known(self, kid: str) -> RSAPublicKey | None:
        return self._keys.get(kid) if self._now() < self._good_until else None

    async def _look(self) -> None:
        self._look_again_at = self._now() + LOOK_AGAIN_S
        try:
            async with asyncio.timeout(self._deadline_s + 1):
                self._keys = _keys_in(await asyncio.to_thread(self._fetched))
        except (OSError, TimeoutError, ValueError) as error:
            raise KeysAway from error
        self._good_until = self._now() + KEPT_S

    def _fetched(self) -> bytes:
        """All of it within the deadline, however slowly it trickles in."""
        until = time.monotonic() + self._deadline_s
        fetched = b""
        with self._opener.open(self._url, timeout=self._deadline_s) as response:
            if response.status != HTTPStatus.OK:
                raise URLError(f"status {response.status}")
            while chunk := response.read1(_CHUNK):
                fetched += chunk
                if len(fetched) > BYTES_MAX or time.monotonic() > until:
                    raise TimeoutError
        return fetched


def _keys_in(document: bytes) -> dict[str, RSAPublicKey]:
    """The keys that sign with RSA and are long enough; ValueError if it is no set of keys."""
    said = msgspec.json.decode(document, type=_Published)
    keys: dict[str, RSAPublicKey] = {}
    for one in said.keys:
        if one.get("use", "sig") != "sig":
            continue
        try:
            key = PyJWK(one, "RS256").key
        except (PyJWTError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAPublicKey) and key.key_size >= BITS_MIN:
            keys[str(one.get("kid"))] = key
    if not keys:
        raise ValueError("no keys")
    return keys
