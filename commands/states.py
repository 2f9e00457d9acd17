"""What dispatch remembers of the streams it decided on last, so that a decision reads nothing."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commands.ask import Batch


class Remembered:
    """
    The newest state of a stream, committed or about to be.

    ``pending`` counts entries not yet committed, the last of them in ``batch``.
    """

    __slots__ = ("batch", "pending", "state", "version")

    def __init__(self, version: int, state: Any) -> None:
        self.version = version
        self.state = state
        self.pending = 0
        self.batch: Batch | None = None

    def committed(self) -> None:
        """One entry less is pending; what is not pending keeps nothing of its batch alive."""
        self.pending -= 1
        if not self.pending:
            self.batch = None


class States(OrderedDict[str, Remembered]):
    """By stream, least recently used first; one with pending entries is never let go."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def newest(self, stream: str) -> Remembered:
        self.move_to_end(stream)
        return self[stream]

    def remember(self, stream: str, remembered: Remembered) -> None:
        self[stream] = remembered
        for _ in range(len(self)):
            if len(self) <= self._most:
                return
            oldest, kept = self.popitem(last=False)
            if kept.pending or oldest == stream:
                self[oldest] = kept
