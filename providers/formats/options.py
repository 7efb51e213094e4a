"""Choices of a person about a file that can be read in more than one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DateOrder = Literal["", "day_first", "month_first"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`date_order` is for files whose dates could be read both ways; elsewhere the file itself decides.

    `layouts` are what a person said of tables, by the fingerprint of their shape; see `providers.formats.csv`.
    """

    date_order: DateOrder = ""
    layouts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
