"""What was promised to the clients: their answers against the tape, and against each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.chaos.evidence import Evidence, Line
from tests.chaos.history import HARD, Op

HANG_S = 12.0
USER = "user:"
#: The last fact of what a client asked for.
LEFT: Mapping[str, tuple[str, ...]] = {
    "open": ("AccountOpened",),
    "place": ("OrderAccepted",),
    "cancel": ("OrderCanceled",),
    "replace": ("OrderReplaced", "OrderCanceled"),
    "deposit": ("FundsDeposited",),
    "withdraw": ("FundsWithdrawn",),
}


def nothing_acknowledged_is_lost(evidence: Evidence) -> Iterator[str]:
    """O1: an answer is on the tape where it says, saying the same; what was refused is not."""
    recorded = {line.correlation_id for line in evidence.tape if line.actor.startswith(USER)}
    for op in evidence.history.ops:
        if op.kind in {"see", "login"}:
            continue
        if op.settled is None:
            yield f"{op.kind} {op.op_id} was never settled"
        elif op.position is None:
            if op.op_id in recorded:
                yield f"{op.kind} {op.op_id} was answered {op.settled.status}, yet it was done"
        elif (wrong := _differs(op, evidence.at)) is not None:
            yield f"{op.kind} {op.op_id}, acknowledged at {op.position}: {wrong}"


def _differs(op: Op, at: Mapping[int, Line]) -> str | None:
    assert op.position is not None
    line = at.get(op.position)
    if line is None:
        return "the tape has no such position"
    if line.correlation_id != op.op_id:
        return f"another's {line.type} stands there"
    refused = "code" in op.answer
    if line.type not in (("OrderRejected",) if refused else LEFT[op.kind]):
        return f"a {line.type} stands there"
    payload = line.payload
    if op.kind == "place" and not refused:
        before = at.get(op.position - 1)
        if before is None or before.type != "OrderPlaced" or before.command_id != line.command_id:
            return "no OrderPlaced stands before it"
        payload = before.payload
    different = [
        f"{name} is {payload.get(name)}, not {value}"
        for name, value in _expected(op).items()
        if payload.get(name) != value
    ]
    return ", ".join(different) or None


def _expected(op: Op) -> dict[str, Any]:
    """What the fact must say for the answer, and the wish behind it, to be true."""
    asked, answer = op.asked, op.answer
    match op.kind:
        case "place":
            return {
                "order_id": answer["order_id"],
                "account_id": asked["account_id"],
                "client_order_id": asked.get("client_order_id"),
            }
        case "cancel" | "replace":
            return {"order_id": asked["order_id"]}
        case "open":
            return {"account_id": answer["account_id"]}
        case _:
            return {"account_id": asked["account_id"], "amount": f"{Decimal(asked['amount']):f}"}


def nothing_is_done_twice(evidence: Evidence) -> Iterator[str]:
    """O2: no order, execution or client's id twice, and one command for each key."""
    seen: Counter[tuple[str, str]] = Counter()
    commands: defaultdict[str, set[str]] = defaultdict(set)
    for line in evidence.tape:
        payload = line.payload
        match line.type:
            case "OrderPlaced":
                seen["order", payload["order_id"]] += 1
                if (name := payload.get("client_order_id")) is not None:
                    seen["client order id", f"{payload['account_id']} {name}"] += 1
            case "OrderRejected":
                seen["order", payload["order_id"]] += 1
            case "OrderFilled":
                seen["execution", payload["exec_id"]] += 1
            case "AccountOpened":
                seen["account", payload["account_id"]] += 1
        if line.actor.startswith(USER):
            commands[str(line.correlation_id)].add(str(line.command_id))
    for (what, name), count in seen.items():
        if count > 1:
            yield f"{what} {name} stands {count} times on the tape"
    for key, done in commands.items():
        if len(done) > 1:
            yield f"what was asked as {key} was done {len(done)} times"


def the_order_is_that_of_time(evidence: Evidence) -> Iterator[str]:
    """O3: positions and versions without gaps, and what was answered first stands first."""
    versions: dict[str, int] = defaultdict(int)
    for nth, line in enumerate(evidence.tape, 1):
        if line.position != nth:
            yield f"position {nth} is missing: {line.position} follows"
            break
    for line in evidence.tape:
        if line.version != versions[line.stream] + 1:
            yield f"version {line.version} of {line.stream} follows {versions[line.stream]}"
        versions[line.stream] = line.version
    for before, after in pairwise(evidence.tape):
        if after.recorded_at < before.recorded_at:
            yield f"position {after.position} was recorded before the one that it follows"
    earliest, by = float("inf"), 0  # answer among those that stand behind
    for op in reversed(evidence.history.acknowledged):
        settled, position = op.settled, op.position
        assert settled is not None
        assert position is not None
        if op.called > earliest:
            yield f"position {position} was asked for after {by} had been answered"
        if settled.returned < earliest:
            earliest, by = settled.returned, position


def what_was_told_is_seen(evidence: Evidence) -> Iterator[str]:
    """A query that names a position shows at least that, or says 503; never something older."""
    for op in evidence.history.ops:
        settled = op.settled
        if op.kind != "see" or settled is None:
            continue
        wanted = op.asked["status"]
        shown = op.answer.get("status")
        if settled.status != 200:
            yield f"order {op.asked['order_id']} of {op.asked['position']}: {settled.status}"
        elif wanted not in {None, shown}:
            yield f"order {op.asked['order_id']} is {wanted} at {op.asked['position']}, not {shown}"


def every_answer_is_one_a_client_can_use(evidence: Evidence) -> Iterator[str]:
    """Done, refused by the catalogue, or 503 with Retry-After; in time, and never a 500."""
    restarts = [
        (kill.at, kill.at + (kill.back_after or 0.0))
        for kill in evidence.history.kills
        if kill.target in {"service", "serve"}
    ]
    for op in evidence.history.ops:
        for attempt in op.attempts:
            said = f"{op.kind} {op.op_id}: {attempt.status} {attempt.problem[:200]}"
            if attempt.status not in {None, 200, 201, 409, 503}:
                yield said
            if attempt.status == 503 and not attempt.retry_after:
                yield f"{said} without Retry-After"
            # While nobody stands behind the door yet, a request may wait in front of it.
            waited = any(attempt.called < end and attempt.returned > at for at, end in restarts)
            if attempt.returned - attempt.called > HANG_S and not waited:
                yield f"{said} after {attempt.returned - attempt.called:.1f} s"


def mirrors_cost_no_command(evidence: Evidence) -> Iterator[str]:
    """Before anybody else was killed, no command missed NATS, the relay or the projector."""
    first = min((k.at for k in evidence.history.kills if k.target in HARD), default=float("inf"))
    for op in evidence.history.ops:
        for attempt in op.attempts:
            missed = attempt.status in {None, 503} and not attempt.left and op.kind != "see"
            if missed and attempt.returned < first:
                yield f"{op.kind} {op.op_id}: {attempt.status} {attempt.problem[:200]}"


def nothing_is_left_undone(evidence: Evidence) -> Iterator[str]:
    """Whoever was killed came back, and nobody ended who was not killed."""
    yield from evidence.history.misfortunes
