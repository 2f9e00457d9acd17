"""All that is kept of people beside the tape, put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.credentials import Credentials
from adapters.mail.outbox import Writer
from adapters.passwords import Passwords
from adapters.people.authenticators import Authenticators
from adapters.people.codes import Codes
from adapters.people.google import Google
from adapters.settings import Settings
from adapters.vault import Vault, ring_of


class People(Struct, frozen=True):
    """``google`` is there if people may sign in with it."""

    credentials: Credentials
    codes: Codes
    authenticators: Authenticators
    vault: Vault
    writer: Writer
    google: Google | None


def people_of(
    settings: Settings, pool: AsyncConnectionPool[Any], clock: Callable[[], datetime]
) -> People:
    ring = ring_of(settings)
    credentials = Credentials(pool, settings.data / "keys", Passwords(), clock, ring)
    life = timedelta(minutes=settings.otp_expire_minutes)
    codes = Codes(pool, credentials.master, clock, life)
    persons = credentials.persons
    google = settings.google_client_id and Google(
        settings.google_client_id, settings.google_jwks_url
    )
    return People(
        credentials=credentials,
        codes=codes,
        authenticators=Authenticators(pool, persons, credentials.master, clock),
        vault=Vault(pool, ring, clock),
        writer=Writer(settings, persons, codes),
        google=google or None,
    )
