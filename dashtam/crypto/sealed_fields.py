"""Sealed columns: those that hold envelopes of EncryptionService, as the models declare them.

Key rotation, the doctor and the proof that a key is unused go over these columns, so a secret that is kept
in any other kind of column would be missed. An architecture test holds every column of bytes to it.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db import connection, models

from dashtam.crypto.encryption_service import EncryptionService

BROKEN = "?"  # stands for the key of bytes that are no envelope

if TYPE_CHECKING:
    SealedField = models.BinaryField
else:

    class SealedField(models.BinaryField):
        """A column of envelopes, each bound to its row by `place`."""

        def deconstruct(self) -> Any:
            """To a migration it is a column of bytes."""
            name, _, args, kwargs = super().deconstruct()
            return name, "django.db.models.BinaryField", args, kwargs


def place(model: type[models.Model], pk: object, column: str) -> str:
    """The `row` of an envelope that EncryptionService authenticates. Raises TypeError unless the column is sealed."""
    if not isinstance(model._meta.get_field(column), SealedField):
        raise TypeError(f"{model.__name__}.{column} is not a SealedField")
    return f"{model._meta.db_table}/{pk}/{column}"


def seal_field(
    encryption: EncryptionService, model: type[models.Model], pk: object, column: str, value: bytes | str
) -> bytes:
    """The envelope of a value for this column of this row, which need not exist yet; text goes in as UTF-8."""
    plaintext = value.encode() if isinstance(value, str) else value
    return encryption.encrypt(plaintext, row=place(model, pk, column))


def open_field(encryption: EncryptionService, row: models.Model, column: str) -> bytes:
    """The value that a row keeps sealed in this column. Raises DecryptionFailed, also where there is none."""
    return encryption.decrypt(bytes(getattr(row, column) or b""), row=place(type(row), row.pk, column))


class SealedColumn(NamedTuple):
    """One sealed column of one table."""

    model: type[models.Model]
    column: str

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.column}"

    def key_ids(self) -> Counter[str]:
        """The number of envelopes by key id, read from their headers by the database."""
        quote = connection.ops.quote_name
        column, table = quote(self.column), quote(self.model._meta.db_table)
        header = f"get_byte({column}, 0) = 1 AND octet_length({column}) > 2 + get_byte({column}, 1)"
        key_id = f"convert_from(substring({column} FROM 3 FOR get_byte({column}, 1)), 'LATIN1')"
        found = f"CASE WHEN octet_length({column}) > 2 THEN CASE WHEN {header} THEN {key_id} END END"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT coalesce({found}, %s), count(*) FROM {table}"  # noqa: S608 names of our own columns
                f" WHERE {column} IS NOT NULL GROUP BY 1",
                [BROKEN],
            )
            return Counter(dict(cursor.fetchall()))


def sealed_columns() -> Iterator[SealedColumn]:
    """Every sealed column of every model, in a stable order."""
    for model in sorted(apps.get_models(), key=lambda model: model._meta.db_table):
        for field in model._meta.local_fields:
            if isinstance(field, SealedField):
                yield SealedColumn(model, field.name)


def keys_in_use() -> Counter[str]:
    """The number of envelopes of each key, over all tables."""
    return sum((column.key_ids() for column in sealed_columns()), Counter())
