"""Work that is stopped in a restored database, because the original has done it meanwhile. Apps register it here."""

from collections.abc import Callable

from django.db import transaction

_registered: list[Callable[[], str]] = []


def register(stop: Callable[[], str]) -> None:
    """Have this run after each restore, when all tables are those of the present code.

    It returns a sentence for the administrator, or an empty text where there was nothing to stop.
    """
    _registered.append(stop)


def quieten() -> list[str]:
    """Run what is registered; returns the sentences."""
    with transaction.atomic():
        return [sentence for stop in _registered if (sentence := stop())]
