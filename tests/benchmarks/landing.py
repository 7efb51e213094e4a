"""P5: rows that land through observations and identity, beside a bare COPY of the same rows into transactions.

`python -m tests.benchmarks.landing` is the process that measures, on the stack's own database; it takes back what
it wrote. BENCH_ROWS_HELD is how many rows the larger account holds (two million take some minutes to fill).
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Row, row
from tests.benchmarks.scene import Scene

if TYPE_CHECKING:
    from providers.ledger.models import FinancialAccount
    from providers.records import TransactionRecord

ROWS, ROUNDS = 10_000, 3
HELD = int(os.environ.get("BENCH_ROWS_HELD", "100000"))
WINDOW = timedelta(days=44)
BYTES = 400
_WORDS = (
    "Amber",
    "Birch",
    "Cedar",
    "Dune",
    "Elm",
    "Fjord",
    "Grove",
    "Harbour",
    "Inn",
    "Market",
    "Bakery",
    "Deli",
)

_OF_ACCOUNT = "source_id IN (SELECT id FROM providers_source WHERE account_id = %s)"
_EVENT = "md5(first.{} || '-' || part)::uuid"
_LATER = "first.date + 45 * part::int"
_COPIES = {
    "providers_observation": {
        "event": _EVENT.format("event"),
        "row_id": "'held-' || part || first.row_id",
        "date": _LATER,
        "row_hash": "decode(md5(first.row_hash || part::text::bytea), 'hex')",
    },
    "providers_transaction": {
        "id": _EVENT.format("id"),
        "provider_transaction_id": "'held-' || part || first.provider_transaction_id",
        "date": _LATER,
    },
}


def measure(scene: Scene) -> list[Row]:
    """Both sizes in one process of its own, one after the other."""
    command = [sys.executable, "-m", "tests.benchmarks.landing"]
    environment = {**os.environ, **scene.stack.environment, "DJANGO_SETTINGS_MODULE": "dashtam.settings"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    small, large = json.loads(done.stdout.splitlines()[-1])
    what = f"{ROWS:,} rows into an account that holds"
    return [
        row(
            "P5",
            f"{what} as many, landed ÷ COPY",
            small["land"],
            "/s",
            yardstick=small["copy"],
            at_least=0.15,
        ),
        row("P5.large", f"{what} {HELD:,}", large["land"], "/s", yardstick=large["copy"], at_least=0.15),
        row(
            "P5.flat",
            f"{what} {HELD:,} ÷ {ROWS:,}",
            large["land"],
            "/s",
            yardstick=small["land"],
            at_least=0.8,
        ),
        row(
            "P5.again",
            "the same 45 days again ÷ first",
            large["again"],
            "s",
            yardstick=large["took"],
            at_most=0.1,
        ),
        row("P5.bytes", "an observation with its indexes", large["bytes"], "B", yardstick=BYTES, at_most=1),
    ]


def main() -> None:
    """Measure, print, and take it all back."""
    import django

    django.setup()
    from django.db import transaction

    with transaction.atomic():
        found = [_level(ROWS), _level(HELD)]
        transaction.set_rollback(True)
    print(json.dumps(found))


def _level(held: int) -> dict[str, float]:
    """Rows a second of both ways, and the seconds of an unchanged window, medians of ROUNDS."""
    account, bare = _account("landed"), _account("copied")
    _land(account, _rows(0))
    _multiply(account, held // ROWS)
    before = _size()
    copies, lands, agains = [], [], []
    for part in range(held // ROWS, held // ROWS + ROUNDS):
        rows = _rows(part)
        copies.append(_seconds(lambda rows=rows: _copy(bare, rows)))  # type: ignore[misc]
        lands.append(_seconds(lambda rows=rows: _land(account, rows)))  # type: ignore[misc]
        agains.append(_seconds(lambda rows=rows: _unchanged(account, rows)))  # type: ignore[misc]
    took = statistics.median(lands)
    return {
        "copy": ROWS / statistics.median(copies),
        "land": ROWS / took,
        "took": took,
        "again": statistics.median(agains),
        "bytes": (_size() - before) / (ROWS * ROUNDS),
    }


def _account(name: str) -> "FinancialAccount":
    from accounts.models import User
    from providers.connections.models import Connection
    from providers.ledger.models import FinancialAccount

    person = User.objects.create_hashed(
        password_hash="!", name=name, email=f"{name}{time.time_ns()}@example.org"
    )
    place = Connection.objects.create(user=person, provider="sandbox", state="active")
    return FinancialAccount.objects.create(
        user=person,
        connection=place,
        provider_account_id=name,
        name=name,
        type="depository",
        currency="EUR",
    )


def _rows(part: int) -> list["TransactionRecord"]:
    """A window of 45 days, like no other."""
    from providers.records import TransactionRecord

    chosen = random.Random(part)  # noqa: S311 no secret
    first = date(1970, 1, 1) + part * (WINDOW + timedelta(days=1))
    return [
        TransactionRecord(
            id=f"{part}-{number:06d}",
            date=first + timedelta(days=number * 45 // ROWS),
            posted_at=None,
            status="posted",
            amount=Decimal(chosen.randint(-20_000, 20_000)) / 100,
            currency="EUR",
            description=" ".join(chosen.choices(_WORDS, k=4)),
            kind="purchase",
        )
        for number in range(ROWS)
    ]


def _land(account: "FinancialAccount", rows: list["TransactionRecord"]) -> Any:
    from providers.ledger.adoption import feed_of
    from providers.ledger.identity.records import Cover
    from providers.ledger.observations.landing import land
    from providers.ledger.observations.statements import Statement

    first = rows[0].date
    return land(account, feed_of(account), Statement(list(rows), covers=[Cover(first, first + WINDOW)]))


def _unchanged(account: "FinancialAccount", rows: list["TransactionRecord"]) -> None:
    from providers.ledger.observations.carrying import Landed

    if _land(account, rows) != Landed():
        raise AssertionError("An unchanged window has written something.")


def _multiply(account: "FinancialAccount", parts: int) -> None:
    """Hold so many parts in all: the first has landed, the others are copies of it, each 45 days later."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for table, changes in _COPIES.items():
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
            )
            columns = [name for (name,) in cursor.fetchall() if not (name == "id" and "id" not in changes)]
            values = ", ".join(changes.get(name, f"first.{name}") for name in columns)
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} AS first, "  # noqa: S608
                "generate_series(1, %s) AS part WHERE "
                + ("account_id = %s" if "transaction" in table else _OF_ACCOUNT),
                [parts - 1, account.id],
            )
            cursor.execute(f"ANALYZE {table}")


def _copy(account: "FinancialAccount", rows: list["TransactionRecord"]) -> None:
    from django.db import connection

    from dashtam.ids import uuid7
    from providers.ledger.observations import sql

    now, ids = datetime.now(UTC), sorted(uuid7() for _ in rows)
    with connection.cursor() as cursor, cursor.copy(sql.TRANSACTIONS) as copy:
        for event, each in zip(ids, rows, strict=True):
            copy.write_row(
                (
                    *(event, account.user_id, account.id, each.id, each.date, None, each.status, each.amount),
                    *(each.currency, each.description, each.kind, "", "", None, "", None, None, None, None),
                    *(None, "", now, now),
                )
            )


def _size() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('providers_observation') + pg_total_relation_size('providers_delivery')"
        )
        return int(cursor.fetchone()[0])


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
