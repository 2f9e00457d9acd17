"""The rules of the house that no linter knows: each takes a source and says what breaks it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from tests.architecture.source import ROOMS, imports, uses

LINES_MAX = 300
FUNCTION_LINES_MAX = 50

VAGUE = frozenset(
    {"Manager", "Service", "Helper", "Helpers", "Util", "Utils", "Handler", "DTO", "Dto", "Impl"}
)
SECRET = re.compile(
    r"(?:^|_)(?:password|passphrase|passwd|pwd|secret|token|otp|totp|pin|credentials?"
    r"|(?:api|access|private|signing)_?key)s?(?:_|$)"
)
GUESSED = re.compile(r"(?:^|_)(?:token|secret|signature|password|csrf|nonce|otp|mac)$")
CLOCKS_AND_DICE = (
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "time",
    "uuid.uuid1",
    "uuid.uuid4",
    "random",
    "secrets",
    "os.urandom",
)
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.putenv")

#: What a room may import besides the standard library and the rooms below it.
TOOLS = {
    "domain": {"msgspec", "immutables"},
    "commands": {"msgspec", "immutables"},
    "projections": {"msgspec", "psycopg"},
}


def says_what_it_is_for(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    if tree.body and not ast.get_docstring(tree):
        yield "a module opens by saying what it is for"


def stays_small(source: str) -> Iterator[str]:
    if (lines := source.count("\n")) > LINES_MAX:
        yield f"{lines} lines, {LINES_MAX} at most: a context becomes a folder"


def compares_secrets_in_constant_time(source: str) -> Iterator[str]:
    """``==`` ends at the first letter that differs, and the time it takes tells where that is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(
            isinstance(one, ast.Eq | ast.NotEq) for one in node.ops
        ):
            for side in (node.left, *node.comparators):
                if GUESSED.search(getattr(side, "attr", getattr(side, "id", ""))):
                    yield f"line {node.lineno}: hmac.compare_digest, not =="


def functions_fit_a_screen(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length >= FUNCTION_LINES_MAX:
                yield f"line {node.lineno}: {node.name} has {length} lines"


def names_say_something(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            words = set(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", node.name))
            if vague := words & VAGUE:
                yield f"line {node.lineno}: {node.name}: {vague.pop()} says nothing of the trade"


def holds_no_secret(source: str) -> Iterator[str]:
    """A fact and a command are kept for ever, so no field of theirs is a secret."""
    for owner in ast.walk(ast.parse(source)):
        if isinstance(owner, ast.ClassDef):
            for node in owner.body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    name = node.target.id
                    if SECRET.search(name.lower()):
                        yield f"line {node.lineno}: {owner.name}.{name}: secrets stop at the edge"


def knows_no_clock_and_no_dice(source: str) -> Iterator[str]:
    for name in sorted(uses(ast.parse(source))):
        if any(name == banned or name.startswith(f"{banned}.") for banned in CLOCKS_AND_DICE):
            yield f"{name}: time, names and chance are given at the edge"


def leaves_the_environment_alone(source: str) -> Iterator[str]:
    for name in sorted(uses(ast.parse(source))):
        if any(name == banned or name.startswith(f"{banned}.") for banned in ENVIRONMENT):
            yield f"{name}: adapters/settings.py alone reads the environment"


def knows_only_its_tools(source: str, room: str) -> Iterator[str]:
    for name in sorted({name.split(".")[0] for name in imports(ast.parse(source))}):
        if name not in ROOMS and name not in sys.stdlib_module_names and name not in TOOLS[room]:
            yield f"{room} does not know {name}"
