"""
Planted faults: what an oracle must find, or it proves nothing.

Those of the stores are real: facts, rows and messages are changed in a copy of the database
that the campaign left, and in a copy of the stream.  Those of the answers are changed in a
copy of the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import nats
import psycopg
from msgspec.structs import replace
from nats.js.api import StreamConfig, StreamSource

from adapters.postgres import connect
from adapters.tape import AsyncTape, Reader
from commands.base import Entry
from domain.base import Event
from domain.trading import FundsDeposited, OrderFilled, Posting
from tests.chaos import books, mirrors, promises
from tests.chaos.evidence import Evidence
from tests.chaos.history import HARD, Op
from tests.chaos.oracles import Oracle
from tests.servers import fresh_database

Plant = Callable[[Evidence], AbstractContextManager[Evidence]]
Db = psycopg.Connection[tuple[Any, ...]]

OPEN = "ALTER TABLE es.event DISABLE TRIGGER ALL; ALTER TABLE es.head DISABLE TRIGGER ALL"
SET_BACK = """
DELETE FROM es.event WHERE position >= {0};
UPDATE es.head SET position = {0} - 1, hash = (SELECT hash FROM es.event WHERE position = {0} - 1)
"""
REMOVE = "DELETE FROM es.event WHERE position = {0}"
REWRITE = """
UPDATE es.event SET payload = replace(payload::text, '"cash":"', '"cash":"9')::json
WHERE position = {0}
"""
ENRICH = """
UPDATE rm.wallets SET cash = cash + 0.01
WHERE account_id = (SELECT account_id FROM rm.wallets LIMIT 1)
"""
COPY = "COPY"


# ── in the database ────────────────────────────────────────────────────────────


def _by_sql(statements: str, of: str) -> Plant:
    """``{0}`` is the position of the last acknowledged ``of``."""

    @contextmanager
    def plant(evidence: Evidence) -> Iterator[Evidence]:
        with fresh_database(evidence.database) as copy:
            with psycopg.connect(copy.admin_dsn) as db:
                db.execute(OPEN)
                db.execute(statements.format(_last(evidence, of).position).encode())
            yield evidence.but(database=copy)

    return plant


def _by_append(type_: type[Event], change: Callable[[Any, Evidence], Any]) -> Plant:
    """One more fact, through the tape's own door: like the last of its type, but changed."""

    @contextmanager
    def plant(evidence: Evidence) -> Iterator[Evidence]:
        line = next(line for line in reversed(evidence.tape) if line.type == type_.__name__)
        with fresh_database(evidence.database) as copy:
            with connect(copy.dsn) as db:
                (fact,) = Reader(db).facts(line.position - 1, 1)
            meta = replace(fact.meta, command_id=uuid4())
            version = max(each.version for each in evidence.tape if each.stream == fact.stream)
            entry = Entry(fact.stream, version, (change(fact.event, evidence),), meta)
            asyncio.run(_append(copy.dsn, entry, fact.recorded_at))
            yield evidence.but(database=copy)

    return plant


async def _append(dsn: str, entry: Entry, now: Any) -> None:
    async with AsyncTape(dsn, lambda: now, "a forger") as tape:
        await tape.append([entry])


def the_same(event: Any, _: Evidence) -> Any:
    return event


def unbalanced(event: FundsDeposited, _: Evidence) -> FundsDeposited:
    return replace(event, postings=(Posting("cash", Decimal(1)),))


def telling(event: FundsDeposited, evidence: Evidence) -> FundsDeposited:
    return replace(event, reason=evidence.secrets["address of person 0"].decode())


# ── in JetStream, and in the logs ──────────────────────────────────────────────


@contextmanager
def message_missing(evidence: Evidence) -> Iterator[Evidence]:
    asyncio.run(_copied(evidence, without=_last(evidence, "deposit").position or 0))
    try:
        yield evidence.but(stream=COPY)
    finally:
        asyncio.run(_forgotten(evidence))


async def _copied(evidence: Evidence, without: int) -> None:
    """A mirror keeps the sequence numbers; unlike the stream itself it lets messages be deleted."""
    client = await nats.connect(evidence.nats_url)
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=COPY, mirror=StreamSource(name=evidence.stream)))
    async with asyncio.timeout(60):
        while (await js.stream_info(COPY)).state.messages < len(evidence.tape):
            await asyncio.sleep(0.05)
    assert await js.delete_msg(COPY, without)
    await client.close()


async def _forgotten(evidence: Evidence) -> None:
    client = await nats.connect(evidence.nats_url)
    await client.jetstream().delete_stream(COPY)
    await client.close()


