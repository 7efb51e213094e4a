"""Exact decimal columns, and the width of units."""

from typing import TYPE_CHECKING, Any

from django.db import models

# Enough for any currency, coin or token, and for a number of 32 characters in a statement file.
DIGITS = 32  # on either side of the point
UNIT = 32  # characters of a unit: ISO 4217, a token, points

if TYPE_CHECKING:
    _Decimal = models.DecimalField[Any, Any]
else:
    _Decimal = models.DecimalField


class ExactField(_Decimal):
    """A decimal that is stored with the digits it has: PostgreSQL's `numeric` without a scale, which never rounds."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_digits": 2 * DIGITS, "decimal_places": DIGITS} | options)

    def db_type(self, connection: Any) -> str:
        """The type without digits or scale."""
        return "numeric"
