"""Common passwords: those that everybody tries first (11,611 from the lists of zxcvbn)."""

from __future__ import annotations

import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path

LENGTH_MIN = 8


def is_common(password: bytes, *names: str) -> bool:
    """Whether it would be guessed at once: a common one, or a name of its own owner."""
    word = password.decode(errors="replace").casefold().strip()
    own = {part.casefold() for name in names for part in (name, name.partition("@")[0])}
    return word in _common() or word in own


@cache
def _common() -> frozenset[str]:
    # The package itself would hold all its lists twice, 18 MB, to weigh what we never ask.
    package = find_spec("zxcvbn")
    assert package is not None, "a dependency of ours"
    file = Path(package.origin or "").with_name("frequency_lists.py")
    passwords = runpy.run_path(str(file))["FREQUENCY_LISTS"]["passwords"]
    return frozenset(word for word in passwords if len(word) >= LENGTH_MIN)
