"""The admin of connections and data, as staff see it."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.urls import reverse

from accounts.models import User
from dashtam.wiring import encryption_service
from providers import wiring
from providers.connections.models import AuthorizationRequest, Connection, PendingRevocation, ProviderToken
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from tests.providers.connections.linking import connect
from tests.staff import Staff

MODELS = (
    "connection",
    "syncrun",
    "authorizationrequest",
    "financialaccount",
    "balancesnapshot",
    "transaction",
)


@pytest.fixture
def sees(make_user: Any) -> Any:
    """The admin's pages, as a member of the staff gets them."""
    sam = make_user("Sam", is_staff=True, is_superuser=True)
    at_work: list[Staff] = []

    async def sees(path: str, form: dict[str, Any] | None = None, **query: str) -> Any:
        if not at_work:
            at_work.append(await Staff.arrives(sam))
        return await (at_work[0].get(path, **query) if form is None else at_work[0].post(path, **form))

    return sees


@pytest.mark.parametrize("model", MODELS)
async def test_staff_read_and_search_but_cannot_add(model: str, sees: Any) -> None:
    page = await sees(reverse(f"admin:providers_{model}_changelist"), q="ana")
    assert page.status_code == 200
    assert (await sees(reverse(f"admin:providers_{model}_add"))).status_code == 403


def test_tokens_have_no_page_of_their_own() -> None:
    assert not site.is_registered(ProviderToken)
    assert not site.is_registered(PendingRevocation)


async def test_a_connection_tells_its_story_without_its_tokens(
    ana: User, sees: Any, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    access = await wiring.token_service().get_access_token(connection_id=connection.id)
    token = await ProviderToken.objects.aget()
    page = await sees(reverse("admin:providers_connection_change", args=[connection.id]))
    text = page.content.decode()
    assert page.status_code == 200
    assert encryption_service().key_id in text
    assert "initial" in text
    assert "connected" in text
    for hidden in (access, bytes(token.access_token).hex(), repr(bytes(token.access_token))):
        assert hidden not in text
    assert 'name="state"' not in text


async def test_a_connection_is_found_by_its_persons_address_and_by_its_id(
    ana: User, ben: User, sees: Any, bank: SandboxBank
) -> None:
    hers, his = await connect(ana, bank), await connect(ben, bank)
    for query in (ana.email, str(hers.id)):
        text = (await sees(reverse("admin:providers_connection_changelist"), q=query)).content.decode()
        assert str(hers.id) in text
        assert str(his.id) not in text


async def test_what_binds_an_authorization_to_its_browser_is_not_shown(
    ana: User, sees: Any, bank: SandboxBank
) -> None:
    await connect(ana, bank)
    request = await AuthorizationRequest.objects.aget()
    page = await sees(reverse("admin:providers_authorizationrequest_change", args=[request.id]))
    assert page.status_code == 200
    text = page.content.decode()
    for field in ("state_hash", "browser_hash", "code_verifier"):
        assert field not in text


async def test_a_connection_cannot_be_changed_or_deleted_by_hand(
    ana: User, sees: Any, bank: SandboxBank
) -> None:
    connection = await connect(ana, bank)
    for page in ("change", "delete"):
        path = reverse(f"admin:providers_connection_{page}", args=[connection.id])
        assert (await sees(path, {"state": "revoked"})).status_code == 403
    assert (await Connection.objects.aget()).state == Connection.State.ACTIVE


async def test_every_kind_of_row_has_a_page(ana: User, sees: Any, bank: SandboxBank) -> None:
    connection = await connect(ana, bank)
    run = await SyncRun.objects.aget()
    await wiring.sync_service().run(run_id=run.id)
    pages = {
        "syncrun": run.id,
        "financialaccount": (await FinancialAccount.objects.filter(connection=connection).afirst()).id,  # type: ignore[union-attr]
        "balancesnapshot": (await BalanceSnapshot.objects.afirst()).id,  # type: ignore[union-attr]
        "transaction": (await Transaction.objects.afirst()).id,  # type: ignore[union-attr]
    }
    for model, row_id in pages.items():
        assert (await sees(reverse(f"admin:providers_{model}_change", args=[row_id]))).status_code == 200
        assert (
            await sees(reverse(f"admin:providers_{model}_changelist"), q=str(connection.id))
        ).status_code == 200
