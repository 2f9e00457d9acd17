"""Settings: how a person wants to be shown things, and told of them."""

from __future__ import annotations

from litestar import get, put
from litestar.params import JSONBody
from msgspec import Struct

from api.problems import documented
from api.wiring import Request
from commands.identity import ChangeSettings
from domain.identity import Preferences
from projections import accounts, profiles


class SettingsKept(Struct, frozen=True):
    position: int


@get("/profile/settings", responses=documented(503))
async def show_settings(request: Request) -> Preferences:
    """How I want to be shown things, and told of them."""
    return (await request.read_newest(profiles.one)).preferences


@put("/profile/settings", responses=documented(404, 413, 415, 422, 503))
async def change_settings(request: Request, data: JSONBody[Preferences]) -> SettingsKept:
    """Want it otherwise: what is left out is as it was at the beginning."""
    if data.default_account_id is not None:
        await request.read_newest(accounts.one, data.default_account_id)
    command = ChangeSettings(at=request.now, user_id=request.user.user_id, preferences=data)
    return SettingsKept((await request.dispatch(command)).position)


ROUTES = (show_settings, change_settings)
