"""A ``.env`` file: KEY=VALUE lines, with comments, quotes and ``export``."""

from __future__ import annotations

import re
from pathlib import Path

LINE = re.compile(
    r"""\s* (?:export\s+)? (?P<name>[A-Za-z_]\w*) \s*=\s*
    (?: '(?P<literal>[^']*)' | "(?P<quoted>(?:\\.|[^"\\])*)" | (?P<bare>[^'"\#\s] .*? | ) )
    (?: \s+\#.* )? \s*""",
    re.VERBOSE,
)
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\", r"\$": "$"}


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    """The variables of a file (none when there is no file), and what is wrong with its lines."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"{path} cannot be read: {type(error).__name__}"]
    values: dict[str, str] = {}
    wrong: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            wrong.append(f"{path} line {number} must be KEY=VALUE")
            continue
        literal, quoted, bare = match.group("literal", "quoted", "bare")
        if quoted is not None:
            values[match["name"]] = re.sub(r"\\.", lambda m: ESCAPES.get(m[0], m[0]), quoted)
        else:
            values[match["name"]] = literal if literal is not None else bare
    return values, wrong
