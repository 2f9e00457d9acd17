"""A small client of our own API, for the tour: JSON in and out, and problems as exceptions."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PREFIX = "/api/v1"
TIMEOUT_S = 15


class Problem(Exception):
    """The service said no, and said why; ``position`` is where the tape has it, if it does."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", status))
        self.position = int(body.get("position") or 0)
        super().__init__(f"{status} {self.code}: {body.get('detail', '')}")


class Client:
    """Signed in once, it signs in again when its token is no longer good."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "127.0.0.1", parts.port or 80
        self._person: dict[str, str] | None = None
        self._token = ""

    def sign_in(self, person: dict[str, str]) -> None:
        self._token = ""
        self._token = self._ask("POST", "/auth/login", person)["access_token"]
        self._person = person

    def get(self, path: str, at_least: int = 0) -> Any:
        """``at_least`` is the position of the tape that the answer must show."""
        return self._again("GET", path, None, {"X-Min-Position": str(at_least)} if at_least else {})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._again("POST", path, body, {})

    def _again(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        try:
            return self._ask(method, path, body, headers)
        except Problem as problem:
            if problem.status != http.client.UNAUTHORIZED or self._person is None:
                raise
            self.sign_in(self._person)
            return self._ask(method, path, body, headers)

    def _ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        said = {"Content-Type": "application/json", **(headers or {})}
        if self._token:
            said["Authorization"] = f"Bearer {self._token}"
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_S)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, PREFIX + path, data, said)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise Problem(response.status, answer)
        return answer
