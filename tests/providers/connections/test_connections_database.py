"""Linking while the database is in trouble: the consent must not get lost between the bank and us."""

import threading

import psycopg
import pytest
from django.db import connection as database

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection, ProviderToken
from providers.simulator.process import SandboxBank
from tests.providers.connections.linking import start

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_row_that_is_locked_for_longer_than_we_wait_loses_no_consent(
    ana: User, bank: SandboxBank
) -> None:
    trip = await start(ana, bank)
    answer = await trip.decide()
    parameters = await run_db(database.get_connection_params)
    locked = threading.Event()

    def hold() -> None:
        """Hold the connection's row for four seconds; PostgreSQL gives a waiter up after three."""
        names = ("dbname", "user", "password", "host", "port")
        with psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}) as other:
            other.execute("SELECT 1 FROM providers_connection WHERE id = %s FOR UPDATE", [trip.connection_id])
            locked.set()
            other.execute("SELECT pg_sleep(4)")

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(10)
    connected = await trip.come_back(answer)
    holder.join()
    assert connected.state == Connection.State.ACTIVE
    assert await ProviderToken.objects.filter(connection_id=trip.connection_id).aexists()
