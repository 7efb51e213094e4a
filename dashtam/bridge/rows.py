"""Rows of models by statements that are composed once.

Django composes a query anew each time that it is asked, and for a row of thirty columns that takes longer than all the
rest. What every sync asks, several times, is written here as SQL; what comes back are models as from anywhere else.
"""

import functools
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.db import connection, models


class Rows:
    """A statement and the models that it reads, by the names that their tables have in it.

    `Rows("SELECT {page} FROM library_page AS page WHERE page.id = %(id)s", page="library.Page")`
    """

    def __init__(self, statement: str, **named: str) -> None:
        self.statement = statement
        self.named = named

    def read(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows, each as a tuple with one instance of each model."""
        text, makers = self._composed
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return [tuple(maker(row) for maker in makers) for row in cursor.fetchall()]

    @functools.cached_property
    def _composed(self) -> tuple[str, list["_Maker"]]:
        """The statement with all columns of its models, which are known only when Django has loaded them."""
        columns: dict[str, str] = {}
        makers, start = [], 0
        for name, label in self.named.items():
            model = apps.get_model(label)
            fields = model._meta.concrete_fields
            columns[name] = ", ".join(f'{name}."{field.column}"' for field in fields)
            makers.append(_Maker(model, start))
            start += len(fields)
        return self.statement.format(**columns), makers


class _Maker:
    """Makes instances of one model from its part of a row."""

    def __init__(self, model: type[models.Model], start: int) -> None:
        fields: Any = model._meta.concrete_fields
        self.model = model
        self.place = slice(start, start + len(fields))
        self.names = [field.attname for field in fields]
        self.converted = [
            (n, field.from_db_value) for n, field in enumerate(fields) if hasattr(field, "from_db_value")
        ]

    def __call__(self, row: tuple[Any, ...]) -> models.Model:
        values = list(row[self.place])
        for n, convert in self.converted:
            values[n] = convert(values[n], None, connection)
        return self.model.from_db(connection.alias, self.names, values)
