"""A browser, as far as it matters to an attacker: it keeps cookies and says where it is."""

from __future__ import annotations

from typing import Any

import httpx

from tests.e2e.api.doorstep import somebody


class Browser:
    """Keeps ``__Host-`` cookies by hand: no client sends them over plain HTTP by itself."""

    def __init__(self, http: httpx.Client, device: str | None = None) -> None:
        self.http = http
        self.cookies: dict[str, str] = {"__Host-device": device} if device else {}
        self.set_cookies: list[str] = []
        self.csrf = ""

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """As a page of our own would; ``headers`` that are None are left out."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Sec-Fetch-Site": "same-origin",
            "X-CSRF-Token": self.csrf,
            "X-Session-Mode": "cookie",
            **how.pop("headers", {}),
        }
        given = {name: value.encode("latin-1") for name, value in headers.items() if value}
        response = self.http.request(method, path, headers=given, **how)
        self._keep(response)
        return response

    def sign_in(self, who: dict[str, str]) -> dict[str, Any]:
        response = self.send("POST", "/auth/login", json=who)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def sign_up(self) -> dict[str, str]:
        who = somebody()
        assert self.http.post("/auth/signup", json=who).status_code == 201
        self.sign_in(who)
        return who

    def _keep(self, response: httpx.Response) -> None:
        if response.is_success and "csrf_token" in response.text:
            self.csrf = response.json()["csrf_token"]
        for header in response.headers.get_list("set-cookie"):
            self.set_cookies.append(header)
            name, _, rest = header.partition("=")
            value, _, bounds = rest.partition(";")
            if "Max-Age=0" in bounds:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
