"""S42, S43: whoever listens on a WebSocket is who they say, may, and still may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from adapters.limits import Limit
from api.auth import line, only
from api.auth.cookies import ACCESS
from api.protocol import Door
from api.serve import FRAME_BYTES_MAX, Server
from commands.base import Caller
from commands.identity import LogIn, LogOut, RevokeSessions, SuspendUser
from domain.base import Role
from tests.contract.doors.rig import Doors, doors, now

pytestmark = pytest.mark.anyio


@websocket("/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


@websocket("/admin-echo", opt=only("users:read"))
async def admin_echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.close()


@websocket("/pour")
async def pour(socket: WebSocket[Any, Any, Any]) -> None:
    """Say more than anybody who does not listen can be sent."""
    await socket.accept()
    try:
        while True:
            await socket.send_text("x" * 60_000)
    finally:
        POURED.append(time.monotonic())


#: When somebody was hung up on.
POURED: list[float] = []


class Wire:
    """A real server over the doors, and somebody who is signed in."""

    def __init__(self, house: Doors, port: int) -> None:
        self.house = house
        self.url = f"ws://127.0.0.1:{port}"
        self.own = f"http://127.0.0.1:{port}"
        self.session_id = house.house.ids()
        self.token = house.house.tokens.issue(house.user_id, session_id=self.session_id)

    def listen(self, path: str = "/echo", token: str = "", **headers: str) -> connect:
        given = {"Authorization": f"Bearer {token or self.token}"} | headers
        return connect(self.url + path, additional_headers={k: v for k, v in given.items() if v})

    def as_browser(self, origin: str | None) -> connect:
        headers = {"Cookie": f"{ACCESS}={self.token}"} | ({"Origin": origin} if origin else {})
        return connect(f"{self.url}/echo", additional_headers=headers)

    async def dispatch(self, command: Any) -> None:
        caller = Caller(actor="system:test", roles=Role.SYSTEM, correlation_id=self.session_id)
        await self.house.house.dispatch(command, caller)


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with doors(tmp_path, echo, admin_echo, pour) as house:
        server = Server(
            uvicorn.Config(
                house.app,
                port=0,
                http=Door,
                ws="websockets-sansio",
                ws_max_size=FRAME_BYTES_MAX,
                log_config=None,
                lifespan="off",
            )
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield Wire(house, server.servers[0].sockets[0].getsockname()[1])
        server.should_exit = True
        await serving


async def said(socket: ClientConnection, text: str) -> str:
    await socket.send(text)
    return str(await socket.recv())


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """The code and the reason with which the other side hangs up."""
    with pytest.raises(ConnectionClosed) as caught:
        await asyncio.wait_for(socket.recv(), 5)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def turned_away(connecting: connect) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connecting:
            pass
    assert caught.value.response.status_code == 403


async def test_s42_a_program_and_a_page_of_ours_are_let_in(wire: Wire) -> None:
    async with wire.listen() as socket:
        assert await said(socket, "hello") == "hello"
    async with wire.as_browser(wire.own) as socket:
        assert await said(socket, "hello") == "hello"


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.net", "http://127.0.0.1.evil.example.net"]
)
async def test_s42_a_page_of_another_site_is_turned_away(wire: Wire, origin: str | None) -> None:
    await turned_away(wire.as_browser(origin))


async def test_s42_nobody_is_turned_away(wire: Wire) -> None:
    await turned_away(wire.listen(token="a.b.c"))
    await turned_away(connect(f"{wire.url}/echo?access_token={wire.token}"))
    await turned_away(connect(f"{wire.url}/echo?token={wire.token}"))
    await turned_away(wire.listen("/admin-echo"))


async def test_s42_whoever_signs_out_is_hung_up_on(wire: Wire) -> None:
    mine: dict[str, Any] = {"at": now(), "user_id": wire.house.user_id}
    await wire.dispatch(
        LogIn(**mine, session_id=wire.session_id, methods=("PASSWORD",), ip_hash="a1")
    )
    async with wire.listen() as socket:
        assert await said(socket, "hello") == "hello"
        began = time.monotonic()
        await wire.dispatch(LogOut(**mine, session_id=wire.session_id))
        assert await closed(socket) == (4401, "AUTH_INVALID")
        assert time.monotonic() - began < 5
    await turned_away(wire.listen())
    await wire.dispatch(RevokeSessions(**mine, reason="as agreed"))


async def test_s42_whoever_is_shut_out_is_hung_up_on(wire: Wire) -> None:
    async with wire.listen() as socket:
        assert await said(socket, "hello") == "hello"
        await wire.dispatch(
            SuspendUser(at=now(), user_id=wire.house.user_id, reason="as agreed on Friday")
        )
        assert await closed(socket) == (4403, "USER_SUSPENDED")


async def test_s42_a_token_that_runs_out_is_hung_up_on(wire: Wire) -> None:
    tokens = wire.house.house.tokens
    known = tokens.check(wire.token)
    tokens._known[wire.token] = replace(known, expires=time.time() + 1.2)
    async with wire.listen() as socket:
        assert await said(socket, "hello") == "hello"
        assert await closed(socket) == (4401, "AUTH_INVALID")


async def test_s43_a_message_that_is_too_long_is_not_read(wire: Wire) -> None:
    async with wire.listen() as socket:
        assert await said(socket, "x" * FRAME_BYTES_MAX) == "x" * FRAME_BYTES_MAX
        await socket.send("x" * (FRAME_BYTES_MAX + 1))
        code, _ = await closed(socket)
    assert code == 1009


async def test_s43_whoever_talks_too_fast_is_heard_later(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SAID", Limit("said", 50, 10))
    async with wire.listen() as socket:
        began = time.monotonic()
        for nth in range(60):
            await socket.send(str(nth))
        for nth in range(60):
            assert await socket.recv() == str(nth), "and nothing of it is lost"
        assert time.monotonic() - began >= (60 - 10) / 50 * 0.9


async def test_s43_whoever_does_not_listen_is_hung_up_on(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "SLOW_S", 0.5)
    POURED.clear()
    bearer = {"Authorization": f"Bearer {wire.token}"}
    listening = connect(
        f"{wire.url}/pour", additional_headers=bearer, max_queue=1, compression=None
    )
    async with asyncio.timeout(15), listening as socket:
        while not POURED:
            await asyncio.sleep(0.05)
        socket.transport.abort()
