"""The projector as a process: rebuilds what has changed, then follows the tape for ever."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from psycopg import Connection

from adapters.postgres import connect
from adapters.projector import checkpoints
from adapters.projector.build import BuildFailed
from adapters.projector.live import PAGE, Live
from adapters.projector.rebuilding import rebuild
from adapters.projector.tables import fingerprint
from adapters.tape.codec import UnknownFact
from adapters.tape.reader import CHANNEL
from domain.errors import Conflict
from projections import READ_MODELS
from projections.base import ReadModel

POLL_S = 0.25
PACE_S = 0.02
_PAUSE_S = 1.0

_log = structlog.get_logger("projector")


def outdated(db: Connection[Any], models: Mapping[str, ReadModel] = READ_MODELS) -> list[str]:
    """The models whose program has changed since their rows were made."""
    shown = checkpoints.shown(db)
    return [name for name, model in models.items() if shown[name].fingerprint != fingerprint(model)]


class Projector:
    """One of perhaps several; the others find their checkpoints moved and look again."""

    def __init__(self, dsn: str, models: Mapping[str, ReadModel] = READ_MODELS) -> None:
        self._dsn = dsn
        self._models = models

    def run(self, stop: threading.Event) -> None:
        """Follow the tape until told to stop.  A lost Postgres only delays it."""
        while not stop.is_set():
            try:
                with connect(self._dsn) as db:
                    self._renew(db)
                    self._follow(db, stop)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                _log.warning("projector lost Postgres", error=type(error).__name__)
            except Conflict as error:
                _log.info("another projector is at work", error=str(error))
            except UnknownFact as error:
                _log.error("projector is older than the tape", error=str(error))
            stop.wait(_PAUSE_S)

    def catch_up(self) -> None:
        """Take in everything there is, and return."""
        with connect(self._dsn) as db:
            self._renew(db)
            live = Live(db, self._models)
            while live.step():
                pass

    def _renew(self, db: Connection[Any]) -> None:
        """A model that cannot be made anew stays as it was, and behind; the others go on."""
        checkpoints.install(db, self._models)
        changed = outdated(db, self._models)
        while changed:
            _log.info("read models are made anew", models=changed)
            try:
                rebuild(self._dsn, changed, models=self._models)
            except BuildFailed as failure:
                _log.error("read model cannot be made anew", error=str(failure))
                changed.remove(failure.model)
            else:
                return

    def _follow(self, db: Connection[Any], stop: threading.Event) -> None:
        db.execute(f"LISTEN {CHANNEL}")  # first: what comes now is heard
        live = Live(db, self._models)
        while not stop.is_set():
            taken = live.step()
            if 0 < taken < PAGE:
                stop.wait(PACE_S)  # facts that come one by one share a page, which is cheaper
            elif not taken:
                for _ in db.notifies(timeout=POLL_S, stop_after=1):
                    pass
