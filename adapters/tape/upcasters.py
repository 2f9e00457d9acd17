"""
Old shapes of facts, and what each means today.

A stored fact keeps the shape it was written in.  The upcaster of ``(type, schema_version)``
takes the payload as plain JSON values and returns what is to be read instead: one fact or
several, never none, each as ``(type, schema_version, payload)``.  Upcasters chain until every
piece has a shape that ``domain.EVENTS`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Sequence[tuple[str, int, Payload]]]
Upcasters = Mapping[tuple[str, int], Upcaster]

#: Empty as long as every fact still has its first shape.
UPCASTERS: Upcasters = {}
