"""A refusal that goes on record, in the words of the rejection catalogue."""

from __future__ import annotations

from msgspec import Struct

from domain.trading.risk import Hold, TradingState


class Refusal(Struct, frozen=True):
    """A code of the rejection catalogue, a sentence, and the numbers behind it."""

    code: str
    detail: str
    context: dict[str, str]


def refused_by(scope: str, hold: Hold) -> Refusal:
    halted = hold.state is TradingState.HALTED
    context = {"scope": scope, "reason": hold.reason, "by": str(hold.party)}
    if hold.until is not None:
        context["until"] = hold.until.isoformat()
    code = "TRADING_HALTED" if halted else "TRADING_REDUCING_ONLY"
    return Refusal(code, "trading is halted" if halted else "only closing is allowed", context)
