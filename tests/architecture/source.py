"""The source as the rules of the house see it: files, syntax trees, and the names they use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.secret_scan import kept

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "commands", "projections", "adapters", "api")


def modules(*folders: str) -> list[Path]:
    """The Python files of these folders, as paths from the root."""
    return [
        path.relative_to(ROOT)
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def kept_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every text file that git keeps, or would keep."""
    for path in kept(ROOT):
        try:
            yield str(path.relative_to(ROOT)), path.read_text()
        except UnicodeDecodeError:
            continue  # no text


def imports(tree: ast.AST) -> Iterator[str]:
    """The dotted name of every module that is imported, anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def uses(tree: ast.AST) -> set[str]:
    """
    Every imported thing that is used, by its full dotted name.

    ``from datetime import datetime`` and ``datetime.now()`` give ``datetime.datetime.now``.
    """
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return {name for node in ast.walk(tree) if (name := _dotted(node, known))}


def _dotted(node: ast.AST, known: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, known)
        return f"{owner}.{node.attr}" if owner else None
    return None
