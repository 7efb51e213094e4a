"""Plans of statements that must fit their values."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned_for_its_values() -> Iterator[None]:
    """Plan each statement inside anew, for the values that it has.

    A statement that comes again is prepared, and from the sixth time on PostgreSQL may take one plan for all values.
    That plan knows neither how many rows this person has nor how seldom these words are: a search then reads all rows
    in their order, in the hope of a hit soon.
    """
    connection.ensure_connection()
    postgres = connection.connection
    usual = postgres.prepare_threshold
    postgres.prepare_threshold = None
    try:
        yield
    finally:
        postgres.prepare_threshold = usual
