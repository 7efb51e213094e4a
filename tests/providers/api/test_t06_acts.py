"""What people do with accounts, imports, connections and transactions, over the API."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Session, User
from dashtam import limits
from dashtam.bridge.doors import run_db
from providers import connectors
from providers.connections.models import Connection, DeletedAccount
from providers.connectors.contract.batches import Batch, Wanted
from providers.ledger.account_service import ACTS_BY_PERSON
from providers.ledger.ingest import apply_accounts, apply_balances, upsert_transactions
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.records import BalanceRecord
from providers.simulator.process import SandboxBank
from providers.sync.models import SyncRun
from providers.sync.outcome import Outcome
from providers.sync.pull import Pull
from tests.accounts.conftest import Api
from tests.providers.connections.linking import connect
from tests.providers.ledger.test_ingest import NOON, account_record, pending, row
from tests.providers.sync.test_sync import sync
from tests.providers.test_leaving import signed_in
from tests.providers.test_tenancy import imported

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(ana: User) -> Connection:
    return Connection.objects.create(user=ana, provider="sandbox", state="active")


@pytest.fixture
def account(connection: Connection) -> FinancialAccount:
    made = apply_accounts(connection, [account_record(as_of=timezone.now())], timezone.now())[0]
    upsert_transactions(made, [row("a", category="DINING"), row("b", "-20")])
    return made


async def listed(api: Api, query: str = "") -> list[str]:
    answer = await api.get(f"accounts{query}")
    assert answer.status_code == 200, answer.content
    return [each["name"] for each in answer.json()["results"]]


def read_anew(account: FinancialAccount, name: str = "Everyday") -> None:
    """The next sync, in which the institution lists the account as ever."""
    record = account_record(as_of=timezone.now(), name=name)
    apply_accounts(account.connection, [record], timezone.now())


async def test_t06_an_account_is_renamed_and_no_sync_renames_it_back(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    answer = await api.call("PATCH", f"accounts/{account.id}", {"name": "  Household\u200b  "})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["institution_name"]) == ("Household", "Everyday")
    await run_db(read_anew, account, "Everyday Plus")
    assert await listed(api) == ["Household"]
    answer = await api.call("PATCH", f"accounts/{account.id}", {"name": None})
    assert (answer.json()["name"], answer.json()["institution_name"]) == ("Everyday Plus", "Everyday Plus")
    await run_db(read_anew, account)
    assert await listed(api) == ["Everyday"]


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "x" * 201, 5.5, ["a"], {}])
async def test_t06_a_name_that_is_none_is_refused(ana: User, account: FinancialAccount, name: Any) -> None:
    api = await signed_in(ana)
    answer = await api.call("PATCH", f"accounts/{account.id}", {"name": name})
    if answer.status_code != 200:
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
        assert answer.json()["errors"][0]["field"] == "name"
    assert await listed(api) == ["Everyday"]


@pytest.mark.parametrize("field", ["hidden", "in_net_worth", "closed"])
async def test_t06_a_switch_takes_nothing_but_yes_and_no(
    ana: User, account: FinancialAccount, field: str
) -> None:
    api = await signed_in(ana)
    values: list[Any] = [None, "perhaps", 7, []]
    for value in values:
        answer = await api.call("PATCH", f"accounts/{account.id}", {field: value})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


async def test_t06_a_hidden_account_is_left_out_of_the_list_and_counts(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    before = (await api.get("net-worth")).json()["total"]
    answer = await api.call("PATCH", f"accounts/{account.id}", {"hidden": True})
    assert answer.json()["hidden"] is True
    assert await listed(api) == await listed(api, "?hidden=false") == []
    assert await listed(api, "?hidden=true") == ["Everyday"]
    assert (await api.get(f"accounts/{account.id}")).status_code == 200
    assert len((await api.get("transactions")).json()["results"]) == 2
    assert (await api.get("net-worth")).json()["total"] == before == "100.00"
    await run_db(read_anew, account)
    assert await listed(api) == []
    await api.call("PATCH", f"accounts/{account.id}", {"hidden": False})
    assert await listed(api) == ["Everyday"]
    assert (await api.get("accounts?hidden=maybe")).status_code == 400


async def test_t06_hidden_accounts_leave_no_gaps_between_pages(ana: User, connection: Connection) -> None:
    api = await signed_in(ana)
    records = [account_record(str(n), name=f"N{n}") for n in range(6)]
    accounts = await run_db(apply_accounts, connection, records, NOON)
    for each in (accounts[1], accounts[2], accounts[5]):
        await api.call("PATCH", f"accounts/{each.id}", {"hidden": True})
    first = (await api.get("accounts?limit=2")).json()
    rest = (await api.get(f"accounts?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["name"] for each in (*first["results"], *rest["results"])] == ["N0", "N3", "N4"]
    assert rest["next_cursor"] is None


async def test_t06_an_account_left_out_of_net_worth_is_in_no_point_of_it(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    days = [BalanceRecord(timezone.now().date() - timedelta(days=9), Decimal(100), None)]
    await run_db(apply_balances, account, days)
    assert len((await api.get("net-worth")).json()["series"]) == 10
    answer = await api.call("PATCH", f"accounts/{account.id}", {"in_net_worth": False})
    assert answer.json()["in_net_worth"] is False
    worth = (await api.get("net-worth")).json()
    assert (worth["total"], worth["series"], worth["as_of"]) == (None, [], None)
    assert await listed(api) == ["Everyday"]
    await run_db(read_anew, account)
    assert (await api.get("net-worth")).json()["total"] is None
    await api.call("PATCH", f"accounts/{account.id}", {"in_net_worth": True})
    assert (await api.get("net-worth")).json()["total"] == "100.00"


async def test_t06_a_closed_account_counts_until_that_day_and_no_sync_opens_it(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    days = [BalanceRecord(timezone.now().date() - timedelta(days=9), Decimal(100), None)]
    await run_db(apply_balances, account, days)
    closed = (await api.call("PATCH", f"accounts/{account.id}", {"closed": True})).json()
    assert (closed["closed"], closed["closed_by_person"]) == (True, True)
    assert closed["closed_at"] is not None
    await run_db(read_anew, account)
    assert (await api.get(f"accounts/{account.id}")).json()["closed"] is True
    worth = (await api.get("net-worth")).json()
    assert worth["total"] is None
    assert len(worth["series"]) == 9, "the days before stay as they were"
    again = (await api.call("PATCH", f"accounts/{account.id}", {"closed": True})).json()
    assert again["closed_at"] is not None
    opened = (await api.call("PATCH", f"accounts/{account.id}", {"closed": False})).json()
    assert (opened["closed"], opened["closed_at"], opened["closed_by_person"]) == (False, None, False)
    assert (await api.get("net-worth")).json()["total"] == "100.00"


async def test_t06_what_the_institution_closed_its_person_cannot_open(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    other = account_record("savings", name="Savings")
    await run_db(apply_accounts, account.connection, [other], timezone.now())
    refused = await api.call("PATCH", f"accounts/{account.id}", {"closed": False, "name": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (409, "closed_by_institution")
    assert "Mine" not in await listed(api), "all of a change or nothing"
    await run_db(read_anew, account)
    assert (await api.get(f"accounts/{account.id}")).json()["closed"] is False


async def test_t06_a_change_of_nothing_changes_nothing(ana: User, account: FinancialAccount) -> None:
    api = await signed_in(ana)
    before = (await api.get(f"accounts/{account.id}")).json()
    assert (await api.call("PATCH", f"accounts/{account.id}", {})).json() == before
    assert not await AuditEvent.objects.filter(action="account.changed").aexists()
    await api.call("PATCH", f"accounts/{account.id}", {"hidden": True, "name": "Secret plans"})
    event = await AuditEvent.objects.aget(action="account.changed")
    assert event.detail == {"account_id": str(account.id), "changed": "hidden name"}


async def test_t06_a_deleted_account_is_gone_with_its_rows_and_stays_gone(
    ana: User, bank: SandboxBank
) -> None:
    api = await signed_in(ana)
    connection = await connect(ana, bank)
    await sync(connection, "initial")
    gone, *others = [account async for account in FinancialAccount.objects.order_by("provider_account_id")]
    assert (await api.call("DELETE", f"accounts/{gone.id}")).status_code == 204
    assert (await api.get(f"accounts/{gone.id}")).status_code == 404
    for rows in (Transaction, BalanceSnapshot):
        assert not await rows.objects.filter(account_id=gone.id).aexists()
    run = await sync(connection)
    assert (run.state, run.accounts_total) == ("succeeded", len(others))
    left = {account.id async for account in FinancialAccount.objects.all()}
    assert left == {account.id for account in others}
    assert (await api.get(f"connections/{connection.id}")).json()["deleted_accounts"] == 1
    assert (await api.call("DELETE", f"connections/{connection.id}/deleted-accounts")).status_code == 204
    await sync(connection)
    back = await FinancialAccount.objects.aget(provider_account_id=gone.provider_account_id)
    assert back.id != gone.id
    assert await Transaction.objects.filter(account=back).aexists()


async def test_t06_an_account_deleted_during_a_sync_ends_no_run(ana: User, account: FinancialAccount) -> None:
    """The run had listed the account before it was deleted."""
    api, name, outcome = await signed_in(ana), account.provider_account_id, Outcome()
    asked = await run_db(SyncRun.objects.request, connection_id=account.connection_id, trigger="manual")
    run = await run_db(SyncRun.objects.claim, asked.id)
    assert run is not None

    async def telling(_: Wanted) -> AsyncGenerator[Batch, None]:
        yield Batch(turn=name)
        assert (await api.call("DELETE", f"accounts/{account.id}")).status_code == 204
        yield Batch(rows={name: [row("z")]})

    pull = Pull(
        run=run,
        connector=connectors.get("sandbox"),
        telling=telling,
        outcome=outcome,
        present={},
        listed=AsyncMock(),
        turn=AsyncMock(),
    )
    await pull.read()
    assert (outcome.state, outcome.accounts_done) == ("succeeded", 1)
    assert not await Transaction.objects.aexists()


async def test_t06_deleting_needs_a_fresh_proof_and_no_key_can(ana: User, account: FinancialAccount) -> None:
    api = await signed_in(ana)
    key = (await api.post("auth/api-keys", {"name": "Script", "scopes": ["read", "manage"]})).json()["key"]
    program = Api()
    program.token = key
    assert (await program.call("PATCH", f"accounts/{account.id}", {"hidden": True})).status_code == 200
    for path in (f"accounts/{account.id}", f"connections/{account.connection_id}/data"):
        refused = await program.call("DELETE", path)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    stale = await signed_in(ana)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    for path in (f"accounts/{account.id}", f"connections/{account.connection_id}/data"):
        refused = await stale.call("DELETE", path)
        assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required")
    assert await FinancialAccount.objects.filter(id=account.id).aexists()


async def test_t06_an_account_of_files_is_deleted_and_the_file_makes_it_anew(ana: User) -> None:
    api = await signed_in(ana)
    assert (await imported(api)).status_code == 201
    before = await Transaction.objects.acount()
    account = await FinancialAccount.objects.aget()
    assert (await api.call("DELETE", f"accounts/{account.id}")).status_code == 204
    assert (await api.get("connections")).json()["results"] == []
    assert not await DeletedAccount.objects.aexists()
    assert (await imported(api)).status_code == 201
    assert await Transaction.objects.acount() == before > 0


async def test_t06_what_an_ended_connection_brought_is_erased(ana: User, bank: SandboxBank) -> None:
    api = await signed_in(ana)
    connection = await connect(ana, bank)
    await sync(connection, "initial")
    refused = await api.call("DELETE", f"connections/{connection.id}/data")
    assert (refused.status_code, refused.json()["code"]) == (409, "connection_not_ended")
    assert await Transaction.objects.acount() > 0
    assert (await api.call("DELETE", f"connections/{connection.id}")).status_code == 204
    assert await Transaction.objects.acount() > 0
    assert (await api.call("DELETE", f"connections/{connection.id}/data")).status_code == 204
    for rows in (FinancialAccount, Transaction, BalanceSnapshot, Connection):
        assert not await rows.objects.aexists()
    assert (await api.get(f"connections/{connection.id}")).status_code == 404
    assert (await api.call("DELETE", f"connections/{connection.id}/data")).status_code == 404
    event = await AuditEvent.objects.aget(action="connection.erased")
    assert event.detail == {"connection_id": str(connection.id), "provider": "sandbox"}


async def test_t06_an_import_is_taken_back(ana: User) -> None:
    api = await signed_in(ana)
    file = (await imported(api)).json()
    assert file["undoable"] is True
    wrong = await api.call("DELETE", f"imports/{file['id']}?delete_accounts=perhaps")
    assert wrong.status_code == 400
    assert (await api.call("DELETE", f"imports/{file['id']}")).status_code == 204
    assert (await api.get(f"imports/{file['id']}")).status_code == 404
    assert not await Transaction.objects.aexists()
    assert len(await listed(api)) == 1
    again = (await imported(api)).json()
    assert again["added"] == file["added"]
    gone = await api.call("DELETE", f"imports/{again['id']}?delete_accounts=true")
    assert gone.status_code == 204
    assert await listed(api) == []
    assert (await api.call("DELETE", f"imports/{uuid4()}")).status_code == 404


async def test_t06_own_note_and_category_outlive_every_sync(ana: User, account: FinancialAccount) -> None:
    api = await signed_in(ana)
    found = await Transaction.objects.aget(provider_transaction_id="a")
    body: dict[str, Any] = {"note": " With\nBen ", "category": "Treats"}
    answer = (await api.call("PATCH", f"transactions/{found.id}", body)).json()
    assert (answer["note"], answer["category"]) == ("With Ben", "Treats")

    def read(category: str) -> tuple[int, str, str]:
        counts = upsert_transactions(account, [row("a", category=category)])
        kept = Transaction.objects.get(id=found.id)
        return counts.modified, kept.category, kept.note

    assert await run_db(read, "DINING") == (0, "Treats", "With Ben")
    assert await run_db(read, "COFFEE") == (1, "Treats", "With Ben")
    found_by = (await api.get("transactions?q=treats")).json()["results"]
    assert [each["id"] for each in found_by] == [str(found.id)]
    answer = (await api.call("PATCH", f"transactions/{found.id}", {"category": None, "note": None})).json()
    assert (answer["note"], answer["category"]) == ("", "COFFEE")
    none = (await api.call("PATCH", f"transactions/{found.id}", {"category": ""})).json()
    assert none["category"] == ""
    assert await run_db(read, "COFFEE") == (0, "", "")
    for body in ({"note": "x" * 1001}, {"category": "x" * 81}, {"note": ["a"]}):
        refused = await api.call("PATCH", f"transactions/{found.id}", body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, next(iter(body)))


async def test_t06_own_words_on_a_pending_row_pass_to_its_posted_form(
    ana: User, account: FinancialAccount
) -> None:
    api = await signed_in(ana)
    await run_db(upsert_transactions, account, [pending("p1", category="DINING"), pending("p2")])
    for name in ("p1", "p2"):
        found = await Transaction.objects.aget(provider_transaction_id=name)
        await api.call("PATCH", f"transactions/{found.id}", {"category": "Treats", "note": name})
    await run_db(upsert_transactions, account, [row("x1", replaced_pending_id="p1", category="COFFEE")])
    await run_db(upsert_transactions, account, [], removed=["p2"])
    await run_db(upsert_transactions, account, [row("x2", replaced_pending_id="p2", category="BAR")])
    for name, theirs in (("x1", "COFFEE"), ("x2", "BAR")):
        kept = await Transaction.objects.aget(provider_transaction_id=name)
        assert (kept.category, kept.feed_category, kept.note) == ("Treats", theirs, f"p{name[1]}")


async def test_t06_acts_that_are_recorded_have_a_limit(ana: User, account: FinancialAccount) -> None:
    api = await signed_in(ana)
    while not await limits.take((ACTS_BY_PERSON, ana.id)):
        pass
    refused = await api.call("PATCH", f"accounts/{account.id}", {"hidden": True})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert (await api.call("DELETE", f"accounts/{account.id}")).status_code == 429
    found = await Transaction.objects.afirst()
    assert found is not None
    noted = await api.call("PATCH", f"transactions/{found.id}", {"note": "goes on"})
    assert noted.status_code == 200


async def test_t06_the_export_has_the_choices(ana: User, account: FinancialAccount) -> None:
    from accounts.export import tables

    api = await signed_in(ana)
    await api.call("PATCH", f"accounts/{account.id}", {"name": "Household", "hidden": True})
    await imported(api)
    by_name = {table.name: table for table in tables.TABLES}
    rows = await run_db(lambda: list(by_name["accounts"].rows(ana.id)))
    mine = next(each for each in rows if each["id"] == account.id)
    assert (mine["name"], mine["institution_name"], mine["hidden"]) == ("Household", "Everyday", True)
    assert await run_db(by_name["imported_rows"].rows(ana.id).exists)
