"""Log lines: one for each event, as JSON or as text, without secrets and personal data.

An exception is written as its type and its places in the code, because its message may quote a row, a URL or text
that a person typed. Extra attributes of libraries' records are dropped; our own events attach `fields`.
"""

import contextvars
import logging
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
# Fields that each line of the running task carries.
carried: contextvars.ContextVar[Mapping[str, Any]] = contextvars.ContextVar(
    "carried", default=MappingProxyType({})
)


def event(logger: logging.Logger, name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event. Fields hold ids, codes and counts, never secrets."""
    logger.log(level, name, extra={"fields": fields})


def frames(error: BaseException) -> str:
    """The exception's type and the innermost places it came through, without its message."""
    stack = traceback.extract_tb(error.__traceback__)[-8:]
    return " < ".join((type(error).__name__, *(f"{at.filename}:{at.lineno}" for at in reversed(stack))))


class OwnWords(logging.Filter):
    """Removes secrets and URLs that libraries quote in their messages."""

    one_time_link = re.compile(r"(/connections/start/)[\w-]+")

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "django.request" and not record.exc_info:
            return False  # RequestMiddleware writes a line for each answer
        request = getattr(record, "request", None)
        if request is not None and isinstance(
            record.args, tuple
        ):  # Django names the path, which may hold a secret
            record.args = tuple(route(request) if each == request.path else each for each in record.args)
        words = record.getMessage()
        if record.name == "asyncio":  # its further lines are the objects at hand, and their exceptions
            words = words.partition("\n")[0]
        if "/connections/start/" in words:
            words = self.one_time_link.sub(r"\1…", words)
        record.msg, record.args = words, ()
        return True


def route(request: Any) -> str:
    """The URL pattern of a request, such as `/accounts/<uuid:account_id>`; `-` for an unknown path."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else "-"


def _values(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC)
    values = {
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "request_id": request_id.get(),
        "message": record.getMessage(),
        **carried.get(),
        **getattr(record, "fields", {}),
    }
    if record.exc_info and record.exc_info[1]:
        values["exception"] = frames(record.exc_info[1])
    return values


class JsonLine(JsonFormatter):
    """One JSON object on one line, in ASCII."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add our own fields only."""
        log_data.update(_values(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 logging's own name
        """The type and the places of an exception, without its message."""
        return frames(ei[1]) if ei[1] else ""


class TextLine(logging.Formatter):
    """One line of text for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; characters that do not print are escaped."""
        values = _values(record)
        first = "{time} {level} {logger} [{request_id}] {message}".format(**values)
        rest = (f"{name}={value}" for name, value in list(values.items())[5:])
        line = " ".join((first, *rest))
        return line if line.isprintable() else "".join(map(_visible, line))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
