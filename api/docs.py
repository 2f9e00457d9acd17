"""The documentation pages: Swagger UI and ReDoc, every file of them served from here."""

from __future__ import annotations

import re
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from api.auth import PUBLIC
from api.refusals import REFUSALS, Refusal

#: Where the files are that ``offapi`` brings along; their version is in the path, so they keep.
ASSETS = f"/docs/{version('offapi')}"
_FILES = {
    "swagger_style.css": "text/css",
    "swagger_bundle.js": "text/javascript",
    "swagger_preset.js": "text/javascript",
    "redoc.js": "text/javascript",
}
# ReDoc would fetch its maker's logo and icons; empty pictures keep it at home.
_FOREIGN = re.compile(rb"https://cdn\.(?:redoc\.ly|redocly\.com)/[\w./-]+")
_SCRIPTS = {
    "swagger.js": b"""window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: "StandaloneLayout",
    persistAuthorization: true,
    validatorUrl: null,
  });
};
""",
}
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Papertape</title>
<link rel="icon" href="data:,">
{head}
</head>
<body style="margin: 0">
{body}
</body>
</html>
"""
_SWAGGER = _PAGE.format(
    head=f'<link rel="stylesheet" href="{ASSETS}/swagger_style.css">',
    body=f"""<div id="swagger-ui"></div>
<script src="{ASSETS}/swagger_bundle.js"></script>
<script src="{ASSETS}/swagger_preset.js"></script>
<script src="{ASSETS}/swagger.js"></script>""",
)
_REDOC = _PAGE.format(
    head="",
    body=f"""<redoc spec-url="/openapi.json" disable-telemetry="true"></redoc>
<script type="module" src="{ASSETS}/redoc.js"></script>""",
)


@get("/docs", opt=PUBLIC, include_in_schema=False)
async def show_swagger() -> Response[str]:
    """Swagger UI: read the API and try it."""
    return _page(_SWAGGER)


@get("/redoc", opt=PUBLIC, include_in_schema=False)
async def show_redoc() -> Response[str]:
    """ReDoc: read the API."""
    return _page(_REDOC)


@get(ASSETS + "/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=True)
def show_asset(name: FromPath[str]) -> Response[bytes]:
    """One of the files that the pages above need, and no other."""
    if name in _SCRIPTS:
        content, media_type = _SCRIPTS[name], "text/javascript"
    elif name in _FILES:
        content, media_type = (files("offapi") / name).read_bytes(), _FILES[name]
    else:
        raise NotFoundException
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    content = _FOREIGN.sub(b"data:,", content)
    return Response(content, media_type=media_type, headers=keep)


@get("/openapi.json", opt=PUBLIC, include_in_schema=False)
async def show_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The API in OpenAPI 3.1."""
    return Response(request.app.state["openapi"](), media_type="application/json")


@get("/problems", opt=PUBLIC)
async def list_problems() -> dict[str, Refusal]:
    """The rejection catalogue: every code there is, its HTTP status and its FIX reason."""
    return REFUSALS


@get("/problems/{code:str}", opt=PUBLIC, include_in_schema=False)
async def show_problem(code: FromPath[str]) -> Refusal:
    """What a problem's ``type`` leads to."""
    if code not in REFUSALS:
        raise NotFoundException
    return REFUSALS[code]


def _page(content: str) -> Response[str]:
    headers = {"Content-Security-Policy": _CSP}
    return Response(content, media_type="text/html", status_code=HTTPStatus.OK, headers=headers)


#: What is served to strangers too.
CATALOGUE = (list_problems, show_problem)
ROUTES = (show_swagger, show_redoc, show_asset, show_openapi, *CATALOGUE)
