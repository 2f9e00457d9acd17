"""The figures of a campaign: who was killed, what was acknowledged, how soon all was back."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import Any

from tests.chaos.history import History


def figures(history: History) -> dict[str, Any]:
    """Seconds, and counts; ``landed`` are unanswered commands that turned out to be done."""
    attempts = [attempt for op in history.ops for attempt in op.attempts]
    unanswered = [op for op in history.ops if op.attempts and op.attempts[0].status is None]
    back: defaultdict[str, list[float]] = defaultdict(list)
    for kill in history.kills:
        if kill.back_after is not None:
            back[kill.target].append(kill.back_after)
    return {
        "kills": len(history.kills),
        "wishes": len(history.ops),
        "acknowledged": len(history.acknowledged),
        "attempts": len(attempts),
        "answers": dict(Counter(str(attempt.status) for attempt in attempts)),
        "unanswered": len(unanswered),
        "landed": sum(op.attempts[-1].replayed for op in unanswered),
        "slowest_s": round(max(a.returned - a.called for a in attempts), 2),
        "catch_up_s": history.catch_up_s and round(history.catch_up_s, 2),
        "back": {
            target: {
                "kills": len(times),
                "p50_s": round(median(times), 2),
                "max_s": round(max(times), 2),
            }
            for target, times in sorted(back.items())
        },
    }
