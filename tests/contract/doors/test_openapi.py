"""
The API as it is described, in one line an operation and one a type: the day it changes, this tells.

    python -m tests.contract.doors.test_openapi        writes the outline anew
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from adapters.tape import MemoryTape
from api.app import create_app
from tests.contract.doors.rig import make

OUTLINE = Path(__file__).with_name("openapi.txt")
EVERY = "429"  # what every route may answer is not repeated
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def described(keys: Path) -> dict[str, Any]:
    app = create_app(make(keys, MemoryTape()))
    document: dict[str, Any] = json.loads(app.state["openapi"]())
    return document


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return described(tmp_path_factory.mktemp("keys"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def outline(document: dict[str, Any]) -> str:
    lines = [_operation(*found) for found in operations(document)]
    types = [_type(name, schema) for name, schema in document["components"]["schemas"].items()]
    return "\n".join([*sorted(lines), "", *sorted(types), ""])


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    asked = [
        f"{one['name']}{'' if one['required'] else '?'} {_shape(one['schema'])}"
        for one in operation.get("parameters", [])
    ]
    if body := operation.get("requestBody"):
        asked.append(_shape(body["content"]["application/json"]["schema"]))
    answers = {
        status: _shape(next(iter(response["content"].values()))["schema"])
        for status, response in sorted(operation["responses"].items())
    }
    good = [f"{status} {shape}" for status, shape in answers.items() if shape != "Problem"]
    bad = [status for status, shape in answers.items() if shape == "Problem" and status != EVERY]
    who = "" if operation["security"] else " (public)"
    return (
        f"{method.upper()} {path}{who} {operation['operationId']}({', '.join(asked)})"
        f" -> {', '.join(good)} | {' '.join(bad)}"
    )


def _type(name: str, schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return f"{name}: {' '.join(schema['enum'])}"
    required = set(schema.get("required", ()))
    fields = [
        f"{field}{'' if field in required else '?'} {_shape(kind)}"
        for field, kind in schema["properties"].items()
    ]
    return f"{name}: {', '.join(fields)}"


def _shape(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"oneOf": list(options)}:
            return "|".join(_shape(option) for option in options)
        case {"type": "array", "items": dict(items)}:
            return f"[{_shape(items)}]"
        case {"type": "string", "pattern": str(pattern)} if pattern.startswith("^[0-9]"):
            return "amount"
        case {"enum": list(values)} | {"const": values}:
            return "/".join(map(str, values if isinstance(values, list) else [values]))
        case {"format": str(form)}:
            return form
        case {"type": str(kind)}:
            return kind
        case _:
            return "any"


def test_the_description_is_the_one_that_was_agreed(document: dict[str, Any]) -> None:
    assert outline(document) == OUTLINE.read_text()


def test_the_description_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["description"].endswith("."), f"{method} {path}"
        assert operation["operationId"].isidentifier()


def test_whatever_goes_wrong_is_a_problem(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                media_types = response["content"]
                assert list(media_types) == ["application/problem+json"], (
                    f"{method} {path} {status}"
                )
                assert media_types["application/problem+json"]["schema"] == PROBLEM
        wanted = {"400", "401", EVERY} if operation["security"] else {"400", EVERY}
        assert wanted <= operation["responses"].keys()


def test_amounts_are_strings_with_a_pattern(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    amount = schemas["Transfer"]["properties"]["amount"]
    assert (amount["type"], amount["pattern"][:7]) == ("string", "^[0-9]{")
    for name, schema in schemas.items():
        for field, kind in schema.get("properties", {}).items():
            assert kind.get("type") != "number", f"{name}.{field}"


def test_what_a_request_may_not_say_is_said(document: dict[str, Any]) -> None:
    for _, _, operation in operations(document):
        if body := operation.get("requestBody"):
            schema = body["content"]["application/json"]["schema"]
            for option in schema.get("oneOf", [schema]):
                if "$ref" in option:
                    name = option["$ref"].rpartition("/")[2]
                    assert document["components"]["schemas"][name]["additionalProperties"] is False


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        OUTLINE.write_text(outline(described(Path(folder))))
