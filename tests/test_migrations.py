"""Migrations run while the code of the release before still serves: its statements must go on working."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import models
from django.db.migrations import AddField, AlterField
from django.db.migrations.loader import MigrationLoader
from django.db.models import NOT_PROVIDED

OURS = {"accounts", "dashtam", "notifications", "providers"}
BEFORE_THE_RULE = {
    "accounts.0002_fresh_proof_and_audit: session.authenticated_at",
    "accounts.0002_fresh_proof_and_audit: session.mfa",
}


def required_of_old_code(operations: Sequence[Any]) -> Iterator[str]:
    """Columns that are added without null and without a default in the database, which an old INSERT leaves out."""
    last: dict[tuple[str, str], Any] = {}
    added = set()
    for operation in operations:
        if isinstance(operation, (AddField, AlterField)):
            key = (operation.model_name, operation.name)
            last[key] = operation.field
            if isinstance(operation, AddField):
                added.add(key)
    for key in sorted(added):
        field = last[key]
        if not field.null and field.db_default is NOT_PROVIDED and not field.many_to_many:
            yield ".".join(key)


def test_a_new_column_asks_nothing_of_code_that_does_not_know_it() -> None:
    loader = MigrationLoader(None)
    found = {
        f"{app}.{name}: {column}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in OURS and not migration.initial
        for column in required_of_old_code(migration.operations)
    }
    assert found - BEFORE_THE_RULE == set()


def test_a_column_that_old_code_would_leave_empty_is_found() -> None:
    flag = models.BooleanField(default=False)
    told = models.BooleanField(default=False, db_default=False)
    adding = AddField(model_name="user", name="flag", field=flag)
    assert list(required_of_old_code([adding])) == ["user.flag"]
    mended = AlterField(model_name="user", name="flag", field=told)
    assert list(required_of_old_code([adding, mended])) == []
