"""
Idempotency-Key: the same key gets the same answer, for ever.

A key is told apart by who asks and what they ask of which route; another request under it is
refused.  What the edge adds to a command (time, ids, quotes) is not part of the request.
"""

from __future__ import annotations

import re
from hashlib import sha256

import msgspec
from litestar.types import Scope

from api.asgi import header
from api.wire import invalid
from commands.base import Claim

_KEY = re.compile(r"[!-~]{1,255}").fullmatch
_canonical = msgspec.json.Encoder(order="sorted").encode


def claim_of(scope: Scope, actor: str) -> Claim | None:
    """The claim that this request makes on its answer, if it makes one."""
    key = header(scope, b"idempotency-key")
    if key is None:
        return None
    if _KEY(key) is None:
        raise invalid("/Idempotency-Key", "1 to 255 visible ASCII characters", "header")
    of = (actor, str(scope.get("method")), str(scope.get("path_template")), key)
    asked = [scope["path_params"], scope["state"].get("body")]
    return Claim(sha256("\n".join(of).encode()).digest(), sha256(_canonical(asked)).digest())
