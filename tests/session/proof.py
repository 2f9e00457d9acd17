"""The proof of a session: every invariant clean, every read model equal to replay."""

from __future__ import annotations

from adapters import invariants, tape
from adapters.postgres import connect
from adapters.projector import check_against_replay
from adapters.servers import Database
from tests.contract.history import record
from tests.contract.views import project
from tests.session.day import MarketDay


def faults(database: Database, day: MarketDay) -> list[str]:
    """What is wrong with what was recorded; empty when everything adds up."""
    with connect(database.dsn) as db:
        record(db, day.facts)
        project(db, page=2000)
        found, looked_at = invariants.audit(db)
        verdict = tape.verify(db)
    wrong = [str(each) for each in found if each.broken is not None]
    if looked_at != len(day.facts):
        wrong.append(f"{looked_at} of {len(day.facts)} facts looked at")
    if not verdict.sound:
        wrong.append(str(verdict))
    models = check_against_replay(database.dsn)
    return wrong + [f"{each.model}: {each.difference}" for each in models if not each.agrees]
