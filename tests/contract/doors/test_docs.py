"""The documentation: complete, and from here alone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.refusals import REFUSALS
from tests.contract.doors.rig import Doors

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_documentation_comes_from_here_alone(house: Doors, page: str) -> None:
    response = await house.http.get(page)
    assert response.headers["Content-Type"].startswith("text/html")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    sources = re.findall(r'(?:src|href)="([^"]*)"', response.text)
    assert len(sources) >= 2
    for source in sources:
        assert source == "data:," or source.startswith("/docs/"), source
        if source.startswith("/"):
            asset = await house.http.get(source)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["Cache-Control"]
            assert "cdn." not in asset.text
            assert "fonts.googleapis" not in asset.text
    assert "<script>" not in response.text, "a policy of 'self' runs nothing inline"


@pytest.mark.parametrize("name", ["__init__.py", "scalar.js", "../problems.py", "%2e%2e/x", ""])
async def test_no_other_file_is_served(house: Doors, name: str) -> None:
    page = (await house.http.get("/redoc")).text
    folder = re.search(r'src="(/docs/[^/]+/)', page)
    assert folder is not None
    response = await house.http.get(folder[1] + name)
    assert (response.status_code, response.json()["code"]) == (404, "ROUTE_UNKNOWN")


async def test_every_link_of_the_welcome_leads_somewhere(house: Doors) -> None:
    welcome: dict[str, Any] = (await house.http.get("/")).json()
    assert welcome["name"] == "papertape"
    for name, link in welcome["links"].items():
        if name != "api":
            assert (await house.http.get(link)).status_code == 200, link


async def test_the_type_of_a_problem_can_be_looked_up(house: Doors) -> None:
    problem = (await house.http.get("/nowhere")).json()
    looked_up = (await house.http.get(problem["type"])).json()
    assert looked_up["title"] == problem["title"]
    assert (await house.http.get("/problems")).json().keys() == REFUSALS.keys()
    assert (await house.http.get("/problems/NO_SUCH_CODE")).status_code == 404
