"""
Schemathesis over the description of the API, against a service of its own.

    python -m tests.e2e.fuzz --examples 200

It reads ``/openapi.json`` as a stranger would, signed in, and sends what that allows and what it
does not: no answer may be a 5xx or an undocumented status, and each must be what is described.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from tests.e2e.service import Person, Service, running

SEED = 2
#: What is asked of every answer.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
#: Whoever asks for these is signed out, and sees no more than refusals from then on.
ENDING = "/auth/(logout|sessions|password)"
#: How often a value is one that is there, so that more than refusals is seen.
KNOWN = 0.7


def fuzz(
    service: Service, examples: int, folder: Path, *, quiet: bool = True
) -> subprocess.CompletedProcess[str]:
    """So many examples an operation; everything that was found is in its output."""
    with service.person() as person:
        (folder / "schemathesis.toml").write_text(_known(person))
        command = [
            str(Path(sys.executable).with_name("st")), "run", f"{service.url}/openapi.json",
            "--header", f"Authorization: Bearer {person.token}",
            "--checks", ",".join(CHECKS),
            "--max-examples", str(examples),
            "--seed", str(SEED),
            "--suppress-health-check", "all",
            "--request-timeout", "30",
            "--continue-on-failure",
            "--exclude-path-regex", ENDING,
            "--exclude-operation-id", "erase_me",  # it finds out its own address
        ]  # fmt: skip
        return subprocess.run(
            command, cwd=folder, capture_output=quiet, text=True, timeout=7200, check=False
        )


def _known(person: Person) -> str:
    """The settings of Schemathesis: what there is to be found by whoever asks."""
    account = person.account("1000000000")
    filled = person.filled(person.order(account)["order_id"])["order_id"]
    waiting = [person.resting(account)["order_id"] for _ in range(3)]
    (position,) = person.get("/positions", account_id=account)["items"]
    known = {
        "account_id": [account],
        "order_id": [filled, *waiting],
        "position_id": [position["position_id"]],
        "symbol": ["RELIANCE", "TCS", "BTCINR"],
        "currency": ["INR"],
        "quantity": ["1", "10", "0.001"],
        "price": ["1200", "1400.05", "9000000"],
        "as_of": ["1", "5", "2026-11-20T09:30:00Z"],
    }
    lines = []
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for name in known:
        for place in ("path", "query", "body"):
            lines.append(f'"{place}.{name}" = {{dictionary = "{name}", probability = {KNOWN}}}')
    return "\n".join(lines)


def fuzzed() -> AbstractContextManager[Service]:
    """A service whose tokens outlive the run."""
    return running(ACCESS_TOKEN_EXPIRE_MINUTES="1440", LOG_LEVEL="WARNING")


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.e2e.fuzz")
    parser.add_argument("--examples", type=int, default=200, help="how many an operation")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service ends as well
    with fuzzed() as service, tempfile.TemporaryDirectory() as folder:
        return fuzz(service, asked.examples, Path(folder), quiet=False).returncode


if __name__ == "__main__":
    sys.exit(main())
