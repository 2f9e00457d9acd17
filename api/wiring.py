"""
The request as routes see it, so that each of them is one sentence.

Whatever a decision needs from outside (who asks, the time, an id, an instrument, a quote) is
fetched here, at the edge.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, ClassVar, Concatenate, Literal, ParamSpec, TypeVar, cast
from urllib.parse import parse_qs
from uuid import UUID

import litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE, HTTP_415_UNSUPPORTED_MEDIA_TYPE
from msgspec import Struct

from adapters.tokens import Identity
from api import wire
from api.asgi import body_of, header
from api.house import House
from api.idempotency import claim_of
from api.problems import Refused
from api.tide import Tide
from api.whereabouts import Place, Whereabouts
from commands.base import Caller, Command, Receipt
from commands.compliance import RequestApproval, written
from domain.compliance import ApprovalRequested
from domain.errors import NotFound
from domain.identity import Standing
from domain.market import Calendar, Instrument, Quote
from domain.trading import Bound, OrderRejected
from projections import orders
from projections.query import Db
from projections.valuation import Marks

#: How long a command waits for a second person.
APPROVED_WITHIN = timedelta(hours=24)

P = ParamSpec("P")
T = TypeVar("T")


class Proposed(Struct, frozen=True):
    """202: it waits for a second person until ``expires_at`` (GET /admin/approvals/ID)."""

    approval_id: UUID
    status: Literal["PENDING"]
    expires_at: datetime
    position: int


class Request(litestar.Request[Identity, None, State]):
    """A request, and all that a route may ask of the house on its behalf."""

    __slots__ = ()

    #: Of the application: ``create_app`` makes a class of requests of its own house.
    house: ClassVar[House]
    whereabouts: ClassVar[Whereabouts]
    tide: ClassVar[Tide]

    # ── what a command needs from outside ──────────────────────────────────────

    @property
    def now(self) -> datetime:
        return self.house.clock()

    @property
    def new_id(self) -> UUID:
        return self.house.ids()

    @property
    def caller(self) -> Caller:
        user = self.user
        return Caller(
            actor=user.actor,
            roles=user.roles,
            correlation_id=self.scope["state"]["request_id"],
            permissions=self.standing.permissions,
        )

    @property
    def standing(self) -> Standing:
        """What the caller may do with what belongs to others."""
        return cast(Standing, self.scope["state"]["standing"])

    @property
    def quote_max_age(self) -> timedelta:
        return timedelta(milliseconds=self.house.settings.quote_max_age_ms)

    def quote(self, symbol: str) -> Quote | None:
        return self.house.board.get(symbol)

    def instrument(self, symbol: str) -> Instrument:
        """Raise NotFound, with what the caller may have meant, if nothing is listed as that."""
        instruments = self.house.instruments
        found = instruments.get(symbol)
        if found is None:
            nearest = get_close_matches(symbol, instruments, n=3)
            raise NotFound("INSTRUMENT_UNKNOWN", symbol=symbol, nearest=nearest)
        return found

    def calendar(self, symbol: str) -> Calendar:
        """When this symbol trades; NotFound as ``instrument``."""
        return self.house.calendars.of(self.instrument(symbol).exchange)

    def bounds(self, instrument: Instrument, *scopes: str) -> tuple[Bound, ...]:
        """What every scope wider than the account, and these, say about an order of this caller."""
        of = f"exchange:{instrument.exchange}", f"symbol:{instrument.symbol}"
        return self.house.desks.bounds(self.user.actor, *of, *scopes)

    @property
    def marks(self) -> Marks:
        return LiveMarks(self.house)

    def note_place(self, order_id: UUID, account_id: UUID, symbol: str) -> None:
        """Remember where an order of this caller belongs."""
        self.whereabouts.note(order_id, Place(self.user.actor, account_id, symbol))

    async def place_of(self, order_id: UUID) -> Place:
        """Where an order of this caller belongs; NotFound for everybody else's as well."""
        known = self.whereabouts.find(order_id)
        if known is None:
            order = await self.read_newest(orders.one, order_id)
            known = Place(self.user.actor, order.account_id, order.symbol)
            self.whereabouts.note(order_id, known)
        if known.owner != self.user.actor:
            raise NotFound("ORDER_UNKNOWN", order_id=str(order_id))
        return known

    # ── the two things a route does ────────────────────────────────────────────

    async def dispatch(self, command: Command) -> Receipt:
        """Have a command decided; Refused if what became true is that an order is refused."""
        receipt = await self.dispatch_several(command)
        for fact in receipt.facts:
            if type(fact) is OrderRejected:
                raise Refused(fact, receipt.position)
        return receipt

    async def dispatch_several(self, command: Command) -> Receipt:
        """The same for several orders at once, of which some may be refused."""
        claim = claim_of(self.scope, self.user.actor)
        receipt = await self.house.dispatch(command, self.caller, claim)
        self.say("x-position", str(receipt.position))
        if receipt.replayed:
            self.say("idempotency-replayed", "true")
        return receipt

    async def propose(self, command: Command, reason: str) -> Proposed:
        """Ask for a second person's approval; Forbidden unless the caller may ask for it."""
        assert command.needs_approval, "or it would be dispatched"
        assert command.permission is not None, "or nobody could approve it"
        name, arguments = written(command)
        expires_at = command.at + APPROVED_WITHIN
        request = RequestApproval(
            at=command.at,
            approval_id=self.new_id,
            command=name,
            arguments=arguments,
            needed=command.permission,
            requested_by=self.user.actor,
            reason=reason,
            expires_at=expires_at,
        )
        receipt = await self.dispatch(request)
        (fact,) = receipt.facts
        assert isinstance(fact, ApprovalRequested), "that is what a request records"
        return Proposed(fact.approval_id, "PENDING", fact.expires_at, receipt.position)

    async def read(
        self, query: Callable[Concatenate[Db, UUID, P], Awaitable[T]], *of: P.args, **by: P.kwargs
    ) -> T:
        """Ask a read model what the caller may see, once it shows what the caller has seen."""
        return await self.read_of(self.user.user_id, query, *of, **by)

    async def read_of(
        self,
        owner: UUID,
        query: Callable[Concatenate[Db, UUID, P], Awaitable[T]],
        *of: P.args,
        **by: P.kwargs,
    ) -> T:
        """What this owner may see, for whoever may see it as well."""
        await self._wait_for_min_position()
        async with self.house.views.connection() as db:
            return await query(db, owner, *of, **by)

    async def read_as(
        self,
        query: Callable[Concatenate[Db, Standing, P], Awaitable[T]],
        *of: P.args,
        **by: P.kwargs,
    ) -> T:
        """Ask a read model that shows more to those who may see more."""
        await self._wait_for_min_position()
        async with self.house.views.connection() as db:
            return await query(db, self.standing, *of, **by)

    async def read_newest(
        self, query: Callable[Concatenate[Db, UUID, P], Awaitable[T]], *of: P.args, **by: P.kwargs
    ) -> T:
        """The same, once it shows all that is on the tape now."""
        return await self.read_newest_of(self.user.user_id, query, *of, **by)

    async def read_newest_of(
        self,
        owner: UUID,
        query: Callable[Concatenate[Db, UUID, P], Awaitable[T]],
        *of: P.args,
        **by: P.kwargs,
    ) -> T:
        await self.house.seen(await self.house.head())
        async with self.house.views.connection() as db:
            return await query(db, owner, *of, **by)

    def say(self, name: str, value: str) -> None:
        """Add a header to the answer, whatever it will be; what is said last counts."""
        said: list[tuple[bytes, bytes]] = self.scope["state"]["say"]
        said[:] = [(each, what) for each, what in said if each != name.encode()]
        said.append((name.encode(), value.encode()))

    def give_cookie(self, cookie: str) -> None:
        """Have the browser keep this, beside whatever else it is given (see ``set_cookie``)."""
        self.scope["state"]["say"].append((b"set-cookie", cookie.encode()))

    # ── what the caller says ───────────────────────────────────────────────────

    async def body(self) -> bytes:
        said = self.scope["state"]
        if "bytes" not in said:
            bytes_max = self.house.settings.max_body_bytes
            said["bytes"] = await body_of(self.scope, self.receive, bytes_max)
        if said["bytes"] is None:
            raise HTTPException(status_code=HTTP_413_REQUEST_ENTITY_TOO_LARGE)
        return cast(bytes, said["bytes"])

    async def json(self) -> Any:
        """The body, decoded strictly into the type that the route wants as its ``data``."""
        media_type = (header(self.scope, b"content-type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise HTTPException(status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE)
        body = wire.decode(await self.body(), _type_of_body(self.route_handler))
        self.scope["state"]["body"] = body
        return body

    async def _wait_for_min_position(self) -> None:
        """``X-Min-Position`` or ``?min_position=``: what the answer must show at least."""
        given, name, place = header(self.scope, b"x-min-position"), "X-Min-Position", "header"
        if given is None and b"min_position" in self.scope["query_string"]:
            query = parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
            given, name, place = query.get("min_position", [None])[-1], "min_position", "query"
        if given is None:
            return
        if not (given.isascii() and given.isdigit() and len(given) < 20):
            raise wire.invalid(f"/{name}", "a position on the tape", place)
        await self.tide.demand(int(given), name, place)
        await self.house.seen(int(given))


class LiveMarks(Mapping[str, Decimal]):
    """The quote board as prices by symbol."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getitem__(self, symbol: str) -> Decimal:
        mark = self._house.board.mark(symbol)
        if mark is None:
            raise KeyError(symbol)
        return mark

    def __iter__(self) -> Iterator[str]:
        return (symbol for symbol in self._house.instruments if self.get(symbol) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@lru_cache(256)
def _type_of_body(handler: BaseRouteHandler) -> Any:
    return handler.parsed_fn_signature.parameters["data"].annotation
