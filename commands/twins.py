"""Twins: commands under one idempotency key that arrive while the first is being answered."""

from __future__ import annotations

from collections.abc import Callable

from commands.ask import Ask


class Twins:
    """The first of each key is decided; the others get its answer, or take its place."""

    def __init__(self, begin: Callable[[Ask], None]) -> None:
        self._begin = begin
        self._first: dict[bytes, Ask] = {}

    def wait(self, ask: Ask) -> bool:
        """Whether this one waits for its twin; it begins again should the twin get no answer."""
        if ask.claim is None:
            return False
        key = ask.claim.key
        first = self._first.setdefault(key, ask)
        if first is ask:
            ask.answer.add_done_callback(lambda _: self._first.pop(key, None))
            return False
        first.answer.add_done_callback(lambda _: self._after(ask, first))
        return True

    def _after(self, ask: Ask, first: Ask) -> None:
        if first.answer.cancelled() or first.answer.exception() is not None:
            self._begin(ask)
            return
        answer = first.answer.result()
        assert first.claim is not None, "twins share a key"
        ask.replay(first.claim.fingerprint, answer.facts, answer.position)
