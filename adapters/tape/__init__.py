"""The tape: one gapless, append-only, hash-chained log of every fact, and the ways to read it."""

from __future__ import annotations

from adapters.tape.chain import GENESIS, Head, link
from adapters.tape.codec import CODEC, Codec, UnknownFact
from adapters.tape.memory import MemoryTape
from adapters.tape.reader import Reader, Row, facts_of, follow
from adapters.tape.tape import AsyncTape
from adapters.tape.verify import Verdict, verify
from adapters.tape.watch import since, watch

__all__ = [
    "CODEC",
    "GENESIS",
    "AsyncTape",
    "Codec",
    "Head",
    "MemoryTape",
    "Reader",
    "Row",
    "UnknownFact",
    "Verdict",
    "facts_of",
    "follow",
    "link",
    "since",
    "verify",
    "watch",
]
