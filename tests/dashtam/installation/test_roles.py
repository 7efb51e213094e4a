"""Rights of the application's database role."""

from typing import Any

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction

from accounts.models import AuditEvent, User
from dashtam.installation import database_roles

ROLE = "a_weak_role"


@pytest.fixture
def weak(db: None) -> None:
    """From here on, and until the test's transaction is undone, we are the application's role."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    database_roles.grant(connection, ROLE)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")


@pytest.mark.usefixtures("weak")
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE accounts_user",
        "DROP TABLE accounts_auditevent",
        "ALTER TABLE accounts_user ADD COLUMN more text",
        "ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_refuse",
        "ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_chain",
        "DROP TRIGGER audit_refuse ON accounts_auditevent",
        "CREATE OR REPLACE FUNCTION accounts_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE TABLE more (id int)",
        "TRUNCATE accounts_user",
        "UPDATE django_migrations SET name = name",
        "SET session_replication_role = replica",
        "CREATE ROLE another SUPERUSER",
    ],
)
def test_n7_the_application_cannot_change_the_database_s_shape(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.usefixtures("weak")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET action = 'nothing'",
        "UPDATE accounts_auditevent SET hash = NULL",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
    ],
)
def test_k5_the_application_can_add_to_the_audit_log_and_read_it_only(statement: str, ana: User) -> None:
    AuditEvent.objects.record("session.opened", user_id=ana.id)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit does
    assert AuditEvent.objects.get().hash is not None
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.usefixtures("weak")
def test_the_application_can_read_and_write_all_the_rest() -> None:
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model._meta.managed and model is not AuditEvent:
                table = connection.ops.quote_name(model._meta.db_table)
                cursor.execute(
                    f"SELECT has_table_privilege('{table}', 'SELECT') AND "
                    f"has_table_privilege('{table}', 'INSERT') AND has_table_privilege('{table}', 'DELETE')"
                )
                assert cursor.fetchone() == (True,), table


def test_whether_the_application_has_a_role_of_its_own_can_be_asked(db: None) -> None:
    assert database_roles.may_edit(connection, "accounts_auditevent")


@pytest.mark.usefixtures("weak")
def test_a_weak_role_may_not_edit_the_audit_log() -> None:
    assert not database_roles.may_edit(connection, "accounts_auditevent")


@pytest.mark.django_db(transaction=True)
def test_s15_migrations_have_their_own_database_options_and_all_the_time_they_need(settings: Any) -> None:
    def asked() -> tuple[str, ...]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), current_setting('application_name'), current_database()"
            )
            row: tuple[str, ...] = cursor.fetchone()
            return row

    before = asked()
    assert before[0] == "10s"
    with database_roles.as_owner(connection):
        assert asked() == ("0", *before[1:])
    options = {**settings.MIGRATION_DATABASE["OPTIONS"], "application_name": "migrating"}
    settings.MIGRATION_DATABASE = {"NAME": "postgres", "OPTIONS": options}
    with database_roles.as_owner(connection):
        assert asked() == ("0", "migrating", "postgres")
    assert asked() == before


def test_granting_twice_changes_nothing(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
        granted: list[object] = []
        for _ in range(2):
            database_roles.grant(connection, ROLE)
            cursor.execute(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
                "WHERE grantee = %s ORDER BY 1, 2",
                [ROLE],
            )
            granted.append(cursor.fetchall())
    assert granted[0] == granted[1]
    assert ("accounts_auditevent", "INSERT") in granted[0]  # type: ignore[operator]
