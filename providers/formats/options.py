"""Choices of a person about a file that can be read in more than one way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DateOrder = Literal["", "day_first", "month_first"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`date_order` is for files whose dates could be read both ways; elsewhere the file itself decides."""

    date_order: DateOrder = ""
