"""The database's refusals in words: what is wrong, and what to do. PostgreSQL's own words name roles and hosts."""

import os

from django.db import DatabaseError, Error

NO_TABLE, GOING = "42P01", ("08", "57P")  # undefined_table; connection exceptions, and shutdowns


def unanswered(error: Error, *, setting: str = "DATABASE_URL") -> str:
    """A connection that was not made, for which there is no code, only words."""
    words = str(error)
    if "authentication failed" in words or "no password supplied" in words:
        return f"PostgreSQL refuses the role or the password of {setting}: correct them."
    if "does not exist" in words:
        return (
            f"PostgreSQL has no such database or role as {setting} names: make it (docs/operations.md, Database"
            " roles), or correct the name."
        )
    if "translate host name" in words or "resolve host" in words:
        return f"No machine has the name of the host in {setting}: correct it."
    return f"PostgreSQL does not answer ({type(error).__name__}): check {setting} and that it runs."


def refused(error: Error, *, command: str = "") -> str | None:
    """The sentence for a command that ends with this error; None for what is a fault of ours."""
    code = getattr(error.__cause__, "sqlstate", None) or ""
    if code == NO_TABLE:
        return "The database does not have the tables of this version: run `manage.py migrate` first."
    if code.startswith(GOING):
        return "PostgreSQL ended the connection. See that it runs, and type the command again."
    if isinstance(error, DatabaseError) and code:
        return None
    owns = command in ("migrate", "restore") and os.environ.get("MIGRATION_DATABASE_URL")
    return unanswered(error, setting="MIGRATION_DATABASE_URL" if owns else "DATABASE_URL")
