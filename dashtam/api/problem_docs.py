"""The errors of an operation in the OpenAPI document: each status with its codes, each code with an example."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from dashtam import errors

MEDIA_TYPE = "application/problem+json"
# An error class, a class with the codes it is raised with here, or a status, which stands for its usual class.
Kind = int | type[errors.DashtamError] | tuple[Any, ...]
USUAL: dict[int, tuple[type[errors.DashtamError], ...]] = {
    400: (errors.BadRequest, errors.ValidationFailed),
    401: (errors.Unauthorized, errors.InvalidToken),
}


class Case(NamedTuple):
    """One code that a status may come with."""

    status: int
    code: str
    title: str
    detail: str

    @property
    def example(self) -> dict[str, Any]:
        """A problem of this kind."""
        return {
            "type": f"urn:dashtam:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": "8f3a1c5e7b9d2f46",
        }


class FieldProblem(serializers.Serializer[Any]):
    """An error of one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """An error, as RFC 9457 lays it out. `code` is stable; the words may change."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    request_id = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]


def cases(*kinds: Kind) -> Iterator[Case]:
    """Every code of these kinds."""
    for kind in kinds:
        if isinstance(kind, int):
            yield from cases(*USUAL.get(kind, (_usual(kind),)))
        else:
            error, *codes = kind if isinstance(kind, tuple) else (kind,)
            for code in codes or (error.code,):
                yield Case(error.status, code, error.title, error.detail)


def problem_responses(*kinds: Kind) -> dict[Any, OpenApiResponse]:
    """The error answers of one operation, to be merged into the `responses` of its extend_schema."""
    by_status: dict[int, list[Case]] = {}
    for case in cases(*kinds):
        by_status.setdefault(case.status, []).append(case)
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            Problem,
            _title(status),
            [OpenApiExample(case.code, value=case.example, status_codes=[str(status)]) for case in found],
        )
        for status, found in by_status.items()
    }


def merge(operation: dict[str, Any], more: Iterable[Case]) -> None:
    """Add cases to those of an operation; then name the codes of each status, in words and as `x-codes`."""
    responses = operation["responses"]
    for case in more:
        empty = {"description": _title(case.status), "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM}}}}
        content = responses.setdefault(str(case.status), empty)["content"]
        if MEDIA_TYPE in content:  # else the operation answers this status in its own way
            examples = content[MEDIA_TYPE].setdefault("examples", {})
            if case.code not in {each["value"]["code"] for each in examples.values()}:
                examples[case.code] = {"value": case.example}
    for response in responses.values():
        content = response.get("content", {}).get(MEDIA_TYPE)
        if content is not None:
            content["examples"] = {
                each["value"]["code"]: each for each in content.get("examples", {}).values()
            }
            response["x-codes"] = list(content["examples"])
            words = ", ".join(f"`{code}`" for code in content["examples"])
            response["description"] = f"{response['description']} Codes: {words}."


def share(schema: dict[str, Any]) -> None:
    """Write each problem's example once, among the components, and refer to it."""
    examples = schema["components"].setdefault("examples", {})
    for path in schema["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                own = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
                for code, example in own.items():
                    examples.setdefault(
                        code, {"summary": example["value"]["title"], "value": example["value"]}
                    )
                    own[code] = {"$ref": f"#/components/examples/{code}"}
    schema["components"]["examples"] = dict(sorted(examples.items()))


PROBLEM = "#/components/schemas/Problem"


def _usual(status: int) -> type[errors.DashtamError]:
    return next(kind for kind in errors.DashtamError.__subclasses__() if kind.status == status)


def _title(status: int) -> str:
    return _usual(status).title
