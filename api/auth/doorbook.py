"""
The doorbook: who was turned away, as facts on the tape.

Refusals come in floods, and nobody shall fill the tape by being refused.  So of one kind from
one address only a few become facts, then one a minute, which tells how many it stands for; and
there are so many in all and no more.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from litestar.types import Scope

from adapters.limits import Limit, MemoryBuckets
from commands.base import Caller, Command
from commands.dispatch import Dispatch
from commands.identity import ReportAccessDenied, ReportLoginFailed
from domain.base import Role
from domain.errors import DomainError

OF_A_KIND = Limit("of a kind", 1 / 60, 3)
IN_ALL = Limit("in all", 5, 25)
KEPT = 10_000
TURNED_AWAY = frozenset({401, 403, 429})

_log = structlog.get_logger("doors")


class Doorbook:
    def __init__(
        self, dispatch: Dispatch, ids: Callable[[], UUID], clock: Callable[[], datetime]
    ) -> None:
        self._dispatch = dispatch
        self._ids = ids
        self._clock = clock
        self._buckets = MemoryBuckets(kept=KEPT)
        self._unrecorded: OrderedDict[str, int] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    def turned_away(self, scope: Scope, status: int, ip_hash: Callable[[], str]) -> None:
        """A request was answered; if it was refused for who asked, that is noted."""
        if status not in TURNED_AWAY or scope["state"].get("noted"):
            return
        code = str(scope["state"].get("code", status))
        ip, user = ip_hash(), scope.get("user")
        kind = f"{code} {ip}"
        if self._is_due(kind):
            self._write(
                ReportAccessDenied(
                    at=self._clock(),
                    code=code,
                    method=str(scope.get("method", "WS")),
                    route=str(scope.get("path_template", "unknown")),
                    ip_hash=ip,
                    user_id=getattr(user, "user_id", None),
                    unrecorded=self._unrecorded.pop(kind, 0),
                ),
                scope,
            )

    def login_failed(
        self,
        scope: Scope,
        reason: str,
        *,
        name_hash: str,
        ip_hash: str,
        device_hash: str | None,
        user_id: UUID | None,
    ) -> None:
        """Somebody could not prove to be whom they said."""
        scope["state"]["noted"] = True
        kind = f"{reason} {name_hash} {ip_hash}"
        if self._is_due(kind):
            self._write(
                ReportLoginFailed(
                    at=self._clock(),
                    reason=reason,
                    name_hash=name_hash,
                    ip_hash=ip_hash,
                    device_hash=device_hash,
                    user_id=user_id,
                    unrecorded=self._unrecorded.pop(kind, 0),
                ),
                scope,
            )

    async def close(self) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)

    def _is_due(self, kind: str) -> bool:
        (of_a_kind,) = self._buckets.take_now([(OF_A_KIND, kind)])
        if of_a_kind.allowed:
            (in_all,) = self._buckets.take_now([(IN_ALL, "")])
            if in_all.allowed:
                return True
        self._unrecorded[kind] = self._unrecorded.pop(kind, 0) + 1
        if len(self._unrecorded) > KEPT:
            self._unrecorded.popitem(last=False)
        return False

    def _write(self, report: Command, scope: Scope) -> None:
        """Beside the answer: how long it takes to write says nothing to whoever waits."""
        caller = Caller(
            actor="system:doors",
            roles=Role.SYSTEM,
            correlation_id=scope["state"].get("request_id") or self._ids(),
        )
        writing = asyncio.create_task(self._dispatched(report, caller))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def _dispatched(self, report: Command, caller: Caller) -> None:
        try:
            await self._dispatch(report, caller)
        except DomainError as error:
            _log.warning("a refusal is not on the tape", code=error.code)
