"""
The door itself: HTTP/1.1 as its grammar says, and nothing that two readers could read apart.

The parser refuses what smuggles one request inside another (two lengths, a length beside chunks,
folded lines).  What it refuses is answered here, in the form of all our refusals.
"""

from __future__ import annotations

from typing import Any

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.doorman import ALWAYS, NO_PAGE
from api.problems import MEDIA_TYPE, bare

#: More than that is no head of a request, but an attempt to fill our memory.
HEAD_BYTES_MAX = 65_536
_LENGTH = b"content-length: %d\r\n"
_END = b"connection: close\r\ncache-control: no-store\r\n\r\n"


class Door(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_bytes = 0
        self._in_head = True

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX + len(data):
                self.send_400_response("")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if not self._is_plain():
            raise HttpParserError  # as if the parser had found it
        super().on_headers_complete()

    def _is_plain(self) -> bool:
        """One host, and chunks only where and as everybody knows them."""
        hosts, coded, as_chunks = 0, False, True
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding":
                coded, as_chunks = True, as_chunks and value.lower() == b"chunked"
        match self.parser.get_http_version():
            case "1.1":
                return hosts == 1 and as_chunks
            case "1.0":
                return hosts <= 1 and not coded
            case _:
                return False

    def send_400_response(self, msg: str) -> None:
        """``msg`` says nothing that helps whoever sent this."""
        if self.transport.is_closing():
            return
        body = bare("REQUEST_MALFORMED", "")
        head = b"".join(b"%s: %s\r\n" % header for header in (*ALWAYS, NO_PAGE))
        media_type = b"content-type: %s\r\n" % MEDIA_TYPE.encode()
        length = _LENGTH % len(body)
        status = b"HTTP/1.1 400 Bad Request\r\n"
        self.transport.write(status + head + media_type + length + _END + body)
        self.transport.close()
