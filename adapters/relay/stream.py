"""The stream PAPERTAPE: JetStream's copy of the tape, whose sequence numbers are positions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import nats.errors
import structlog
from msgspec import DecodeError, Struct, json
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header, StreamConfig
from nats.js.errors import APIError, NotFoundError

from adapters.relay.cloudevents import CONTENT_TYPE, Message

NAME = "PAPERTAPE"
SUBJECTS = "papertape.events.>"
#: What may go wrong while NATS is away, restarting or out of space.
AWAY = (nats.errors.Error, OSError)
#: Up to so many messages go one by one: an atomic batch costs the server files and four fsyncs.
FEW = 12
_ANSWER_S = 5.0
_CLOSE_S = 2.0
_WRONG_LAST_SEQUENCE = 10071
_TYPE: dict[str, str] = {"Content-Type": CONTENT_TYPE}


class Refused(Exception):
    """Stream and tape tell different stories; what to do about it is for people to decide."""


class OutOfStep(Exception):
    """Nothing was stored: the stream does not end where we thought, because another relay wrote."""


class _Problem(Struct):
    code: int
    err_code: int = 0
    description: str = ""


class _Answer(Struct):
    error: _Problem | None = None


class _Sealed(Struct):
    """All that is read of a message: which position it says it is, and the hash of its fact."""

    position: str
    hash: str


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Stream]:
    """
    The stream while the connection lasts: its loss ends the block with TimeoutError.

    There is no reconnecting inside: after a loss the stream may be another one, so whoever
    comes back has to look at it anew.
    """
    async with asyncio.timeout(None) as lasting:
        client = Client()
        leaving = False

        async def lost() -> None:
            if not leaving:
                lasting.reschedule(0)

        try:
            await client.connect(
                url,
                name="papertape relay",
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                ping_interval=10,
                connect_timeout=2,
                closed_cb=lost,
                error_cb=_unsaid,
            )
            yield Stream(client)
        finally:
            leaving = True
            with suppress(*AWAY):
                async with asyncio.timeout(_CLOSE_S):
                    await client.close()


async def _unsaid(_: Exception) -> None:
    """What goes wrong is raised where it matters; the library would log it with a stack trace."""


class Stream:
    """The stream over one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._js = client.jetstream(timeout=_ANSWER_S)

    async def end(self, first: int) -> int:
        """The sequence of its last message; a missing stream is made, to begin at ``first``."""
        try:
            info = await self._js.stream_info(NAME)
        except NotFoundError:
            # A stream that exists is taken as it is: its replicas and limits are the operator's.
            config = StreamConfig(
                name=NAME,
                description="Papertape: sequence n is position n of the tape",
                subjects=[SUBJECTS],
                deny_delete=True,
                deny_purge=True,
                allow_atomic=True,
                first_seq=first,
            )
            info = await self._js.add_stream(config)
        if not info.config.allow_atomic or info.config.subjects != [SUBJECTS]:
            raise Refused(
                f"stream {NAME} must take {SUBJECTS} alone and allow atomic batches,"
                " which needs nats-server 2.12 or newer"
            )
        state = info.state
        if missing := state.last_seq - state.first_seq + 1 - state.messages:
            structlog.get_logger().warning("relay.holes", stream=NAME, missing=missing)
        return state.last_seq

    async def seal(self) -> tuple[int, str] | None:
        """The sequence and the hash of the last message there is; Refused if it is not ours."""
        try:
            last = await self._js.get_last_msg(NAME, SUBJECTS)
        except NotFoundError:
            return None
        assert last.seq is not None
        try:
            sealed = json.decode(last.data or b"", type=_Sealed)
        except DecodeError:
            sealed = _Sealed("", "")
        if sealed.position != str(last.seq):
            raise Refused(f"message {last.seq} of stream {NAME} was not published by a relay")
        return last.seq, sealed.hash

    async def publish(self, after: int, messages: Sequence[Message]) -> None:
        """
        Store messages right behind sequence ``after``; raise OutOfStep when it ends elsewhere.

        Whatever is raised, the same messages may be published again: they fit only once.
        """
        publish = self._one_by_one if len(messages) <= FEW else self._at_once
        async with asyncio.timeout(_ANSWER_S):
            answers = await publish(after, messages)
        for answer in answers:
            problem = json.decode(answer.data, type=_Answer).error
            if problem is not None and problem.err_code == _WRONG_LAST_SEQUENCE:
                raise OutOfStep(problem.description)
            if problem is not None:
                raise APIError(problem.code, problem.description, problem.err_code)

    async def _one_by_one(self, after: int, messages: Sequence[Message]) -> list[Msg]:
        """Each waits for nobody, but is refused unless the one before it was stored."""
        return await asyncio.gather(
            *(
                self._ask(message, {Header.EXPECTED_LAST_SEQUENCE: str(sequence)})
                for sequence, message in enumerate(messages, after)
            )
        )

    async def _at_once(self, after: int, messages: Sequence[Message]) -> list[Msg]:
        """All or nothing, and one answer, to the last."""
        batch = secrets.token_hex(8)
        headers: dict[str, str] = {Header.EXPECTED_LAST_SEQUENCE: str(after)}
        for number, (subject, body) in enumerate(messages, 1):
            headers |= {Header.BATCH_ID: batch, Header.BATCH_SEQUENCE: str(number)}
            if number < len(messages):
                await self._client.publish(subject, body, headers=_TYPE | headers)
                headers = {}
        return [await self._ask(messages[-1], {**headers, Header.BATCH_COMMIT: "1"})]

    async def _ask(self, message: Message, headers: dict[str, str]) -> Msg:
        subject, body = message
        return await self._client.request(subject, body, timeout=_ANSWER_S, headers=_TYPE | headers)
