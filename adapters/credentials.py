"""
Credentials: who may sign in as whom.

An e-mail address or a user name is found by a keyed digest and kept sealed under its owner's
own key; neither a dump of the database nor the tape names anybody, and a deleted key is an
erased person.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.keys import derived as derived
from adapters.keys import kept
from adapters.passwords import Passwords
from adapters.people.persons import Persons
from adapters.tokens import Untrusted
from adapters.vault import KeyRing, LocalKeyRing
from domain.errors import Conflict

_ADD = """
INSERT INTO ops.credential (user_id, email_digest, sealed_email, password_hash, username_digest,
                            sealed_username, verified)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_RECOGNISE = """
SELECT user_id, password_hash, on_tape, verified, coalesce(t.enabled, false)
FROM ops.credential LEFT JOIN ops.totp t USING (user_id)
WHERE email_digest = %(digest)s OR username_digest = %(digest)s
"""
_OF = """
SELECT user_id, password_hash, on_tape, verified, coalesce(t.enabled, false)
FROM ops.credential LEFT JOIN ops.totp t USING (user_id) WHERE user_id = %s
"""
_NAMES = """
SELECT key_version, sealed_key, sealed_email, sealed_username, verified,
       coalesce(t.enabled, false), password_hash IS NOT NULL
FROM ops.person JOIN ops.credential USING (user_id) LEFT JOIN ops.totp t USING (user_id)
WHERE user_id = %s
"""
_EMAILS = """
SELECT user_id, key_version, sealed_key, sealed_email
FROM ops.person JOIN ops.credential USING (user_id) WHERE user_id = ANY(%s)
"""
_MOVE = """
UPDATE ops.credential SET email_digest = %s, sealed_email = %s, verified = true,
                          sealed_former_email = %s
 WHERE user_id = %s
"""
_RENAME = """
UPDATE ops.credential SET username_digest = %s, sealed_username = %s WHERE user_id = %s
"""
_VOUCH = "INSERT INTO ops.vouched (issuer, subject_digest, user_id) VALUES (%s, %s, %s)"
_VOUCHED = "SELECT user_id FROM ops.vouched WHERE issuer = %s AND subject_digest = %s"
_TAKEN = {
    "credential_username_digest_key": "USER_USERNAME_TAKEN",
    "vouched_pkey": "USER_EXISTS",
    "vouched_user_id_issuer_key": "USER_EXISTS",
}


class Person(Struct, frozen=True):
    """
    Somebody who may sign in.

    ``on_tape`` says whether the fact of the registration is known to be recorded, ``verified``
    whether they read at their address, ``second_factor`` whether an authenticator is wanted too.
    """

    user_id: UUID
    on_tape: bool
    verified: bool
    second_factor: bool


class Names(Struct, frozen=True):
    """What we know of how a person signs in."""

    email: str
    username: str | None
    verified: bool
    second_factor: bool
    has_password: bool

    def __repr__(self) -> str:
        return "Names()"


