"""
Schemathesis over the description of the API, against a service of its own.

    python -m tests.e2e.fuzz --examples 200

It reads ``/openapi.json`` as a stranger would, signed in, and sends what that allows and what it
does not: no answer may be a 5xx or an undocumented status, and each must be what is described.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.service import KEPT, Service, running

SEED = 2
#: What the tape, the documents and the machine are asked of every answer.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def fuzz(service: Service, examples: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """So many examples an operation; everything that was found is in its output."""
    with service.person() as person:
        account = person.account("1000000000")
        person.filled(person.order(account)["order_id"])
        command = [
            str(Path(sys.executable).with_name("st")), "run", f"{service.url}/openapi.json",
            "--header", f"Authorization: Bearer {person.token}",
            "--checks", ",".join(CHECKS),
            "--max-examples", str(examples),
            "--seed", str(SEED),
            "--suppress-health-check", "all",
            "--request-timeout", "30",
            "--continue-on-failure",
        ]  # fmt: skip
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=3600, check=False
        )


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.e2e.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="how many an operation")
    asked = parser.parse_args()
    with fuzzed() as service, tempfile.TemporaryDirectory() as folder:
        found = fuzz(service, asked.examples, Path(folder))
    print(found.stdout + found.stderr)
    return found.returncode


def fuzzed():
    return running(ACCESS_TOKEN_EXPIRE_MINUTES="1440", LOG_LEVEL="WARNING")


if __name__ == "__main__":
    sys.exit(main())
