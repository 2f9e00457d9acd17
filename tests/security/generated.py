"""Requests made from the description of the API, so that no route is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from msgspec import Struct

SOMEBODY = "01a204d1-a11d-7382-ad2f-510b83abaf2f"
WORDS = {
    "reason": "as agreed on Friday",
    "symbol": "RELIANCE",
    "currency": "INR",
    "email": "somebody@example.com",
    "name": "somebody",
    "scope": "platform",
    "permission": "users:read",
    "position": "1",
    "target_position": "1",
}
#: Given although no schema demands it: an order, or a bracket, is nothing without.
GIVEN = {"take_profit", "quantity"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


class Operation(Struct, frozen=True):
    """One method of one path, as the description has it."""

    method: str
    path: str
    spec: dict[str, Any]
    schemas: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def permission(self) -> str | None:
        return self.spec.get("x-permission")

    @property
    def is_public(self) -> bool:
        return self.spec.get("security") == []

    @property
    def ends_the_session(self) -> bool:
        """Whoever calls it on the way to others has nobody to ask them as."""
        return self.path.endswith("/auth/logout") or self.name == "DELETE /api/v1/auth/sessions"

    def parameters(self, place: str) -> list[dict[str, Any]]:
        return [one for one in self.spec.get("parameters", ()) if one["in"] == place]

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of what it takes, if it takes something."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return next(iter(content.values()))["schema"] if content else None

    def ids(self) -> set[str]:
        """The names of the ids that it takes, wherever they stand."""
        named = {one["name"] for place in ("path", "query") for one in self.parameters(place)}
        if self.body is not None:
            named |= self.properties(self.body).keys()
        return {name for name in named if name.endswith("_id")}

    def url(self, known: Mapping[str, str]) -> str:
        path = self.path
        for one in self.parameters("path"):
            value = known.get(one["name"]) or WORDS.get(one["name"], SOMEBODY)
            path = path.replace(f"{{{one['name']}}}", quote(value))
        return path

    def query(self, known: Mapping[str, str]) -> dict[str, Any]:
        return {
            one["name"]: self._value(one["name"], one["schema"], known)
            for one in self.parameters("query")
            if one.get("required") or one["name"] in known
        }

    def example(self, known: Mapping[str, str]) -> Any:
        """A body that breaks no rule of the schema."""
        return None if self.body is None else self._value("", self.body, known)

    def _value(self, name: str, schema: dict[str, Any], known: Mapping[str, str]) -> Any:
        if name in known or name in WORDS:
            return known.get(name) or WORDS[name]
        schema = self._resolved(schema)
        match schema:
            case {"enum": [first, *_]} | {"const": first}:
                return first
            case {"properties": properties}:
                wanted = {
                    *schema.get("required", ()),
                    *(properties.keys() & (known.keys() | GIVEN)),
                }
                return {one: self._value(one, properties[one], known) for one in sorted(wanted)}
            case {"type": "array"}:
                fewest = max(1, schema.get("minItems", 1))
                return [self._value("", schema["items"], known) for _ in range(fewest)]
            case {"type": "boolean"}:
                return False
            case {"type": "integer" | "number"}:
                return max(1, int(schema.get("minimum", 1)))
            case {"format": "uuid"}:
                return SOMEBODY
            case {"format": "date-time"}:
                return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            case {"format": "date"}:
                return datetime.now(UTC).date().isoformat()
            case {"type": "string", "pattern": str(pattern)} if pattern.startswith("^[0-9]"):
                return "1"
            case {"type": "object"}:
                return {}
            case _:
                return "somebody"

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while True:
            if "$ref" in schema:
                schema = self.schemas[schema["$ref"].rpartition("/")[2]]
            elif "oneOf" in schema:
                schema = next(one for one in schema["oneOf"] if one.get("type") != "null")
            else:
                return schema

    def properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._resolved(schema).get("properties", {})
        return found


def operations(url: str) -> list[Operation]:
    """Every operation under /api/v1 of the running service."""
    document = httpx.get(f"{url}/openapi.json").json()
    schemas = document["components"]["schemas"]
    return [
        Operation(method.upper(), path, spec, schemas)
        for path, methods in sorted(document["paths"].items())
        for method, spec in sorted(methods.items())
        if path.startswith("/api/v1/")
    ]


def ids_in(value: Any) -> Iterator[tuple[str, str]]:
    """Every id that an answer names, by the name it has there."""
    match value:
        case dict():
            for name, inner in value.items():
                if name.endswith("_id") and isinstance(inner, str):
                    yield name, inner
                yield from ids_in(inner)
        case list():
            for inner in value:
                yield from ids_in(inner)
