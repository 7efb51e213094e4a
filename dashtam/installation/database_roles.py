"""Two database roles: one owns the tables and migrates them, the other uses them and has no other right.

An intruder in the application therefore cannot change or drop a table, nor edit the audit log.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

# Tables that the application reads, and adds to at most.
READ_ONLY = {"django_migrations": "SELECT", "accounts_auditevent": "SELECT, INSERT"}

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
def as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Use the connection as the role that owns the tables, if there is one beside the application's."""
    owner: dict[str, Any] | None = settings.MIGRATION_DATABASE
    if owner is None:
        yield
        return
    application = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    connection.close()
    connection.settings_dict.update({name: owner[name] for name in application})
    try:
        yield
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
        for table in READ_ONLY.keys() & set(connection.introspection.table_names(cursor)):
            rights, where = sql.SQL(READ_ONLY[table]), sql.Identifier(schema, table)
            cursor.execute(sql.SQL(LESS).format(**names, table=where, rights=rights))


def may_edit_the_audit_log(connection: BaseDatabaseWrapper) -> bool:
    """Return True if the role that the application uses may change the audit log, as the owner of the tables may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('accounts_auditevent', 'UPDATE, DELETE, TRUNCATE')")
        return bool(cursor.fetchone()[0])
