"""Problems: whatever goes wrong, answered in one form (RFC 9457) and with nothing given away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.types import ExceptionHandlersMap
from msgspec import Struct

from api.refusals import REFUSALS
from api.wire import Broken
from domain.errors import DomainError
from domain.trading import OrderRejected

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("api")


class Fault(Struct, frozen=True):
    """One value that breaks one rule; ``pointer`` is a JSON pointer (RFC 6901) into ``in``."""

    place: str = msgspec.field(name="in")
    pointer: str
    rule: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What went wrong (RFC 9457).

    ``code`` is what a program matches on; ``context`` holds the numbers behind a refusal;
    ``order_id`` and ``position`` are there when the refusal itself is a fact.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    context: dict[str, Any] | None = None
    errors: list[Fault] | None = None
    order_id: UUID | None = None
    position: int | None = None


class Refused(Exception):
    """The order was refused, and that it was is on the tape at ``position``."""

    def __init__(self, fact: OrderRejected, position: int) -> None:
        super().__init__(fact.code)
        self.fact = fact
        self.position = position


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """What a route may answer besides its success, for its OpenAPI description."""
    return {
        status: ResponseSpec(
            Problem,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(status).phrase,
            generate_examples=False,
        )
        for status in statuses
    }


def answer(
    request: Request[Any, Any, Any],
    code: str,
    detail: str = "",
    *,
    status: int = 500,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response[bytes]:
    """``status`` counts only for a code that the rejection catalogue does not know."""
    request.scope["state"]["code"] = code
    known = REFUSALS.get(code)
    status = known.status if known else status
    title = _title(code, status)
    problem = Problem(
        type=f"/problems/{code}",
        title=title,
        status=status,
        code=code,
        detail=detail or title,
        request_id=_id_of(request),
        **members,
    )
    body = msgspec.json.encode(problem, enc_hook=str)
    headers = {**(headers or {}), **_ASKING_BACK.get(status, {})}
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def bare(code: str, request_id: str) -> bytes:
    """The same without a request: for those who never get as far as the application."""
    known = REFUSALS[code]
    return msgspec.json.encode(
        Problem(
            type=f"/problems/{code}",
            title=known.title,
            status=known.status,
            code=code,
            detail=known.title,
            request_id=request_id,
        )
    )


_ASKING_BACK = {401: {"WWW-Authenticate": 'Bearer realm="papertape"'}}


def _domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    context = dict(error.context)
    faults = context.pop("errors", None)
    if faults is None and "field" in context:
        field, rule = context.pop("field"), context.pop("rule", error.detail)
        place = "query" if request.method == "GET" else "body"
        faults = [Fault(place, f"/{field}", str(rule))]
    retry_after = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return answer(
        request,
        error.code,
        _with_numbers(error.detail or _title(error.code, error.status), context),
        status=error.status,
        headers=headers,
        context=context or None,
        errors=faults,
    )


def _refused(request: Request[Any, Any, Any], refusal: Refused) -> Response[bytes]:
    fact = refusal.fact
    retry_after = fact.context.get("retry_after")
    return answer(
        request,
        fact.code,
        _with_numbers(fact.detail, fact.context),
        status=HTTPStatus.CONFLICT,
        headers={"Retry-After": retry_after} if retry_after else None,
        context=dict(fact.context) or None,
        order_id=fact.order_id,
        position=refusal.position,
    )


def _title(code: str, status: int) -> str:
    known = REFUSALS.get(code)
    return known.title if known else HTTPStatus(status).phrase


def _with_numbers(detail: str, context: Mapping[str, object]) -> str:
    numbers = " ".join(f"{name}={value}" for name, value in context.items())
    return ": ".join(part for part in (detail, numbers) if part)


def _broken(request: Request[Any, Any, Any], _: Broken) -> Response[bytes]:
    return answer(request, "BODY_MALFORMED")


def _parameters(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    """Litestar's words for a bad parameter, in ours."""
    extra = error.extra if isinstance(error.extra, list) else []
    faults = [_fault(found) for found in extra] or [_missing(error.detail)]
    detail = f"{faults[0].pointer[1:] or faults[0].place}: {faults[0].rule}"
    return answer(request, "VALIDATION", detail, errors=faults)


def _fault(found: Mapping[str, Any]) -> Fault:
    name = str(found.get("key", ""))
    if name == "data":
        return Fault("body", "", "required")
    source = found.get("source")
    place = str(getattr(source, "value", source or "query"))
    return Fault(place, f"/{name}", str(found["message"]).replace("`", ""))


def _missing(detail: str) -> Fault:
    """``Missing required query parameter 'account_id' for path ...``"""
    match detail.split():
        case ["Missing", "required", place, "parameter", name, *_]:
            return Fault(place, "/" + name.strip("'"), "required")
        case _:
            return Fault("request", "", detail)


_BY_STATUS = {
    400: "REQUEST_MALFORMED",
    401: "AUTH_REQUIRED",
    403: "ACCESS_DENIED",
    404: "ROUTE_UNKNOWN",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "MEDIA_TYPE_UNSUPPORTED",
}


def _http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        return _unexpected(request, error)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(methods_of(request))
        return answer(request, code, f"allowed: {allowed}", headers={"Allow": allowed})
    return answer(request, code)


def methods_of(request: Request[Any, Any, Any]) -> Iterable[str]:
    """The methods that this path answers to."""
    route = request.app.asgi_router.handle_routing
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        try:
            route(path=request.scope["path"], method=method)
        except HTTPException:
            continue
        yield method


def _away(request: Request[Any, Any, Any], _: psycopg.Error) -> Response[bytes]:
    """Postgres does not answer, or the read models have not been made yet."""
    return answer(request, "TAPE_UNAVAILABLE", headers={"Retry-After": "1"})


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A mistake of ours: the log has it under the request's id, the caller has the id."""
    _log.error("request failed", request_id=_id_of(request), exc_info=error)
    return answer(request, "INTERNAL")


def _id_of(request: Request[Any, Any, Any]) -> str:
    return str(request.scope["state"].get("request_id", ""))


HANDLERS: ExceptionHandlersMap = {
    DomainError: _domain_error,
    Refused: _refused,
    Broken: _broken,
    psycopg.OperationalError: _away,
    psycopg.InterfaceError: _away,
    psycopg.errors.UndefinedTable: _away,
    ValidationException: _parameters,
    HTTPException: _http_exception,
    Exception: _unexpected,
}
