"""An import is taken back whole: afterwards everything is as if the file had never been brought in."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent, User
from dashtam.bridge.doors import run_db
from dashtam.errors import NotFound
from providers import wiring
from providers.connections.models import Connection
from providers.formats import parse_statement_file
from providers.imports import queries as import_queries
from providers.imports import undo
from providers.imports.errors import ImportNotTraced, ImportUnderWay
from providers.imports.models import FileImport
from providers.imports.provenance import ImportedRows
from providers.imports.statement_ingest import land_statement_file
from providers.ledger import queries as ledger_queries
from providers.ledger.ingest import apply_balance
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Holding, Transaction
from providers.ledger.observations.models import Source
from tests.providers.imports.conftest import Bring
from tests.providers.imports.test_imports import fed, line, rows_of, statement
from tests.providers.ledger.most_rows import few_read, fill
from tests.providers.ledger.test_ingest import NOON, account_record

__all__ = ["fed"]
pytestmark = pytest.mark.django_db
MARCH = statement(line("1"), line("2", "-20"), balance="100.00", as_of="20260310")
APRIL = statement(line("2", "-20"), line("3", "-7"), balance="93.00", as_of="20260410")
LOT = (
    "<SECLISTMSGSRSV1><SECLIST><STOCKINFO><SECINFO><SECID><UNIQUEID>{0}<UNIQUEIDTYPE>CUSIP</SECID><SECNAME>{0}"
    "</SECINFO></STOCKINFO></SECLIST></SECLISTMSGSRSV1>"
)


async def take_back(file: FileImport, *, with_accounts: bool = False) -> Any:
    return await wiring.import_undo_service().take_back(
        user_id=file.user_id, import_id=file.id, with_accounts=with_accounts
    )


def brokerage(security: str, units: str, as_of: str) -> bytes:
    """An investment account that holds one security."""
    value = Decimal(units) * 10
    position = (
        f"<POSSTOCK><INVPOS><SECID><UNIQUEID>{security}<UNIQUEIDTYPE>CUSIP</SECID><HELDINACCT>CASH<POSTYPE>LONG"
        f"<UNITS>{units}<UNITPRICE>10<MKTVAL>{value}<DTPRICEASOF>{as_of}</INVPOS></POSSTOCK>"
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260310<LANGUAGE>ENG"
        "<FI><ORG>Hill Broker<FID>9</FI></SONRS></SIGNONMSGSRSV1>"
        "<INVSTMTMSGSRSV1><INVSTMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><INVSTMTRS>"
        f"<DTASOF>{as_of}<CURDEF>USD<INVACCTFROM><BROKERID>hill.example<ACCTID>77001</INVACCTFROM>"
        f"<INVPOSLIST>{position}</INVPOSLIST><INVBAL><AVAILCASH>5.00<MARGINBALANCE>0<SHORTBALANCE>0</INVBAL>"
        f"</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>{LOT.format(security)}</OFX>"
    ).encode()


def everything(user: User) -> Any:
    """All that the files of a person amount to, without ids and times of our own."""
    accounts = FinancialAccount.objects.filter(user=user).order_by("provider_account_id")
    return [
        (
            account.provider_account_id,
            account.balance_current,
            account.balance_as_of,
            sorted(
                account.transactions.values_list(
                    "provider_transaction_id", "amount", "description", "category"
                )
            ),
            sorted(account.balances.values_list("date", "current", "as_of")),
            sorted(account.holdings.values_list("security__provider_security_id", "quantity", "as_of")),
        )
        for account in accounts
        if account.transactions.exists() or account.balances.exists() or account.holdings.exists()
    ]


async def test_t06_all_that_only_one_file_brought_goes(ana: User, bring: Bring) -> None:
    file = await bring(MARCH)
    effect = await take_back(file)
    assert (effect.going, effect.noted, effect.staying) == (2, 0, 0)
    assert await rows_of(ana) == []
    (account,) = (await ledger_queries.accounts(ana.id)).results
    assert account["balances"]["current"] is None, "unknown, not zero"
    assert not await BalanceSnapshot.objects.aexists()
    assert (await import_queries.imports(ana.id)).results == []
    with pytest.raises(NotFound):
        await take_back(file)


async def test_t03_taking_an_import_back_reads_no_rows_of_others(ana: User, ben: User, bring: Bring) -> None:
    march, _ = await bring(MARCH), await bring(APRIL, user=ben)
    await run_db(lambda: fill(Source.objects.get(account__user=ben)))
    watching = few_read(planned="custom", only="DELETE")
    await run_db(watching.__enter__)
    await take_back(march)
    await run_db(watching.__exit__, None, None, None)


async def test_t06_rows_that_another_file_has_too_stay(ana: User, bring: Bring) -> None:
    march, april = await bring(MARCH), await bring(APRIL)
    effect = await take_back(march)
    assert (effect.going, effect.staying) == (1, 1)
    assert await rows_of(ana) == [("CAFE", "-20.00"), ("CAFE", "-7.00")]
    (account,) = (await ledger_queries.accounts(ana.id)).results
    assert account["balances"]["current"] == "93.00"
    await take_back(april)
    assert await rows_of(ana) == []


async def test_t06_the_balance_is_again_that_of_the_file_before(ana: User, bring: Bring) -> None:
    await bring(MARCH)
    before = await run_db(everything, ana)
    await take_back(await bring(APRIL))
    assert await run_db(everything, ana) == before
    (account,) = (await ledger_queries.accounts(ana.id)).results
    assert account["balances"]["current"] == "100.00"


async def test_t06_the_same_day_stated_by_two_files(ana: User, bring: Bring) -> None:
    first = await bring(statement(line("1"), balance="100.00"))
    second = await bring(statement(line("1"), line("2"), balance="95.50"))
    await take_back(second)
    assert (await BalanceSnapshot.objects.aget(derived=False)).current == 100
    third = await bring(statement(line("1"), balance="100.00"))
    await take_back(first)
    assert (await BalanceSnapshot.objects.aget(derived=False)).current == 100, "the third file says so too"
    await take_back(third)
    assert not await BalanceSnapshot.objects.aexists()


async def test_t06_holdings_are_again_those_of_the_file_before(ana: User, bring: Bring) -> None:
    march = await bring(brokerage("AAA111111", "3", "20260310120000"))
    april = await bring(brokerage("BBB222222", "4", "20260410120000"))
    await take_back(april)
    held = await Holding.objects.select_related("security").aget()
    assert (held.security.cusip, held.quantity) == ("AAA111111", Decimal(3))
    await take_back(march)
    assert not await Holding.objects.aexists()


async def test_t06_the_same_file_can_be_imported_again(ana: User, bring: Bring) -> None:
    first = await bring(MARCH)
    before = await run_db(everything, ana)
    await take_back(first)
    again = await bring(MARCH)
    assert (again.added, again.matched) == (2, 0)
    assert await run_db(everything, ana) == before


async def test_t06_a_file_sent_twice_has_to_be_taken_back_twice(ana: User, bring: Bring) -> None:
    first, again = await bring(MARCH), await bring(MARCH)
    assert (await take_back(first)).going == 0
    assert len(await rows_of(ana)) == 2
    assert (await take_back(again)).going == 2


async def test_t06_a_correction_that_is_taken_back_leaves_the_row_as_it_was(ana: User, bring: Bring) -> None:
    await bring(statement(line("1", "-10", name="CAFE"), line("2", "-3", name="BUS")))
    before = await run_db(everything, ana)
    row = await Transaction.objects.aget(description="CAFE")
    await Transaction.objects.filter(id=row.id).aupdate(note="with Ben")
    more = "<CORRECTFITID>1<CORRECTACTION>REPLACE"
    away = line("8", "-3", more="<CORRECTFITID>2<CORRECTACTION>DELETE")
    corrections = await bring(statement(line("9", "-11", name="CAFE CORRECTED", more=more), away))
    assert await rows_of(ana) == [("CAFE CORRECTED", "-11.00")]
    effect = await import_queries.import_undoing(ana.id, corrections.id)
    assert effect.going == 0
    await take_back(corrections)
    assert await run_db(everything, ana) == before
    back = await Transaction.objects.aget(description="CAFE")
    assert (back.id, back.note) == (row.id, "with Ben")
    await bring(statement(line("2", "-3", name="BUS")))
    assert len(await rows_of(ana)) == 2, "a row that was deleted and came back is known"


async def test_t06_a_new_description_is_taken_back_and_own_words_stay(ana: User, bring: Bring) -> None:
    await bring(statement(line("1", name="CAFE")))
    row = await Transaction.objects.aget()
    await wiring.transaction_service().change(
        user_id=ana.id, transaction_id=row.id, changes={"category": "Treats"}
    )
    renamed = await bring(statement(line("1", name="CORNER CAFE")))
    assert [name for name, _ in await rows_of(ana)] == ["CORNER CAFE"]
    await take_back(renamed)
    back = await Transaction.objects.aget()
    assert (back.id, back.description, back.category) == (row.id, "CAFE", "Treats")


async def test_t06_what_a_provider_brought_is_left_alone(
    ana: User, bring: Bring, fed: FinancialAccount
) -> None:
    early = statement(line("1"), balance="70.00", as_of="20260228")
    before = await run_db(everything, ana)
    await take_back(await bring(early, account_id=fed.id))
    assert await run_db(everything, ana) == before
    later = NOON + timedelta(days=30)
    file = await bring(statement(line("1"), balance="70.00", as_of="20260410"), account_id=fed.id)
    await run_db(apply_balance, fed, account_record(current="55.00", as_of=later + timedelta(days=9)), later)
    now = await run_db(everything, ana)
    await take_back(file)
    account = (await run_db(everything, ana))[0]
    assert account[:3] == now[0][:3]
    assert account[3] == []


async def test_t06_a_balance_of_a_provider_that_a_file_covered_comes_back(
    ana: User, bring: Bring, fed: FinancialAccount
) -> None:
    day = (NOON + timedelta(days=9)).strftime("%Y%m%d")
    before = await run_db(everything, ana)
    first = await bring(statement(line("1"), balance="70.00", as_of=f"{day}130000"), account_id=fed.id)
    second = await bring(statement(line("1"), balance="71.00", as_of=f"{day}140000"), account_id=fed.id)
    await take_back(first)
    assert (await BalanceSnapshot.objects.aget(derived=False)).current == 71
    await take_back(second)
    assert await run_db(everything, ana) == before


async def test_t06_an_account_that_only_this_file_fed_goes_when_asked(ana: User, bring: Bring) -> None:
    march, april = await bring(MARCH), await bring(APRIL)
    assert (await take_back(march, with_accounts=True)).left_empty == ()
    effect = await take_back(april, with_accounts=True)
    assert len(effect.left_empty) == 1
    assert (await ledger_queries.accounts(ana.id)).results == []
    assert not await Connection.objects.filter(user=ana).aexists()
    told = [event.action async for event in AuditEvent.objects.filter(user_id=ana.id).order_by("id")]
    assert told == ["import.taken_back", "account.deleted", "import.taken_back"]


async def test_t06_imports_from_before_are_refused_and_their_rows_stay(ana: User, bring: Bring) -> None:
    old = await bring(MARCH)

    def as_before() -> None:
        """What the migration makes of imports whose rows were not written down."""
        from importlib import import_module

        ImportedRows.objects.all().delete()
        FileImport.objects.update(traced=False)
        with database.cursor() as cursor:
            cursor.execute(import_module("providers.migrations.0012_own_choices").FROM_BEFORE)

    await run_db(as_before)
    with pytest.raises(ImportNotTraced):
        await take_back(old)
    assert (await import_queries.import_(ana.id, old.id))["undoable"] is False
    new = await bring(APRIL)
    effect = await take_back(new)
    assert (effect.going, effect.staying) == (1, 1)
    assert len(await rows_of(ana)) == 2


async def test_t06_an_import_under_way_is_not_taken_back(ana: User, bring: Bring) -> None:
    done, running = await bring(MARCH), await bring(APRIL)
    files = FileImport.objects.filter(id=running.id)
    await files.aupdate(state="running", lease_until=timezone.now() + timedelta(minutes=5))
    for file in (running, done):
        with pytest.raises(ImportUnderWay):
            await take_back(file)
    assert len(await rows_of(ana)) == 3


async def test_t06_a_file_that_could_not_be_read_is_forgotten(ana: User, bring: Bring) -> None:
    with pytest.raises(Exception, match="not_a_statement"):
        await bring(b"%PDF-1.7")
    file = await FileImport.objects.aget()
    assert (await import_queries.import_(ana.id, file.id))["undoable"] is True
    await take_back(file)
    assert not await FileImport.objects.aexists()


async def test_t06_another_person_s_import_is_not_there(ana: User, ben: User, bring: Bring) -> None:
    file = await bring(MARCH)
    service = wiring.import_undo_service()
    with pytest.raises(NotFound):
        await service.take_back(user_id=ben.id, import_id=file.id, with_accounts=True)
    assert len(await rows_of(ana)) == 2


FILES = st.builds(
    lambda ids, day: statement(
        *(line(str(n), f"-{n}.50") for n in sorted(ids)), balance=f"{day}.00", as_of=f"202603{day}"
    ),
    st.sets(st.integers(1, 6), max_size=4),
    st.integers(10, 13),
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(files=st.lists(FILES, min_size=2, max_size=4, unique=True), data=st.data())
def test_t06_any_files_taken_back_leave_what_the_others_bring(
    ana: User, files: list[bytes], data: Any
) -> None:
    gone = data.draw(st.permutations(range(len(files))))[: data.draw(st.integers(1, len(files)))]
    made = [landed(ana, each) for each in files]
    for index in gone:
        undo.take_back(ana.id, made[index], with_accounts=False)
    left = everything(ana)
    forget(ana)
    for index, each in enumerate(files):
        if index not in gone:
            landed(ana, each)
    assert left == everything(ana)
    forget(ana)


def landed(user: User, data: bytes) -> UUID:
    """Import a file as a worker does, without a process of its own."""
    parsed = parse_statement_file(data)
    new = FileImport(user=user, filename="a.ofx", sha256=uuid4().hex, size=len(data))
    file = FileImport.objects.claim(FileImport.objects.begin(new, []).id, uuid4())
    assert file is not None
    rows = [(index, each.transactions) for index, each in enumerate(parsed.statements)]
    land_statement_file(file, parsed, rows, lambda count: None)
    return file.id


def forget(user: User) -> None:
    FinancialAccount.objects.filter(user=user).delete()
    FileImport.objects.filter(user=user).delete()
