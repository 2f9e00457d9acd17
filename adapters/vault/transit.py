"""
Master keys in OpenBao or HashiCorp Vault (the transit engine): they never leave it.

What it has opened is remembered for some minutes, so that a vault that is away for a moment is
not noticed; after that nothing is opened any more until it is back.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import hvac
import requests
from hvac.exceptions import InvalidPath, InvalidRequest, VaultError

from adapters.vault.keyring import CannotOpen
from domain.errors import Unavailable

REMEMBERED_S = 300.0
REMEMBERED_MAX = 4096
TIMEOUT_S = 5

T = TypeVar("T")


class TransitKeyRing:
    """``name`` is the key of the transit engine at ``mount``; it is made when there is none."""

    def __init__(
        self,
        url: str,
        token: str,
        mount: str = "transit",
        name: str = "papertape",
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        session = requests.Session()
        session.trust_env = False  # no proxy and no .netrc of the machine
        self._client = hvac.Client(
            url=url, token=token, timeout=TIMEOUT_S, session=session, allow_redirects=False
        )
        self._at: dict[str, Any] = {"name": name, "mount_point": mount}
        self._now = now
        self._opened: OrderedDict[tuple[bytes, bytes], tuple[float, bytes]] = OrderedDict()

    async def newest(self) -> int:
        return await self._ask(self._newest)

    async def renew(self) -> int:
        def renew() -> int:
            self._newest()
            self._transit.rotate_key(**self._at)
            return self._newest()

        return await self._ask(renew)

    async def wrap(self, key: bytes, bound: bytes) -> tuple[int, bytes]:
        def wrap() -> str:
            self._newest()  # as long as there is no key, there is nothing to seal with
            answer = self._transit.encrypt_data(
                **self._at, plaintext=_text(key), associated_data=_text(bound)
            )
            return str(answer["data"]["ciphertext"])

        sealed = await self._ask(wrap)
        return int(sealed.split(":")[1].removeprefix("v")), sealed.encode()

    async def unwrap(self, version: int, wrapped: bytes, bound: bytes) -> bytes:
        known = self._opened.get((wrapped, bound))
        if known and known[0] > self._now():
            return known[1]
        key = await self._ask(lambda: self._unwrap(wrapped, bound))
        self._opened[wrapped, bound] = (self._now() + REMEMBERED_S, key)
        if len(self._opened) > REMEMBERED_MAX:
            self._opened.popitem(last=False)
        return key

    def _unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        try:
            answer = self._transit.decrypt_data(
                **self._at, ciphertext=wrapped.decode(), associated_data=_text(bound)
            )
        except (InvalidRequest, UnicodeDecodeError):
            raise CannotOpen("the vault does not open it") from None
        return b64decode(answer["data"]["plaintext"])

    @property
    def _transit(self) -> Any:
        return self._client.secrets.transit

    def _newest(self) -> int:
        try:
            answer = self._transit.read_key(**self._at)
        except InvalidPath:
            self._transit.create_key(**self._at, key_type="aes256-gcm96")
            answer = self._transit.read_key(**self._at)
        return int(answer["data"]["latest_version"])

    async def _ask(self, work: Callable[[], T]) -> T:
        """In a thread: its client knows no other way to wait."""
        try:
            return await asyncio.to_thread(work)
        except (VaultError, requests.RequestException):  # says too much of where it is
            raise Unavailable("VAULT_UNAVAILABLE", "try again", retry_after=5) from None


def _text(plain: bytes) -> str:
    return b64encode(plain).decode()
