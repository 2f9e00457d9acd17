"""An authenticator in somebody's hand: it shows a code for each half minute."""

from __future__ import annotations

import time

import httpx
import pyotp

from adapters.people.authenticators import STEP_S


class Authenticator:
    """Each code is good once, so ``next`` shows the one after that which was shown last."""

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.HOTP(secret)
        self._shown = 0

    def next(self) -> str:
        """Good from half a minute before its time to half a minute after: there are three now."""
        now = int(time.time()) // STEP_S
        self._shown = max(self._shown + 1, now - 1)
        until = (self._shown - 1) * STEP_S
        if time.time() < until:
            time.sleep(until - time.time())
        return self._codes.at(self._shown)

    def wrong(self) -> str:
        """What it shows at no time near to this."""
        now = int(time.time()) // STEP_S
        near = {self._codes.at(step) for step in range(now - 3, now + 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in near)


def set_up(http: httpx.Client, token: str) -> tuple[Authenticator, list[str]]:
    """An authenticator of whoever has this token, and the recovery codes."""
    bearer = {"Authorization": f"Bearer {token}"}
    offered = http.post("/auth/totp", headers=bearer)
    assert offered.status_code == 201, offered.text
    mine = Authenticator(offered.json()["secret"])
    confirmed = http.post("/auth/totp/confirm", json={"code": mine.next()}, headers=bearer)
    assert confirmed.status_code == 200, confirmed.text
    return mine, confirmed.json()["recovery_codes"]
