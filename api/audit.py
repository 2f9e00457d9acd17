"""
What an auditor asks on the command line: is the tape whole, and what was true back then?

Each answer is folded from the tape itself, by the fold that decides.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection
from rich.console import Console
from rich.progress import Progress

from adapters import invariants, postgres, projector, servers, tape
from adapters.settings import Settings
from api import terminal
from domain.base import fold
from domain.trading import Account, Statement, statement
from projections import READ_MODELS
from projections.query import NEWEST


def verify(settings: Settings, asked: Namespace) -> int:
    """0 when every position, version and hash is right, else 1 and the first that is not."""
    with _connection(settings) as db:
        verdict = tape.verify(db)
    print(verdict)
    return 0 if verdict.sound else 1


def replay(settings: Settings, asked: Namespace) -> int:
    try:
        account_id, upto = _account(asked.account), moment(asked.at)
    except ValueError as error:
        print(f"papertape: {error}", file=sys.stderr)
        return 2
    with _connection(settings) as db:
        facts = list(tape.Reader(db).stream(f"account-{account_id}", upto))
    if not facts:
        print("papertape: ACCOUNT_UNKNOWN: no such account at that moment", file=sys.stderr)
        return 1
    shown = statement(fold(Account(), (fact.event for fact in facts)))
    if asked.json:
        position, at = facts[-1].position, facts[-1].recorded_at
        document = {"account_id": account_id, "position": position, "recorded_at": at}
        print(msgspec.json.encode(document | msgspec.to_builtins(shown)).decode())
    else:
        show(shown, f"account {account_id} as of position {facts[-1].position}")
    return 0


def rebuild(settings: Settings, asked: Namespace) -> int:
    names = list(READ_MODELS)
    if asked.name != "all" and asked.name not in names:
        print(f"papertape: NAME must be all or one of {', '.join(names)}", file=sys.stderr)
        return 2
    wanted = names if asked.name == "all" else [asked.name]
    with servers.database(settings) as database, Progress() as bar:
        task = bar.add_task(f"rebuild {asked.name}", total=None)
        projector.rebuild(
            database.dsn,
            wanted,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    return 0


def check(settings: Settings, asked: Namespace) -> int:
    """
    0 when every invariant holds, else 1 and what breaks it: one line for each.

    Beside those of the accounts: I-16, every read model equals a fresh replay, I-19, nothing
    secret is on the tape in clear, and I-20, the hash chain verifies.
    """
    with servers.database(settings) as database:
        with postgres.connect(database.dsn) as db:
            found, looked_at = invariants.audit(db)
            chain = tape.verify(db)
            clear = invariants.in_clear(db)
        findings = projector.check_against_replay(database.dsn)
    found.append(_replayed(findings))
    says = "no password, key, token or address of a person is on the tape in clear"
    found.append(invariants.Invariant("I-19", says, clear))
    broken = None if chain.sound else str(chain)
    found.append(invariants.Invariant("I-20", "the hash chain verifies", broken))
    for each in sorted(found, key=lambda each: each.number):
        print(each)
    wrong = sum(each.broken is not None for each in found)
    print(
        f"{looked_at} facts of accounts: {f'{wrong} invariants broken' if wrong else 'all clean'}"
    )
    return 1 if wrong else 0


def _replayed(findings: list[projector.Finding]) -> invariants.Invariant:
    wrong = [
        f"{each.model} ({each.state}, position {each.position}): {each.difference}"
        for each in findings
        if not each.agrees
    ]
    says = f"all {len(findings)} read models equal a fresh replay"
    return invariants.Invariant("I-16", says, "; ".join(wrong) or None)


def _account(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("ACCOUNT must be an account id") from None


def moment(at: str | None) -> int | datetime | None:
    """A position, or a time with its zone; ValueError tells which of the two it is not."""
    if at is None:
        return None
    if at.isascii() and at.isdecimal() and len(at) < 20 and int(at) <= NEWEST:
        return int(at)
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ValueError("--at must be a position or an RFC 3339 time such as 2026-11-20T09:30:00Z")
    return time.astimezone(UTC)


def show(shown: Statement, title: str) -> None:
    """A statement as tables in the terminal."""
    out = Console(highlight=False)
    holds, orders = (msgspec.to_builtins(rows) for rows in (shown.positions, shown.orders))
    for part in (
        f"[bold]{title}[/bold]",
        terminal.money(**{shown.wallet.currency: msgspec.to_builtins(shown.wallet)}),
        terminal.holdings(holds) if holds else "no positions",
        terminal.open_orders(orders) if orders else "no open orders",
    ):
        out.print(part)
        out.print()


@contextmanager
def _connection(settings: Settings) -> Iterator[Connection[Any]]:
    with servers.database(settings) as database, postgres.connect(database.dsn) as db:
        yield db
