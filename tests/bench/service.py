"""
The service with two more doors (tests.bench.extra).

    python -m tests.bench.service up                   everything, as ``papertape up``
    python -m tests.bench.service run PART... --fd N   its parts, as ``papertape run``
"""

from __future__ import annotations

import sys

EMPTY_POST = "/bench/empty"
SELECT_ONE = "/bench/one"


def main(words: list[str]) -> int:
    # Each loads no more than it does in life: what they weigh is measured.
    if words == ["up"]:
        from adapters.postgres import migrate
        from adapters.settings import load
        from api.up import up

        return up(load(), [migrate], module="tests.bench.service")
    from api.__main__ import main as papertape

    if "serve" in words:
        from tests.bench.extra import open_them

        open_them()
    return papertape(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
