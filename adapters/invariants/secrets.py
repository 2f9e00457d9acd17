"""I-19: what must never stand on a tape in clear, looked for in the text of every fact."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

#: A hashed password, a private key, a signed token; of people also an address.
IN_CLEAR = r"\$argon2|-----BEGIN|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."
ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}"
PEOPLE = "user-%"
_FOUND = """
SELECT position, type FROM es.event
WHERE payload::text ~ %(secret)s OR (stream LIKE %(people)s AND payload::text ~ %(address)s)
ORDER BY position LIMIT 1
"""


def in_clear(db: Connection[Any]) -> str | None:
    """The first fact that tells one, and never what it tells; None when none does."""
    words = {"secret": IN_CLEAR, "people": PEOPLE, "address": ADDRESS}
    found = db.execute(_FOUND, words).fetchone()
    return None if found is None else f"position {found[0]}: something in clear in {found[1]}"
