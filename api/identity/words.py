"""What people are asked for at the door: an address, a password."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

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
