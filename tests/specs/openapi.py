"""OpenAPI documents as validators of requests and answers."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """One vendor's document. What it does not name is left alone; `nullable` counts as it does in OpenAPI 3.0."""

    def __init__(self, path: Path) -> None:
        tree = yaml.load(path.read_text(), Loader=LOADER)  # noqa: S506 - one of two safe loaders
        self.tree = _as_json_schema(tree)
        self.registry: Any = Registry().with_resource(
            "doc:", Resource.from_contents(self.tree, default_specification=DRAFT202012)
        )
        self.checked: dict[str, int] = {}

    def request(self, method: str, path: str, body: bytes) -> list[str]:
        """The faults of a request's JSON body."""
        content = self._operation(method, path).get("requestBody", {}).get("content", {})
        return self._faults(content, body, f"{method} {path} request")

    def answer(self, method: str, path: str, status: int, body: bytes) -> list[str]:
        """The faults of an answer, by the schema of its status."""
        answers = self._operation(method, path)["responses"]
        found = answers.get(str(status)) or answers.get("default")
        if found is None:
            return [f"{method} {path}: {status} is not in the document"]
        return self._faults(self.at(found).get("content", {}), body, f"{method} {path} {status}")

    def parameters(self, method: str, path: str) -> dict[str, dict[str, Any]]:
        """The parameters of an operation, by place and name."""
        rows = [
            *self._path(path)[1].get("parameters", []),
            *self._operation(method, path).get("parameters", []),
        ]
        return {f"{row['in']} {row['name'].lower()}": row for row in map(self.at, rows)}

    def schema_of(self, method: str, path: str) -> Any:
        """The schema of a good answer."""
        answer = self.at(self._operation(method, path)["responses"]["200"])
        return answer["content"]["application/json"]["schema"]

    def _faults(self, content: dict[str, Any], body: bytes, what: str) -> list[str]:
        self.checked[what] = self.checked.get(what, 0) + 1
        media = content.get("application/json") or content.get("application/json; charset=utf-8")
        if media is None or "schema" not in media:
            return []
        validator = jsonschema.Draft202012Validator(
            _absolute(media["schema"]), registry=self.registry, format_checker=jsonschema.FormatChecker()
        )
        found = msgspec.json.decode(body) if body else None
        return [
            f"{what}: {'/'.join(map(str, e.path))}: {e.message[:200]}" for e in validator.iter_errors(found)
        ]

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self._path(path)[1][method.lower()]
        return found

    def _path(self, path: str) -> tuple[str, dict[str, Any]]:
        """The template and the operations of a concrete path; the one with fewest parameters wins."""
        parts = path.strip("/").split("/")
        fits = [
            (template, found)
            for template, found in self.tree["paths"].items()
            if _fits(template.strip("/").split("/"), parts)
        ]
        if not fits:
            raise LookupError(f"{path} is not in the document")
        return min(fits, key=lambda each: each[0].count("{"))

    def at(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node itself, or the one that it refers to."""
        while "$ref" in node:
            place: Any = self.tree
            for part in node["$ref"].removeprefix("doc:").removeprefix("#/").split("/"):
                place = place[part]
            node = place
        return node


def _fits(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        own.startswith("{") or own == given for own, given in zip(template, parts, strict=True)
    )


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            k: f"doc:{v}" if k == "$ref" and v.startswith("#") else _absolute(v) for k, v in schema.items()
        }
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema


def _as_json_schema(tree: Any) -> Any:
    """The document in words of JSON Schema: what is `nullable` may be null, and examples are of no interest."""
    if isinstance(tree, list):
        return [_as_json_schema(each) for each in tree]
    if not isinstance(tree, dict):
        return tree.isoformat() if hasattr(tree, "isoformat") else tree
    found = {key: _as_json_schema(value) for key, value in tree.items() if key not in ("example", "examples")}
    for bound in ("Minimum", "Maximum"):
        if isinstance(found.get(f"exclusive{bound}"), bool):
            del found[f"exclusive{bound}"]
    if found.pop("nullable", False) is True:
        plain = copy.copy(found)
        return {"anyOf": [{"type": "null"}, plain]}
    return found
