"""A whole Dashtam runs as a database role that cannot change the schema or the audit log."""

import os

import psycopg
import pytest

from tests.stack import Stack


@pytest.mark.skipif(
    os.environ["STACK_DATABASE_URL"] == os.environ["DATABASE_URL"], reason="one role was given for everything"
)
def test_n7_the_running_application_cannot_drop_tables_or_edit_the_audit_log(stack: Stack) -> None:
    stack.sign_up("Ana")
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        for statement in ("DROP TABLE accounts_user", "UPDATE accounts_auditevent SET action = 'nothing'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        roles = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = current_database()"
        assert connection.execute(f"{roles} AND application_name = 'dashtam'").fetchall() == [
            (connection.info.user,)
        ]
    assert "The audit log is whole" in stack.manage("verify_audit").stdout
    stack.manage("migrate", "--verbosity=0")  # again, while it runs
    stack.sign_up("Ben")
