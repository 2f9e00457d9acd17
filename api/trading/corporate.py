"""Corporate actions: announced by the house, carried out by the clock, seen by everybody."""

from __future__ import annotations

from decimal import Decimal

from litestar import get, post
from litestar.params import FromQuery, JSONBody
from msgspec import Struct

from api.admin.words import Done, Why, done
from api.auth import only
from api.problems import documented
from api.wire import Amount, Moment
from api.wiring import Request
from commands.trading import AnnounceCorporateAction
from commands.trading.announce import ANNOUNCE
from domain.money import ZERO
from domain.trading import ActionKind
from domain.trading.actions import action_id_of
from projections import corporate_actions
from projections.query import Page

ONE = Decimal(1)


class Announcement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    ``numerator`` new units for ``denominator`` old ones (of a bonus: on top of them), and
    ``cash_per_unit`` for each old one, from ``ex_at`` (RFC 3339, in the future) on.

    ``into`` is the instrument afterwards, ``step`` the smallest quantity of it;
    ``reference_price`` is what a fraction is paid with.  ``source`` says where it was read.
    """

    kind: ActionKind
    symbol: str
    ex_at: Moment
    source: str
    reason: Why
    numerator: Amount | None = None
    denominator: Amount | None = None
    cash_per_unit: Amount | None = None
    reference_price: Amount | None = None
    into: str | None = None
    step: Amount | None = None


@post(
    "/admin/corporate-actions",
    opt=only(ANNOUNCE),
    responses=documented(404, 409, 413, 415, 422, 503),
)
async def announce(request: Request, data: JSONBody[Announcement]) -> Done:
    """Put on record what a company is going to do; every holder meets it when its time comes."""
    symbols = (data.symbol,) if data.into is None else (data.symbol, data.into)
    for symbol in symbols:
        request.instrument(symbol)
    command = AnnounceCorporateAction(
        at=request.now,
        kind=data.kind,
        symbol=data.symbol,
        ex_at=data.ex_at,
        source=data.source,
        reason=data.reason,
        numerator=data.numerator or ONE,
        denominator=data.denominator or ONE,
        cash_per_unit=data.cash_per_unit or ZERO,
        reference_price=data.reference_price or ZERO,
        into=data.into,
        step=data.step or ONE,
    )
    action_id = action_id_of(data.kind, data.symbol, data.ex_at)
    return done(action_id, await request.dispatch(command))


@get("/market/corporate-actions", responses=documented(422, 503))
async def list_corporate_actions(
    request: Request, symbol: FromQuery[str | None] = None
) -> Page[corporate_actions.CorporateAction]:
    """What companies have announced, of one instrument or of all, the latest first."""
    return await request.read(corporate_actions.announced, symbol)


ROUTES = (announce, list_corporate_actions)