@contextmanager
def password_in_a_log(evidence: Evidence) -> Iterator[Evidence]:
    paper = evidence.papers[0].with_name("forged.log")
    paper.write_bytes(b"login " + evidence.secrets["password of person 0"] + b"\n")
    yield evidence.but(papers=[*evidence.papers, paper])
    paper.unlink()


# ── in the history ─────────────────────────────────────────────────────────────


def _by_memory(change: Callable[[Evidence], None]) -> Plant:
    @contextmanager
    def plant(evidence: Evidence) -> Iterator[Evidence]:
        remembered = evidence.but(history=evidence.history.copy())
        change(remembered)
        yield remembered

    return plant


def answers_exchanged(evidence: Evidence) -> None:
    first, *_, last = evidence.history.acknowledged
    one, other = first.attempts[-1], last.attempts[-1]
    one.position, other.position = other.position, one.position


def refusal_that_was_done(evidence: Evidence) -> None:
    attempt = _last(evidence, "deposit").attempts[-1]
    attempt.status, attempt.position = 409, None


def never_answered(evidence: Evidence) -> None:
    _last(evidence, "deposit").attempts[-1].status = None


def shown_too_old(evidence: Evidence) -> None:
    seen = [op for op in evidence.history.ops if op.kind == "see" and op.asked["status"]]
    seen[-1].answer["status"] = "NEW"


def answered_500(evidence: Evidence) -> None:
    evidence.history.ops[0].attempts[0].status = 500


def hung(evidence: Evidence) -> None:
    attempt = evidence.history.ops[0].attempts[0]
    attempt.called, attempt.returned = attempt.called - 1000, attempt.called - 980


def busy_without_nats(evidence: Evidence) -> None:
    first = min(kill.at for kill in evidence.history.kills if kill.target in HARD)
    attempt = next(
        attempt
        for op in evidence.history.ops
        for attempt in op.attempts
        if op.kind == "place" and attempt.returned < first and not attempt.left
    )
    attempt.status, attempt.retry_after = 503, "1"


def never_back(evidence: Evidence) -> None:
    evidence.history.misfortunes.append("nothing came back")


def _last(evidence: Evidence, kind: str) -> Op:
    return [op for op in evidence.history.acknowledged if op.kind == kind][-1]


PLANTS: dict[str, tuple[Plant, tuple[Oracle, ...]]] = {
    "a tape set back, chain and all": (
        _by_sql(SET_BACK, "deposit"), (promises.nothing_acknowledged_is_lost,)
    ),
    "a fact removed": (
        _by_sql(REMOVE, "deposit"),
        (promises.nothing_acknowledged_is_lost, promises.the_order_is_that_of_time),
    ),
    "a fact rewritten": (
        _by_sql(REWRITE, "deposit"),
        (mirrors.the_chain_verifies, mirrors.jetstream_equals_the_tape, books.the_books_balance),
    ),
    "a row changed": (
        _by_sql(ENRICH, "deposit"), (mirrors.read_models_equal_a_replay, books.the_books_balance)
    ),
    "a deposit done twice": (
        _by_append(FundsDeposited, the_same), (promises.nothing_is_done_twice,)
    ),
    "an execution booked twice": (
        _by_append(OrderFilled, the_same), (promises.nothing_is_done_twice,)
    ),
    "money from nowhere": (_by_append(FundsDeposited, unbalanced), (books.the_books_balance,)),
    "an address on the tape": (_by_append(FundsDeposited, telling), (mirrors.no_secret_is_told,)),
    "a password in a log": (password_in_a_log, (mirrors.no_secret_is_told,)),
    "a message missing": (message_missing, (mirrors.jetstream_equals_the_tape,)),
    "two answers exchanged": (
        _by_memory(answers_exchanged), (promises.the_order_is_that_of_time,)
    ),
    "a refusal that was done": (
        _by_memory(refusal_that_was_done), (promises.nothing_acknowledged_is_lost,)
    ),
    "a wish never answered": (
        _by_memory(never_answered), (promises.nothing_acknowledged_is_lost,)
    ),
    "a query answered too old": (_by_memory(shown_too_old), (promises.what_was_told_is_seen,)),
    "a 500": (_by_memory(answered_500), (promises.every_answer_is_one_a_client_can_use,)),
    "an answer after 20 seconds": (
        _by_memory(hung), (promises.every_answer_is_one_a_client_can_use,)
    ),
    "a command that missed NATS": (
        _by_memory(busy_without_nats), (promises.mirrors_cost_no_command,)
    ),
    "a part that never came back": (_by_memory(never_back), (promises.nothing_is_left_undone,)),
}  # fmt: skip
