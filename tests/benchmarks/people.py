"""More people than one: copies of the scene's person, each with a session, a connection and accounts of their own."""

from hashlib import md5
from uuid import UUID

from tests.benchmarks.scene import Scene

_PEOPLE = """
INSERT INTO {table} SELECT (jsonb_populate_record(original, jsonb_build_object({changes}))).*
FROM {table} AS original, generate_series(1, %(people)s) AS n WHERE original.{whose} = %(user)s {more}
ON CONFLICT DO NOTHING
"""
_COPIES = (
    ("accounts_user", "id", {"id": "user", "email": "mail"}, ""),
    ("accounts_session", "user_id", {"id": "session", "user_id": "user"}, "AND original.kind = 'api'"),
    ("providers_connection", "user_id", {"id": "connection", "user_id": "user"}, ""),
)
_ACCOUNTS = (
    "providers_financialaccount",
    "user_id",
    {"id": "account", "user_id": "user", "connection_id": "connection"},
    "",
)
_MADE_UP = {
    "user": "md5('user' || n)::uuid",
    "mail": "'person-' || n || '@example.org'",
    "session": "md5('session' || n)::uuid",
    "connection": "md5('connection' || n)::uuid",
    "account": "gen_random_uuid()",
}


def make(scene: Scene, people: int, *, accounts: bool = False) -> list[str]:
    """So many people who have signed in; their access tokens. Those who are there already stay."""
    from django.conf import settings

    from accounts.services.jwt_service import JWTService

    with scene.database() as database:
        user = scene.user_id(database)
        for table, whose, columns, more in (*_COPIES, _ACCOUNTS) if accounts else _COPIES:
            changes = ", ".join(f"'{column}', {_MADE_UP[value]}" for column, value in columns.items())
            query = _PEOPLE.format(table=table, whose=whose, changes=changes, more=more)
            database.execute(query.encode(), {"people": people, "user": user})
    origin = scene.stack.origin
    tokens = JWTService(keys=settings.JWT_KEYS, issuer=origin, audience=origin, lifetime=600)
    made = (
        tokens.create_access_token(user_id=made_id("user", n), session_id=made_id("session", n))
        for n in range(1, people + 1)
    )
    return [each.token for each in made]


def made_id(what: str, n: int) -> UUID:
    """The id of that person's row: `what` is user, session or connection."""
    return UUID(md5(f"{what}{n}".encode()).hexdigest())  # noqa: S324 as PostgreSQL made it


def mail_of(n: int) -> str:
    """The address that person signs in with, by the password of all."""
    return f"person-{n}@example.org"
