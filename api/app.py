"""The doors, put together: ``create_app(house)`` is the whole HTTP application."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from api import admin, alerts, docs, health, identity, mailbox, market, metrics, trading, udf
from api.asgi import Json
from api.auth import SignedIn
from api.doorman import Doorman
from api.house import House
from api.metrics import Metrics
from api.openapi import AmountSchema, describe
from api.problems import HANDLERS
from api.tide import Tide
from api.whereabouts import Whereabouts
from api.wiring import Request

PREFIX = "/api/v1"
MODULES = {
    "identity": (*identity.ROUTES, *admin.IDENTITY),
    "trading": (*trading.ROUTES, *admin.TRADING),
    "market": (*market.ROUTES, *alerts.ROUTES),
    "compliance": admin.COMPLIANCE,
}


def create_app(house: House, extra_routes: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """The application over what it is given; ``extra_routes`` are behind the same doorman."""
    modules = [
        Router(PREFIX, route_handlers=MODULES[module], tags=[module])
        for module in house.settings.enabled_modules
    ]
    if "trading" in house.settings.enabled_modules:
        modules.append(
            Router(trading.SEED_PREFIX, route_handlers=trading.SEED_ROUTES, tags=["seeds"])
        )
    if "market" in house.settings.enabled_modules:
        modules.append(Router(udf.PREFIX, route_handlers=udf.ROUTES, tags=["market"]))
    measured = Metrics(house.gauges, house.tallies)
    house.dispatch.followers.append(measured.committed)
    tide = Tide(house.head)
    house.dispatch.followers.append(tide.committed)
    own = {"house": house, "whereabouts": Whereabouts(), "tide": tide, "__slots__": ()}
    app = Litestar(
        [
            *modules,
            identity.show_keys,
            *health.ROUTES,
            *metrics.ROUTES,
            *mailbox.ROUTES,
            *(docs.CATALOGUE if house.settings.production else docs.ROUTES),
            *extra_routes,
        ],
        request_class=type("Request", (Request,), own),
        response_class=Json,
        middleware=[SignedIn],
        exception_handlers=HANDLERS,
        cors_config=_cors(house),
        plugins=[AmountSchema()],
        openapi_config=None,
        logging_config=None,
        debug=False,
        state=State({"house": house, "metrics": measured}),
    )
    app.state["openapi"] = cache(lambda: describe(app, house.version))
    # Around everything, so that even what finds no route is numbered, noted and made safe.
    app.asgi_handler = Doorman(
        app.asgi_handler, house.ids, measured, house.gate, house.settings.allowed_hosts
    )
    return app


def _cors(house: House) -> CORSConfig | None:
    origins = list(house.settings.cors_origins)
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Match",
            "X-CSRF-Token",
            "X-Min-Position",
            "X-Session-Mode",
        ],
        allow_credentials=True,  # of these origins, which are named one by one
        expose_headers=[
            "ETag",
            "Idempotency-Replayed",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Position",
            "X-Request-ID",
        ],
        max_age=600,
    )
