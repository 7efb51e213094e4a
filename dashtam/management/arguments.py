"""Kinds of arguments of commands, which refuse in one sentence what they are not."""

from argparse import ArgumentTypeError
from collections.abc import Callable

HIGHEST_PORT = 65_535


def whole_number(lowest: int, highest: int | None = None) -> Callable[[str], int]:
    """A parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < lowest or (highest is not None and value > highest):
            bounds = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"
            raise ArgumentTypeError(f"it must be {bounds}, and not {value}")
        return value

    return parse


def seconds(text: str) -> float:
    """A number of seconds, none of them below zero."""
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no number of seconds") from None
    if not 0 <= value < float("inf"):
        raise ArgumentTypeError(f"it must be at least 0 seconds, and not {text}")
    return value
