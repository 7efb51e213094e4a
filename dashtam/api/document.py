"""How one operation stands in the OpenAPI document: what is true of every operation is written here, once.

Views say what is their own (`extend_schema`); errors that may happen to any request of a kind, the credentials it
takes, Idempotency-Key, ETag and the limits' headers follow from the view.
"""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema

from dashtam import errors
from dashtam.api import idempotency
from dashtam.api.problem_docs import Case, cases, merge

WORDS = {"api": "API", "totp": "TOTP", "id": "ID"}
BODIES = {"POST", "PUT", "PATCH"}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "description": "A new random value, such as a UUID, for each thing to create. Sent again within 24 hours, the "
    "same request gets the same answer, and creates nothing twice.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of an earlier answer: 304 without a body if it is still the same.",
}
# Headers of answers, among the document's components.
HEADERS = {
    "ETag": {
        "schema": {"type": "string"},
        "description": "Weak: equal as long as the body is (RFC 9110 §8.8.3).",
    },
    "Idempotency-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "Set when this is the answer to an earlier request with the same Idempotency-Key.",
    },
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."},
    "RateLimit-Policy": {
        "schema": {"type": "string"},
        "description": 'Each limit that this request counts towards: `"name";q=times;w=seconds`.',
    },
    "RateLimit": {
        "schema": {"type": "string"},
        "description": 'What is left of each: `"name";r=times left;t=seconds until all is back`.',
    },
}


class OperationSchema(AutoSchema):
    """drf-spectacular's, with what follows from our views."""

    view: Any  # an ApiView

    def get_tags(self) -> list[str]:
        """The noun that the address begins with, below `auth/` the next one."""
        nouns = [part for part in self._tokenize_path() if part != "auth"]
        return nouns[:1]

    def get_summary(self) -> str:
        """The operation's name as words, unless the view has better ones."""
        words = [WORDS.get(word, word) for word in str(self.get_operation_id()).split("_")]
        return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._complete(operation)
        return operation

    def _complete(self, operation: dict[str, Any]) -> None:
        if self.view.public:
            operation["security"] = []
        limited = "429" in operation["responses"]
        merge(operation, [*self._always(operation)])
        if self.view.idempotent and self.method == "POST":
            _takes_key(operation)
        if self.method == "GET":
            _has_etag(operation)
        if limited:
            _is_limited(operation)
        for status in {"429", "503"} & operation["responses"].keys():
            _tell(operation["responses"][status], "Retry-After")
        operation["responses"] = dict(sorted(operation["responses"].items()))

    def _always(self, operation: dict[str, Any]) -> Iterator[Case]:
        """The errors of any request of its kind: garbled, not allowed, one too many, or too large."""
        yield from cases(errors.BadRequest, errors.ValidationFailed, errors.TooManyRequests)
        yield from cases(
            errors.ServiceBusy, (errors.ServiceBusy, "deadline_exceeded", "database_unavailable")
        )
        if not self.view.public:
            yield from cases(errors.Unauthorized, errors.InvalidToken, errors.InsufficientScope)
            for each in self.view.get_authenticators():
                yield from cases(*each.refusals)
            yield from cases((errors.BadRequest, "invalid_request"))
        if "{" in self.path:
            yield from cases(errors.NotFound)
        if "requestBody" in operation:
            yield from cases(errors.PayloadTooLarge, errors.UnsupportedMedia)
            if "application/json" in operation["requestBody"]["content"]:
                yield from cases((errors.BadRequest, "malformed_json"))
        if self.view.idempotent and self.method == "POST":
            yield from cases(idempotency.IdempotencyKeyInvalid, idempotency.IdempotencyKeyReused)
            yield from cases(idempotency.IdempotencyInProgress)


def _takes_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for status, response in operation["responses"].items():
        if status < "500" and int(status) not in idempotency.NEVER_KEPT:
            _tell(response, idempotency.REPLAYED)


def _has_etag(operation: dict[str, Any]) -> None:
    found = operation["responses"].get("200")
    if found is None or "application/json" not in found.get("content", {}):
        return
    _tell(found, "ETag")
    operation.setdefault("parameters", []).append(IF_NONE_MATCH)
    operation["responses"]["304"] = {"description": "Nothing has changed."}
    _tell(operation["responses"]["304"], "ETag")


def _is_limited(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status < "300" or status == "429":
            _tell(response, "RateLimit-Policy", "RateLimit")


def _tell(response: dict[str, Any], *names: str) -> None:
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    response.setdefault("headers", {}).update(references)
