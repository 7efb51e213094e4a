"""JSON of vendors: bodies read as plain data, and answers whose decimals are numbers, exact to the last digit."""

import secrets
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse

_encoder = msgspec.json.Encoder(decimal_format="number")


def answer(data: Any, status: int = 200, **headers: str) -> HttpResponse:
    """A JSON answer that no cache keeps. Header names are given with underscores."""
    response = HttpResponse(_encoder.encode(data), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def members(request: HttpRequest) -> dict[str, Any] | None:
    """The members of a JSON object; None for anything else."""
    try:
        return msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def minted(kind: str, size: int = 18) -> str:
    """A new random id, such as `access-3f0c…`."""
    return f"{kind}-{secrets.token_hex(size)}"
