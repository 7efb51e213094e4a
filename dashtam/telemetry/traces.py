"""Spans of requests, tasks, calls to institutions and hops to the database, where an OpenTelemetry collector is named.

The standard variables turn them on (`OTEL_EXPORTER_OTLP_ENDPOINT` or that of a signal). Until then nothing of
OpenTelemetry is imported, and a span costs one look at a variable.

A span holds patterns and words of our own code: routes without their values, names of tasks, institutions and
functions, and the types of errors. No URL, address, message of an exception or SQL is in one.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

Attributes = Mapping[str, str | int | float | bool]


class Span(Protocol):
    """One piece of work, as far as our own code tells of it."""

    def name(self, name: str) -> None:
        """Give it another name, which is known only later."""

    def note(self, attributes: Attributes) -> None:
        """Add what is known only later."""

    def failed(self, reason: str) -> None:
        """Mark it as failed; the reason is a code or the type of an error."""


class Tracer(Protocol):
    """Makes spans; each belongs to the one around it."""

    def span(self, name: str, kind: str, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span for the time of the block; `kind` is server, client, consumer or internal."""


class _NoSpan:
    """Stands for a span while there is no collector."""

    def name(self, name: str) -> None: ...

    def note(self, attributes: Attributes) -> None: ...

    def failed(self, reason: str) -> None: ...


_NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())
tracer: Tracer | None = None


def span(name: str, kind: str = "internal", **attributes: Any) -> AbstractContextManager[Span]:
    """A span for the time of the block. Names of attributes have `__` for a dot."""
    if tracer is None:
        return _NOTHING
    return tracer.span(name, kind, {key.replace("__", "."): value for key, value in attributes.items()})


def wanted(signal: str) -> bool:
    """True if the environment names a collector for `traces` or `metrics`."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp") != "otlp":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    return any(os.environ.get(name) for name in names)
