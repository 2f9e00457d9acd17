"""
The post: letters go out over SMTP, at least once, each time under the same Message-ID.

A letter is leased before it is sent, so that several may be at work; one that fails comes back
later and later, until it is not worth sending any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import aiosmtplib
import psycopg
import structlog
from psycopg import AsyncConnection

from adapters.mail.outbox import Writer
from adapters.mail.words import Letter
from adapters.postgres import connect_async
from adapters.settings import Settings
from domain.errors import Unavailable

TIMEOUT_S = 20
LEASE = timedelta(seconds=60)
POLL_S = 0.5
_BACKOFF_MAX = timedelta(hours=1)

_LEASE = """
UPDATE ops.letter SET due_at = %(until)s, attempts = attempts + 1
 WHERE position = (SELECT position FROM ops.letter
                    WHERE sent_at IS NULL AND NOT given_up AND due_at <= %(now)s
                    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING position, attempts, expires_at
"""
_SENT = "UPDATE ops.letter SET sent_at = %s WHERE position = %s"
_LATER = "UPDATE ops.letter SET due_at = %s WHERE position = %s"
_GIVE_UP = "UPDATE ops.letter SET given_up = true WHERE position = %s"

_log = structlog.get_logger("mail")

Db = AsyncConnection[Any]


class NoAddress(Exception):
    """What somebody signed up with is no address that a letter could go to."""


class Post:
    """Sends what is in the outbox."""

    def __init__(self, settings: Settings, writer: Writer, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._writer = writer
        self._clock = clock

    async def run(self, dsn: str) -> None:
        """Send until cancelled.  A lost Postgres or mail server only delays it."""
        while True:
            try:
                async with await connect_async(dsn) as db:
                    while True:
                        if not await self.step(db):
                            await asyncio.sleep(POLL_S)
            except psycopg.Error as error:
                _log.warning("the post waits", reason=type(error).__name__)
                await asyncio.sleep(POLL_S)

    async def step(self, db: Db) -> bool:
        """Try to send one letter; False if none is due."""
        now = self._clock()
        leased = await db.execute(_LEASE, {"now": now, "until": now + LEASE})
        row = await leased.fetchone()
        if row is None:
            return False
        position, attempts, expires_at = row
        if expires_at <= now:
            await db.execute(_GIVE_UP, [position])
            return True
        try:
            letter = await self._writer.one(db, position)
            if letter is not None:
                await self._send(letter)
        except (aiosmtplib.SMTPException, OSError, Unavailable, NoAddress) as error:
            await self._failed(db, position, attempts, error)
        else:
            await db.execute(_SENT, (self._clock(), position))
        return True

    async def _failed(self, db: Db, position: int, attempts: int, error: Exception) -> None:
        """The words of a mail server may name the person, so that only its code is noted."""
        code = getattr(error, "code", None)
        _log.warning("a letter was not sent", position=position, reason=type(error).__name__,
                     smtp_code=code, attempts=attempts)  # fmt: skip
        if _is_final(error):
            await db.execute(_GIVE_UP, [position])
            return
        pause = min(timedelta(seconds=2**attempts), _BACKOFF_MAX)
        await db.execute(_LATER, (self._clock() + pause, position))

    async def _send(self, letter: Letter) -> None:
        settings = self._settings
        await aiosmtplib.send(
            self._message(letter),
            sender=settings.mail_from,
            recipients=[letter.to],  # whatever else a header could be read as
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=TIMEOUT_S,
        )

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["Message-ID"] = letter.message_id
        message["From"] = f"Papertape <{self._settings.mail_from}>"
        message["To"] = _address(letter.to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._clock())
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        return message


def _address(text: str) -> Address:
    """NoAddress for what is one to nobody, or several."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, MessageError):
        raise NoAddress from None
    if address.addr_spec != text:
        raise NoAddress
    return address


def _is_final(error: Exception) -> bool:
    """There is nobody of that address."""
    if isinstance(error, NoAddress):
        return True
    return isinstance(error, aiosmtplib.SMTPRecipientsRefused) and all(
        one.code >= 500 for one in error.recipients
    )
