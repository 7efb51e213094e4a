"""Syncs of whole banks meet tables as autovacuum keeps them, not with the dead rows of all tests before them."""

from typing import Any

import pytest
from django.db import connection

TABLES = ("observation", "transaction", "delivery", "source", "balancesnapshot", "financialaccount")


@pytest.fixture(scope="module", autouse=True)
def _swept(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(f'providers_{name}' for name in TABLES)}")
    connection.close()
