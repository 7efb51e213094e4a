"""A consent that a newer one replaces ends at the institution too."""

import dataclasses
from collections.abc import Iterator

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from providers import wiring
from providers.connections.models import Connection, PendingRevocation, ProviderToken
from providers.connectors import CONNECTORS
from providers.connectors.sandbox import SandboxConnector
from providers.simulator.process import SandboxBank
from providers.wire.oauth_server import OAuthServer
from tests.jobs import run_queued
from tests.providers.connections.linking import connect, restart, start

pytestmark = pytest.mark.django_db


class OneGrantBank(SandboxConnector):
    """An institution at which a new consent renews the grant there is."""

    @property
    def oauth(self) -> OAuthServer:
        return dataclasses.replace(super().oauth, one_grant_per_person=True)


@pytest.fixture
def one_grant() -> Iterator[None]:
    kept = CONNECTORS["sandbox"]
    CONNECTORS["sandbox"] = OneGrantBank()
    yield
    CONNECTORS["sandbox"] = kept


def living(bank: SandboxBank) -> int:
    """How many of Ana's consents live at the bank; this ends them."""
    return int(bank.control("revoke", {"customer": "ana"})["revoked"])


async def renewed(ana: User, bank: SandboxBank) -> Connection:
    connection = await connect(ana, bank)
    trip = await restart(ana, bank, connection)
    return await trip.come_back(await trip.decide())


async def test_s10_renewing_a_consent_ends_the_one_before(ana: User, bank: SandboxBank) -> None:
    connection = await renewed(ana, bank)
    await run_db(run_queued)
    await wiring.token_service().refresh_token(connection_id=connection.id, stale=None)
    assert not await PendingRevocation.objects.aexists()
    assert living(bank) == 1


async def test_s10_after_disconnecting_a_renewed_connection_no_consent_lives(
    ana: User, bank: SandboxBank
) -> None:
    connection = await renewed(ana, bank)
    await wiring.connection_service().disconnect(user_id=ana.id, connection_id=connection.id)
    await run_db(run_queued)
    assert living(bank) == 0


async def test_s10_linking_the_same_customer_again_ends_the_consent_before(
    ana: User, bank: SandboxBank
) -> None:
    await connect(ana, bank)
    trip = await start(ana, bank)
    await trip.come_back(await trip.decide())
    await run_db(run_queued)
    assert living(bank) == 1


@pytest.mark.usefixtures("one_grant")
async def test_s10_where_consents_share_one_grant_a_renewal_revokes_nothing(
    ana: User, bank: SandboxBank
) -> None:
    await renewed(ana, bank)
    assert not await PendingRevocation.objects.aexists()


async def test_s10_a_consent_renewed_after_its_tokens_cannot_be_opened_still_comes(
    ana: User, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    await ProviderToken.objects.aupdate(refresh_token=b"not an envelope")
    trip = await restart(ana, bank, connection)
    assert (await trip.come_back(await trip.decide())).state == Connection.State.ACTIVE
