"""A machine that has read the description of the API finds no answer that is not in it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.fuzz import fuzz, fuzzed

SHUT = 40  # operations of the administration, and a few more
EXAMPLES = 4  # an operation; the command in ``fuzz`` asks for 200


def test_no_answer_is_an_error_of_ours_or_undocumented(tmp_path: Path) -> None:
    with fuzzed() as service:
        found = fuzz(service, EXAMPLES, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    counted = re.search(r"(\d+) generated, \1 passed", found.stdout)
    assert counted, found.stdout
    assert int(counted[1]) > 1000
    shut = re.search(r"Authentication failed: (\d+) operations", found.stdout)
    assert shut is None or int(shut[1]) < SHUT, "it was signed out on the way"
