"""Reading what was sent to somebody, as they would."""

from __future__ import annotations

import re
from html import unescape

import httpx

from tests.e2e.service import Service, eventually

_LETTER = re.compile(r"<h2>(.*?)</h2><p>To: (.*?)<pre>(.*?)</pre>", re.DOTALL)
_PROOF = re.compile(r"^    (\S+)$", re.MULTILINE)


def letters(service: Service, to: str, subject: str = "") -> list[str]:
    """The texts of the letters to this address, the last one first."""
    page = httpx.get(f"{service.url}/mailbox")
    page.raise_for_status()
    return [
        unescape(text)
        for about, whom, text in _LETTER.findall(page.text)
        if unescape(whom) == to.lower() and subject in unescape(about)
    ]


def proof(service: Service, to: str, subject: str, nth: int = 1) -> str:
    """The code or token in the nth letter about this, once it is there."""
    found = eventually(lambda: letters(service, to, subject), lambda them: len(them) >= nth)
    match = _PROOF.search(found[len(found) - nth])
    assert match
    return match[1]


OTP, RESET, VERIFY = "code to sign in", "another password", "your address?"
