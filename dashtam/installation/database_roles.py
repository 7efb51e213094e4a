"""Two database roles: one owns the tables and migrates them, the other uses them and has no other right.

An intruder in the application therefore cannot change or drop a table, nor edit the audit log.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

GRANTS = """
REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""
LESS = "REVOKE ALL ON {table} FROM {role}; GRANT {rights} ON {table} TO {role};"


@contextlib.contextmanager
def as_owner(connection: BaseDatabaseWrapper, *, database: str = "", rights: bool = True) -> Iterator[None]:
    """Use the connection as MIGRATION_DATABASE says: as the owner of the tables, with the time that it needs.

    With `database`, in another one of the same server. At the end the application's role gets its rights, unless
    `rights` is False. May be entered again within itself.
    """
    owner: dict[str, Any] = settings.MIGRATION_DATABASE | ({"NAME": database} if database else {})
    application = {name: connection.settings_dict[name] for name in owner}
    connection.close()
    connection.settings_dict.update(owner)
    try:
        yield
        if rights and "USER" in owner:
            grant(connection, application["USER"])
    finally:
        connection.close()
        connection.settings_dict.update(application)


def grant(connection: BaseDatabaseWrapper, role: str) -> None:
    """Grant the application's role exactly the rights that it needs on the present tables."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        schema, owner = cursor.fetchone()
        if role == owner:
            return
        names: dict[str, Any] = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
        cursor.execute(sql.SQL(GRANTS).format(**names))
        less = _less_than_all()
        for table in less.keys() & set(connection.introspection.table_names(cursor)):
            rights, where = sql.SQL(less[table]), sql.Identifier(schema, table)
            cursor.execute(sql.SQL(LESS).format(**names, table=where, rights=rights))


def _less_than_all() -> dict[str, str]:
    """The tables that the application reads and at most adds to, with its rights; a model says so of itself."""
    append_only = [model for model in apps.get_models() if getattr(model, "APPEND_ONLY", False)]
    return {"django_migrations": "SELECT"} | {m._meta.db_table: "SELECT, INSERT" for m in append_only}


def may_edit(connection: BaseDatabaseWrapper, table: str) -> bool:
    """True where the application's own role could change or empty the table: it has one role for everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'UPDATE, DELETE, TRUNCATE')", [table])
        return bool(cursor.fetchone()[0])
