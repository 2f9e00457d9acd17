"""The description of the API (OpenAPI 3.1), made from the routes and finished here."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar._openapi.schema_generation import SchemaCreator
from litestar.config.app import AppConfig
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, OpenAPIType, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from api.auth.cookies import ACCESS
from api.problems import MEDIA_TYPE
from api.wire import AMOUNT_PATTERN, AMOUNT_RULE, Amount, Charge

DESCRIPTION = """\
A trading service whose every number can be explained.

Amounts are strings of plain decimals. Times are RFC 3339 in UTC. Whatever goes wrong is
answered as `application/problem+json` (RFC 9457) with a `code` from `/problems`.

A command answers with `X-Position`, where the tape has it; a query with `X-Min-Position` waits
until it shows that. A command with an `Idempotency-Key` is done once, however often it is sent.

Programs send `Authorization: Bearer` with an access token or an API key. A browser signs in with
`X-Session-Mode: cookie`, and sends the `csrf_token` of the answer as `X-CSRF-Token`. `RateLimit`
tells how much more may be asked; 429 says after how many seconds in `Retry-After`.
"""
#: Whose queries are answered from read models: of these contexts, and of the administration.
PROJECTED = {"trading", "compliance"}
ADMIN = "/admin/"
_SIGNED_IN = "access_token"
_COOKIE = "session_cookie"
_COMMAND_HEADERS = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key gets the same answer, for ever.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }
]
_POSITION = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_QUERY_HEADERS = [
    {
        "name": name,
        "in": place,
        "required": False,
        "description": "Wait until the answer shows this position of the tape.",
        "schema": _POSITION,
    }
    for name, place in (("X-Min-Position", "header"), ("min_position", "query"))
]
_ANSWER_HEADERS = {
    "X-Position": {
        "description": "Where the tape has what the command made true.",
        "schema": _POSITION,
    },
    "Idempotency-Replayed": {
        "description": "There, and true, if this is the answer given before to the same key.",
        "schema": {"type": "string", "const": "true"},
    },
}


#: Litestar spells a page of orders ``Page_projections.orders.OrderReport_``.
_PAGE_NAME = re.compile(rb"Page_[\w.]*?(\w+)_(?=\W)")
#: There are two of that name.
_WALLET, _WALLET_THEN = b"projections_wallets_Wallet", b"domain_trading_statement_Wallet"


class AmountSchema(OpenAPISchemaPlugin):
    """Amounts in requests, which are a type of our own."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Amount or value is Charge

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: SchemaCreator
    ) -> Schema:
        return Schema(
            type=OpenAPIType.STRING,
            pattern=AMOUNT_PATTERN,
            description=AMOUNT_RULE + " (a JSON number in plain notation is taken as well)",
            examples=["10", "101.5"],
        )


def describe(app: Litestar, version: str) -> bytes:
    """The document; it is served by us, so Litestar is only asked to write it."""
    config = OpenAPIConfig(
        title="Papertape",
        version=version,
        description=DESCRIPTION,
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, *_: handler.handler_name,
        components=Components(
            security_schemes={
                _SIGNED_IN: SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
                _COOKIE: SecurityScheme(
                    type="apiKey",
                    name=ACCESS,
                    security_scheme_in="cookie",
                    description="With X-CSRF-Token beside it, for whatever may change something.",
                ),
            }
        ),
    )
    plugin = app.plugins.get(OpenAPIPlugin)
    plugin.on_app_init(AppConfig(openapi_config=config))
    document = plugin.provide_openapi_schema()
    handlers = _handlers(app)
    for operations in document["paths"].values():
        for operation in operations.values():
            _finish(operation, handlers[operation["operationId"]])
            _close_body(operation, document["components"]["schemas"])
    text = _PAGE_NAME.sub(rb"PageOf\1", msgspec.json.encode(document, order="sorted"))
    return text.replace(_WALLET, b"Wallet").replace(_WALLET_THEN, b"WalletThen")


def _handlers(app: Litestar) -> dict[str, HTTPRouteHandler]:
    routes = (route for route in app.routes if isinstance(route, HTTPRoute))
    return {handler.handler_name: handler for route in routes for handler in route.route_handlers}


def _finish(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """What is the same for every route of a kind, and so is said of none of them."""
    description = operation.get("description", handler.handler_name)
    operation["summary"] = description.partition("\n")[0].rstrip(".")
    operation.setdefault("tags", ["service"])
    responses = operation["responses"]
    responses["400"] = _problem("Bad Request")
    responses["429"] = _problem("Too Many Requests")
    if "public" in handler.opt:
        operation["security"] = []
        return
    if "permission" in handler.opt:
        operation["x-permission"] = handler.opt["permission"]
    if "fresh" in handler.opt:
        operation["x-fresh-proof"] = True
    operation["security"] = [{_SIGNED_IN: []}, {_COOKIE: []}]
    responses["401"] = _problem("Unauthorized")
    responses["403"] = _problem("Forbidden")
    if "GET" in handler.http_methods:
        of_admin = any(path.startswith(ADMIN) for path in handler.paths)
        if not (of_admin or PROJECTED.intersection(operation["tags"])):
            return
        operation["parameters"] = [*operation.get("parameters", []), *_QUERY_HEADERS]
        return
    operation["parameters"] = [*operation.get("parameters", []), *_COMMAND_HEADERS]
    for status, response in responses.items():
        if status.startswith("2"):
            response["headers"] = response.get("headers", {}) | _ANSWER_HEADERS


def _close_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Unknown fields are refused, which Litestar does not tell."""
    content = operation.get("requestBody", {}).get("content", {})
    for media_type in content.values():
        for option in media_type["schema"].get("oneOf", [media_type["schema"]]):
            if name := option.get("$ref", "").rpartition("/")[2]:
                schemas[name]["additionalProperties"] = False


def _problem(phrase: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
