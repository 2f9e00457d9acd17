"""A machine that has read the description of the API finds no answer that is not in it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.e2e.fuzz import fuzz, fuzzed

FEW = 8  # operations that ask for what no permission is, such as to be nobody yet
EXAMPLES = 4  # an operation; the command in ``fuzz`` asks for 200


def test_no_answer_is_an_error_of_ours_or_undocumented(tmp_path: Path) -> None:
    with fuzzed() as service:
        found = fuzz(service, EXAMPLES, tmp_path)
        paths = httpx.get(f"{service.url}/openapi.json").json()["paths"]
    assert found.returncode == 0, found.stdout + found.stderr
    counted = re.search(r"(\d+) generated, \1 passed", found.stdout)
    assert counted, found.stdout
    assert int(counted[1]) > 1000
    shut = re.search(r"Authentication failed: (\d+) operations", found.stdout)
    operations = [operation for path in paths.values() for operation in path.values()]
    guarded = [one for one in operations if one.keys() & {"x-permission", "x-fresh-proof"}]
    assert shut is None or int(shut[1]) <= len(guarded) + FEW, "it was signed out on the way"
