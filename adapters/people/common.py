"""Common passwords: those that everybody tries first (30,000 of them, from zxcvbn's lists)."""

from __future__ import annotations

from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS

LENGTH_MIN = 8


def is_common(password: bytes, *names: str) -> bool:
    """Whether it would be guessed at once: a common one, or a name of its own owner."""
    word = password.decode(errors="replace").casefold().strip()
    own = {part.casefold() for name in names for part in (name, name.partition("@")[0])}
    return word in _common() or word in own


@cache
def _common() -> frozenset[str]:
    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= LENGTH_MIN)
