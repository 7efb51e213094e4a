"""An account, and rows of a source, for tests of the ledger over time."""

import pytest

from accounts.models import User
from providers.connections.models import Connection
from providers.ledger.models import FinancialAccount


@pytest.fixture
def account(ana: User) -> FinancialAccount:
    bank = Connection.objects.create(user=ana, provider="corpus", state="active")
    return FinancialAccount.objects.create(
        user=ana,
        connection=bank,
        provider_account_id="everyday",
        name="Everyday",
        type="depository",
        currency="EUR",
    )