class Credentials:
    """Sign-in names and passwords in ``ops``; ``keys`` is the folder of our own secrets."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        keys: Path,
        passwords: Passwords,
        clock: Callable[[], datetime],
        ring: KeyRing | None = None,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self.persons = Persons(pool, ring or LocalKeyRing(keys), clock)
        self.master = kept(keys / "people", lambda: secrets.token_bytes(32))
        self._lookup = derived(self.master, "lookup")

    async def add(
        self,
        user_id: UUID,
        email: str,
        password: bytes | None,
        username: str | None = None,
        *,
        vouched: tuple[str, str] | None = None,
    ) -> None:
        """
        Let this person sign in from now on; Conflict if the address or the name is in use.

        ``vouched`` are issuer and subject of whoever has verified the address already.
        """
        email = _canonical(email)
        password_hash = None if password is None else await self._passwords.hash(password)
        person = await self.persons.make(user_id)
        sealed_email = person.key.seal("email", email.encode())
        name_digest = sealed_name = None
        if username is not None:
            name_digest = self._digest(_canonical(username))
            sealed_name = person.key.seal("username", username.encode())
        digest, verified = self._digest(email), vouched is not None
        try:
            async with self._pool.connection() as db, db.transaction():
                await person.add(db)
                names = (digest, sealed_email, password_hash, name_digest, sealed_name, verified)
                await db.execute(_ADD, (user_id, *names))
                if vouched is not None:
                    await db.execute(_VOUCH, (vouched[0], self._subject(*vouched), user_id))
        except psycopg.errors.UniqueViolation as error:
            raise _taken(error) from None

    async def find(self, name: str) -> UUID | None:
        """Who signed up with this address or under this name."""
        person = await self.look_up(name)
        return person.user_id if person else None

    async def look_up(self, name: str) -> Person | None:
        found = await self._row(_RECOGNISE, {"digest": self._digest(_canonical(name))})
        return Person(found[0], *found[2:]) if found else None

    async def recognise(self, name: str, password: bytes) -> Person:
        """Who signs in with this; Untrusted tells not whether it was the name or the password."""
        digest = self._digest(_canonical(name))
        return await self._proved(await self._row(_RECOGNISE, {"digest": digest}), password)

    async def prove(self, user_id: UUID, password: bytes) -> Person:
        """The person, if this is their password; Untrusted if not."""
        return await self._proved(await self._row(_OF, [user_id]), password)

    async def person(self, user_id: UUID) -> Person | None:
        found = await self._row(_OF, [user_id])
        return Person(found[0], *found[2:]) if found else None

    async def note_on_tape(self, user_id: UUID) -> None:
        await self._set(user_id, "on_tape", True)

    async def note_verified(self, user_id: UUID) -> None:
        await self._set(user_id, "verified", True)

    async def set_password(self, user_id: UUID, password: bytes) -> None:
        await self._set(user_id, "password_hash", await self._passwords.hash(password))

    async def email_of(self, user_id: UUID) -> str | None:
        """The address, or None for a person who was erased."""
        names = await self.names_of(user_id)
        return names.email if names else None

    async def emails_of(self, user_ids: Sequence[UUID]) -> dict[UUID, str]:
        """The addresses of those of them who were not erased."""
        async with self._pool.connection() as db:
            found = await (await db.execute(_EMAILS, (list(user_ids),))).fetchall()
        addresses = {}
        for user_id, version, sealed_key, sealed_email in found:
            key = await self.persons.opened(user_id, version, sealed_key)
            addresses[user_id] = key.open("email", bytes(sealed_email)).decode()
        return addresses

    async def names_of(self, user_id: UUID) -> Names | None:
        """How a person signs in, or None for one who was erased."""
        found = await self._row(_NAMES, [user_id])
        if found is None:
            return None
        version, sealed_key, sealed_email, sealed_name, *rest = found
        key = await self.persons.opened(user_id, version, sealed_key)
        email = key.open("email", bytes(sealed_email)).decode()
        name = sealed_name and key.open("username", bytes(sealed_name)).decode()
        return Names(email, name, *rest)

    async def move(self, user_id: UUID, email: str) -> None:
        """Another address, which the person has proved; Conflict if it is in use."""
        key, former = await self.persons.key_of(user_id), await self.email_of(user_id)
        if key is None or former is None:
            raise Untrusted
        email = _canonical(email)
        sealed, left = key.seal("email", email.encode()), key.seal("email", former.encode())
        await self._change(_MOVE, (self._digest(email), sealed, left, user_id))

    async def rename(self, user_id: UUID, username: str) -> None:
        """Another user name to sign in under; Conflict if it is in use."""
        key = await self.persons.key_of(user_id)
        if key is None:
            raise Untrusted
        sealed = key.seal("username", username.encode())
        await self._change(_RENAME, (self._digest(_canonical(username)), sealed, user_id))

    async def vouch(self, user_id: UUID, issuer: str, subject: str) -> None:
        """Let whoever the issuer calls so sign in as this person."""
        await self._change(_VOUCH, (issuer, self._subject(issuer, subject), user_id))

    async def vouched_for(self, issuer: str, subject: str) -> UUID | None:
        """Who signs in as this subject of that issuer; the address has no say in it."""
        found = await self._row(_VOUCHED, (issuer, self._subject(issuer, subject)))
        return found[0] if found else None

    def demand_room(self) -> None:
        """Raise Unavailable while so many passwords are looked at that another had to wait long."""
        self._passwords.demand_room()

    async def _proved(self, found: Any, password: bytes) -> Person:
        known = found[1] if found else None
        if not await self._passwords.matches(known, password) or found is None or known is None:
            raise Untrusted
        person = Person(found[0], *found[2:])
        if self._passwords.is_outdated(known):
            await self.set_password(person.user_id, password)
        return person

    async def _row(self, query: Any, values: Any) -> Any:
        async with self._pool.connection() as db:
            return await (await db.execute(query, values)).fetchone()

    async def _change(self, query: Any, values: tuple[Any, ...]) -> None:
        """Conflict if that is somebody else's already."""
        try:
            async with self._pool.connection() as db:
                await db.execute(query, values)
        except psycopg.errors.UniqueViolation as error:
            raise _taken(error) from None

    async def _set(self, user_id: UUID, column: str, value: object) -> None:
        column_name = psycopg.sql.Identifier(column)
        update = psycopg.sql.SQL("UPDATE ops.credential SET {} = %s WHERE user_id = %s")
        async with self._pool.connection() as db:
            await db.execute(update.format(column_name), (value, user_id))

    def _digest(self, name: str) -> bytes:
        return hmac.digest(self._lookup, name.encode(), "sha256")

    def _subject(self, issuer: str, subject: str) -> bytes:
        return hmac.digest(self._lookup, f"{issuer}\n{subject}".encode(), "sha256")


def same_name(one: str, other: str) -> bool:
    """Whether two ways to write an address or a name are of one."""
    return _canonical(one) == _canonical(other)


def _canonical(name: str) -> str:
    """An address or a name is one however it is written; what looks alike to Unicode is."""
    return unicodedata.normalize("NFKC", name).casefold()


def _taken(error: psycopg.errors.UniqueViolation) -> Conflict:
    return Conflict(_TAKEN.get(error.diag.constraint_name or "", "USER_EMAIL_TAKEN"))
