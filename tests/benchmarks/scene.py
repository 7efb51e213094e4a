"""The scene of the measures: a running installation, a signed-in person, and one account with a million rows."""

import time
from datetime import date
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psycopg

from dashtam.installation.demo.processes import Processes
from tests.stack import Stack, free_port

ROWS = 1_000_000
HOUSEHOLD = 8
FRESH_SECONDS = 240.0  # of the ten minutes that an access token is good for

# A row a minute, newest last: as many days as it takes, all the columns that a page shows filled as banks do.
FILL = """
INSERT INTO providers_transaction (
    id, user_id, account_id, provider_transaction_id, date, posted_at, status, amount, currency, description,
    kind, source_code, category, note, fees, replaced_id, first_seen_at, updated_at)
SELECT
    (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(%(account)s::text || n), 1, 3)
        || '8' || substr(md5(%(account)s::text || n), 4, 15))::uuid,
    %(user)s, %(account)s, 'bench-' || n, date '2020-01-01' + (n / 450),
    timestamptz '2020-01-01' + n * interval '192 s',
    'posted', (n %% 90000 - 45000) / 100.0, 'USD', 'Corner shop, till ' || n %% 97, 'purchase', 'POS',
    'groceries', '', CASE WHEN n %% 10 = 0 THEN 0.25 END, '', now(), now()
FROM generate_series(1, %(rows)s) AS n
"""
ACCOUNT = """
INSERT INTO providers_financialaccount (
    id, user_id, connection_id, provider_account_id, name, mask, type, subtype, currency, balance_current,
    balance_available, balance_as_of, balance_fetched_at, balances_version, transactions_cursor, created_at)
SELECT gen_random_uuid(), user_id, id, gen_random_uuid(), %(name)s, '0042', 'depository', 'checking', 'USD', 1234.5,
    1200, now(), now(), 0, '', now()
FROM providers_connection WHERE user_id = %(user)s
RETURNING id
"""


class Scene:
    """A stack with a signed-in person, their `account` of a million rows, and the peer beside it."""

    def __init__(self) -> None:
        self.stack = Stack(TRUSTED_PROXIES="127.0.0.1")  # the crowd comes from many addresses
        self.peer = ""
        self.email = self._token = ""
        self._signed_in = 0.0
        self.account = UUID(int=0)
        self._peers = Processes(logs=self.stack.home / "logs", environment=self._peer_environment())

    def __enter__(self) -> "Scene":
        self.stack.__enter__()
        self.email, self._token = self.stack.sign_up()
        self._signed_in = time.monotonic()
        self.stack.connect(self.email, self.token)
        self.stack.synced(self.token)
        for _ in range(HOUSEHOLD - 1):
            self.fill(10)
        self.account = self.fill(ROWS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._peers.stop()
        self.stack.__exit__(kind, error, trace)

    def with_peer(self) -> str:
        """The origin of the peer, started when it is first asked for."""
        if not self.peer:
            port = free_port()
            address = ("--host", "127.0.0.1", "--port", str(port))  # with its line for each request, as ours
            self._peers.start("peer", "-m", "uvicorn", "tests.benchmarks.peer.app:app", *address)
            self._peers.wait_for("peer", f"http://127.0.0.1:{port}/openapi.json")
            self.peer = f"http://127.0.0.1:{port}"
        return self.peer

    @property
    def token(self) -> str:
        """An access token that will do for some minutes yet."""
        if time.monotonic() - self._signed_in > FRESH_SECONDS:
            self._token, self._signed_in = self.stack.sign_in(self.email), time.monotonic()
        return self._token

    @property
    def local(self) -> str:
        """The origin of ours, without a look-up of names."""
        return self.stack.origin.replace("localhost", "127.0.0.1")

    def database(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection as the owner of the tables."""
        return psycopg.connect(self.stack.environment["MIGRATION_DATABASE_URL"], autocommit=True)

    def get(self, origin: str, path: str) -> httpx.Response:
        """One answer, as a client gets it."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"{origin}{path}", headers=bearer, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer

    def _peer_environment(self) -> dict[str, str]:
        at = urlsplit(self.stack.database_url)
        # SQLAlchemy takes a folder of sockets as a parameter.
        user, _, host = at.netloc.rpartition("@")
        url = f"postgresql+asyncpg://{user}@{at.path}?host={host}"
        return {**self.stack.environment, "PEER_DATABASE_URL": url, "PEER_CONNECTIONS": "8"}

    def fill(self, rows: int, user: UUID | None = None, *, tidy: bool = True) -> UUID:
        """One more account of a person, the scene's own by default, with so many transactions."""
        with self.database() as database:
            user = user or self.user_id(database)
            made = database.execute(ACCOUNT, {"user": user, "name": f"Account of {rows}"}).fetchone()
            account = UUID(str((made or ())[0]))
            database.execute(FILL, {"user": user, "account": account, "rows": rows})
            if tidy:
                database.execute("VACUUM ANALYZE providers_transaction")
            return account

    def user_id(self, database: "psycopg.Connection[tuple[Any, ...]]") -> UUID:
        """The person's id."""
        found = database.execute("SELECT id FROM accounts_user WHERE email = %s", [self.email]).fetchone()
        return UUID(str((found or ())[0]))

    def key_at(self, account: UUID, offset: int) -> tuple[date, UUID]:
        """The sort key of a transaction so far down in its account."""
        query = (
            "SELECT date, id FROM providers_transaction WHERE account_id = %s "
            "ORDER BY date DESC, id DESC OFFSET %s LIMIT 1"
        )
        with self.database() as database:
            day, id_ = database.execute(query, [account, offset]).fetchone() or ()
        return day, id_
