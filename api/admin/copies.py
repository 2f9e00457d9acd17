"""
Copies of the tape: lines of facts, and a last line by which anybody can tell that none is missing.

The manifest names the number of facts, the first and the last position, and the SHA-256 of every
byte before it; its signature is a JWS whose key is among those at /.well-known/jwks.json.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Literal

import msgspec

from api.wiring import Request
from projections import audit
from projections.audit import AuditedFact, Sought

Form = Literal["ndjson", "csv"]
FORMS = {"ndjson": ("application/x-ndjson", "ndjson"), "csv": ("text/csv", "csv")}
PAGE = 500
_NAMES = AuditedFact.__struct_fields__


async def copy_of(
    request: Request, sought: Sought, named: Mapping[str, str], upto: int, form: Form
) -> AsyncIterator[bytes]:
    """Page by page, so that no connection is held for as long as a slow reader takes."""
    digest, count, first, last = sha256(), 0, 0, 0
    if form == "csv":
        head = _csv(_NAMES)
        digest.update(head)
        yield head
    while facts := await request.read_as(audit.onward, sought, last, PAGE):
        facts = [fact for fact in facts if fact.position <= upto]
        if not facts:
            break
        chunk = b"".join(_line(fact, form) for fact in facts)
        digest.update(chunk)
        first, last, count = first or facts[0].position, facts[-1].position, count + len(facts)
        yield chunk
    manifest = {
        "facts": count,
        "first": first,
        "last": last,
        "upto": upto,
        "sought": dict(named),
        "sha256": digest.hexdigest(),
    }
    signature = request.house.tokens.vouch({**manifest, "by": request.user.actor})
    line = msgspec.json.encode({"manifest": manifest | {"signature": signature}}) + b"\n"
    yield (b"# " if form == "csv" else b"") + line


def _line(fact: AuditedFact, form: Form) -> bytes:
    if form == "ndjson":
        return msgspec.json.encode(fact) + b"\n"
    told = (getattr(fact, name) for name in _NAMES)
    return _csv([_cell(value) for value in told])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case msgspec.Raw():
            return bytes(value).decode()
        case _ if isinstance(value, str):
            return value
        case _:
            return msgspec.json.encode(value).decode().strip('"')


def _csv(cells: tuple[str, ...] | list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()
