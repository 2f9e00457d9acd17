"""What people are asked for at the door: an address, a password."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from adapters.people.common import is_common
from api import wire
from domain.errors import Invalid

PASSWORD_BYTES = range(8, 1025)

Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,253}$(?!\n)",
        description="an e-mail address; capital and small letters are the same",
    ),
]
Password = Annotated[
    str, Meta(min_length=1, max_length=1024, description="8 to 1024 bytes, taken exactly as sent")
]
Username = Annotated[
    str,
    Meta(
        pattern=r"^[\w.-]{3,40}$(?!\n)",
        description="3 to 40 letters, digits, dots, hyphens and underscores",
    ),
]
Code = Annotated[str, Meta(min_length=1, max_length=32)]
Token = Annotated[str, Meta(min_length=1, max_length=128)]


def new_password(password: str, field: str, *names: str) -> bytes:
    """The bytes of a password that may be chosen; raise Invalid naming the field."""
    taken = password.encode()
    if len(taken) not in PASSWORD_BYTES:
        raise wire.invalid(f"/{field}", "8 to 1024 bytes", "body")
    if is_common(taken, *names):
        raise Invalid("PASSWORD_WEAK", field=field, rule="not one that everybody tries first")
    return taken
