"""
Credentials: who may sign in as whom.

An e-mail address is found by a keyed digest and kept sealed under its owner's own key; neither
a dump of the database nor the tape names anybody, and a deleted key is an erased person.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.keys import kept
from adapters.passwords import Passwords
from adapters.tokens import Untrusted
from domain.errors import Conflict

_NONCE_BYTES = 12
_ADD_PERSON = "INSERT INTO ops.person (user_id, sealed_key, since) VALUES (%s, %s, %s)"
_ADD_CREDENTIAL = """
INSERT INTO ops.credential (user_id, email_digest, sealed_email, password_hash)
VALUES (%s, %s, %s, %s)
"""
_FIND = "SELECT user_id, password_hash, on_tape FROM ops.credential WHERE email_digest = %s"
_EMAIL = """
SELECT sealed_key, sealed_email FROM ops.person JOIN ops.credential USING (user_id)
WHERE user_id = %s
"""
_EMAILS = """
SELECT user_id, sealed_key, sealed_email FROM ops.person JOIN ops.credential USING (user_id)
WHERE user_id = ANY(%s)
"""


class Person(Struct, frozen=True):
    """``on_tape`` says whether the fact of the registration is known to be recorded."""

    user_id: UUID
    on_tape: bool


class Credentials:
    """Sign-in names and passwords in ``ops``; ``keys`` is the folder of our own secrets."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        keys: Path,
        passwords: Passwords,
        clock: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._clock = clock
        master = kept(keys / "people", lambda: secrets.token_bytes(32))
        self._lookup = derived(master, "lookup")
        self._wrapping = AESGCM(derived(master, "wrapping"))

    async def add(self, user_id: UUID, email: str, password: bytes) -> None:
        """Let this person sign in from now on; Conflict if the address is in use."""
        email = _canonical(email)
        password_hash = await self._passwords.hash(password)
        key = AESGCM.generate_key(256)
        sealed_key = _seal(self._wrapping, key, user_id, "key")
        sealed_email = _seal(AESGCM(key), email.encode(), user_id, "email")
        digest = self._digest(email)
        try:
            async with self._pool.connection() as db, db.transaction():
                await db.execute(_ADD_PERSON, (user_id, sealed_key, self._clock()))
                await db.execute(_ADD_CREDENTIAL, (user_id, digest, sealed_email, password_hash))
        except psycopg.errors.UniqueViolation:
            raise Conflict("USER_EMAIL_TAKEN") from None

    async def find(self, email: str) -> UUID | None:
        """Who signed up with this address."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_FIND, (self._digest(_canonical(email)),))).fetchone()
        return found[0] if found else None

    async def recognise(self, email: str, password: bytes) -> Person:
        """Who signs in with this; Untrusted tells not whether it was the name or the password."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_FIND, (self._digest(_canonical(email)),))).fetchone()
        known = found[1] if found else None
        if not await self._passwords.matches(known, password) or found is None:
            raise Untrusted
        user_id, known, on_tape = found
        if self._passwords.is_outdated(known):
            await self._set(user_id, "password_hash", await self._passwords.hash(password))
        return Person(user_id, on_tape)

    async def note_on_tape(self, user_id: UUID) -> None:
        await self._set(user_id, "on_tape", True)

    async def email_of(self, user_id: UUID) -> str | None:
        """The address, or None for a person who was erased."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_EMAIL, (user_id,))).fetchone()
        return None if found is None else self._unsealed(user_id, *found)

    async def emails_of(self, user_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The addresses of those of them who were not erased."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_EMAILS, (list(user_ids),))).fetchall()
        return {user_id: self._unsealed(user_id, key, email) for user_id, key, email in found}

    async def set_password(self, user_id: UUID, password: bytes) -> None:
        await self._set(user_id, "password_hash", await self._passwords.hash(password))

    def _unsealed(self, user_id: UUID, sealed_key: bytes, sealed_email: bytes) -> str:
        key = _open(self._wrapping, bytes(sealed_key), user_id, "key")
        return _open(AESGCM(key), bytes(sealed_email), user_id, "email").decode()

    async def _set(self, user_id: UUID, column: str, value: object) -> None:
        column_name = psycopg.sql.Identifier(column)
        update = psycopg.sql.SQL("UPDATE ops.credential SET {} = %s WHERE user_id = %s")
        async with self._pool.connection() as db:
            await db.execute(update.format(column_name), (value, user_id))

    def _digest(self, email: str) -> bytes:
        return hmac.digest(self._lookup, email.encode(), "sha256")


def derived(master: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which no other and not the master can be told."""
    return hmac.digest(master, f"papertape {purpose}".encode(), "sha256")


def _canonical(email: str) -> str:
    return email.casefold()


def _seal(cipher: AESGCM, plain: bytes, user_id: UUID, what: str) -> bytes:
    """Bound to its owner and its place: a row that is copied elsewhere does not open."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, user_id.bytes + what.encode())


def _open(cipher: AESGCM, sealed: bytes, user_id: UUID, what: str) -> bytes:
    bound = user_id.bytes + what.encode()
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
