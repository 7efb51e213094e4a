"""Sizes of what comes in, measured before any of it is parsed, normalised, matched or hashed.

Some of that work grows with the square of a text's length (Unicode normalisation takes 19 s for 240 kB of combining
marks), and all of it happens before the rules of a field are asked. What passes here is short enough for all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dashtam import errors
from dashtam.bridge.doors import run_aside

LARGEST_HEADERS = 32_768  # bytes of all headers together; uvicorn has a bound of 64 kB, with their names
LONGEST_QUERY = 8_192  # bytes of the query string, and of the path
LARGEST_FORM = 65_536  # bytes of a form without files
LONGEST_TEXT = 20_000  # characters of one text in JSON, and of a passkey's answer; no field takes more
MOST_VALUES = 1_000  # of a body of JSON: objects, lists, names and values
MOST_NAMED = 100  # fields of one object, or elements of one list
QUICK_BYTES = 16_384  # a body of more than this is parsed on a thread
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class UriTooLong(errors.BadRequest):
    """RFC 9110 §15.5.15."""

    status = 414
    code = "uri_too_long"
    title = "This address is too long."
    detail = "Send at most 8 kB of path and as much of parameters."


class HeadersTooLarge(errors.BadRequest):
    """RFC 6585 §5."""

    status = 431
    code = "headers_too_large"
    title = "These headers are too large."
    detail = "Send at most 32 kB of headers. In a browser, delete the cookies of this site and try again."


def check_head(scope: Mapping[str, Any]) -> None:
    """Measure address and headers of a request or WebSocket handshake. Raises UriTooLong, HeadersTooLarge."""
    if max(len(scope.get("query_string", b"")), len(scope["path"])) > LONGEST_QUERY:
        raise UriTooLong
    # Without the token: its own length is measured first where it is read, and the answer to any is 401.
    if sum(len(value) for name, value in scope["headers"] if name != b"authorization") > LARGEST_HEADERS:
        raise HeadersTooLarge


def content_length(request: Any) -> int:
    """The length of the body in bytes; 0 where the header is no number."""
    given = request.META.get("CONTENT_LENGTH") or "0"
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0


async def load_form(request: Any) -> None:
    """Parse the form of a page's request. Raises PayloadTooLarge, and what Django raises for what it cannot read."""
    size = content_length(request)
    if request.content_type == URLENCODED and size > LARGEST_FORM:
        raise errors.PayloadTooLarge
    if request.content_type not in {URLENCODED, MULTIPART}:
        return
    if size > QUICK_BYTES:
        await run_aside(getattr, request, "POST")
    len(request.POST)  # parsed now, if not yet: what Django raises is raised here


def wrong_sizes(body: Mapping[str, Any]) -> list[errors.FieldError]:
    """Fields of a parsed body that are too long, or hold too much; stops after MOST_VALUES."""
    if len(body) > MOST_NAMED:
        return [errors.FieldError("", "too_many", f"Send at most {MOST_NAMED} fields.")]
    wrong, left = [], MOST_VALUES
    for name, value in body.items():
        left = _left_after([name, value], left)
        if left < 0:
            wrong.append(errors.FieldError(name[:100], "too_long", "This is more than any field takes."))
            break
    return wrong


def _left_after(values: Iterable[Any], left: int) -> int:
    """`left` less the number of all values and what they hold; -1 once there are too many, or one is too long."""
    stack = list(values)
    while stack and left >= 0:
        value = stack.pop()
        left -= 1
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            return -1
        if isinstance(value, (dict, list)):
            if len(value) > MOST_NAMED:
                return -1
            stack += [*value, *value.values()] if isinstance(value, dict) else value
    return max(left, -1)
