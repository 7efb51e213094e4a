"""Statement files: every row accounted for, nothing twice, and no account number kept."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection as database

from accounts.models import User
from dashtam import errors
from dashtam.bridge.doors import run_db
from providers.connections.models import Connection
from providers.formats import parse_statement_file
from providers.imports import queries as import_queries
from providers.imports.arriving.uploads import MAX_BYTES
from providers.imports.errors import FileTooLarge, StatementUnreadable
from providers.imports.models import FileImport
from providers.imports.statement_accounts import ImportRefused
from providers.ledger import queries as ledger_queries
from providers.ledger.ingest import apply_accounts
from providers.ledger.models import FinancialAccount, Holding, Security, Transaction
from tests.providers.imports.conftest import FILES, Bring
from tests.providers.ledger.pages import apply_transactions
from tests.providers.ledger.test_ingest import NOON, account_record, page, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def fed(ana: User) -> FinancialAccount:
    """An account that a provider feeds."""
    connection = Connection.objects.create(user=ana, provider="sandbox", state="active")
    return apply_accounts(connection, [account_record(as_of=NOON + timedelta(days=9))], NOON)[0]


def line(fitid: str, amount: str = "-4.50", day: str = "20260309", name: str = "CAFE", more: str = "") -> str:
    return f"<STMTTRN><TRNTYPE>POS<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}{more}</STMTTRN>"


def statement(
    *lines: str,
    balance: str = "100.00",
    as_of: str = "20260310",
    number: str = "00012345678",
    currency: str = "USD",
) -> bytes:
    """A checking account's file."""
    curdef = f"<CURDEF>{currency}" if currency else ""
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
        "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20260310<LANGUAGE>ENG"
        "<FI><ORG>First Bank<FID>1</FI></SONRS></SIGNONMSGSRSV1>"
        f"<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>{curdef}"
        f"<BANKACCTFROM><BANKID>123<ACCTID>{number}<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST><DTSTART>20260301<DTEND>20260310{''.join(lines)}</BANKTRANLIST>"
        f"<LEDGERBAL><BALAMT>{balance}<DTASOF>{as_of}</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode()


async def rows_of(user: User) -> list[tuple[str, str]]:
    listing = await ledger_queries.transactions(user.id)
    return sorted((found["description"], found["amount"]) for found in listing.results)


async def test_a_file_makes_its_account_with_rows_and_balance(ana: User, bring: Bring) -> None:
    done = await bring(statement(line("1"), line("2", "2150")))
    assert (done.state, done.format, done.added, done.matched, done.rejected) == (
        "succeeded",
        "ofx1",
        2,
        0,
        [],
    )
    account = (await ledger_queries.accounts(ana.id)).results[0]
    assert (account["name"], account["mask"], account["type"]) == (
        "First Bank checking",
        "5678",
        "depository",
    )
    assert (account["provider"], account["connection_state"]) == ("ofx", "active")
    assert account["balances"]["current"] == "100.00"
    as_of = account["balances"]["as_of"]
    assert as_of
    assert as_of.date() == date(2026, 3, 10)
    assert await rows_of(ana) == [("CAFE", "-4.50"), ("CAFE", "2150.00")]
    days = await ledger_queries.balances(ana.id, account["id"])
    stated = [day for day in days.results if not day["derived"]]
    assert [(day["date"], day["current"]) for day in stated] == [(date(2026, 3, 10), "100.00")]


async def test_an_account_is_named_in_plain_words(ana: User, bring: Bring) -> None:
    await bring("card.qfx")
    (account,) = (await ledger_queries.accounts(ana.id)).results
    assert account["name"].endswith(" credit card")


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir() if "refused" not in path.name))
async def test_every_row_of_a_real_looking_file_is_accounted_for_and_never_twice(
    bring: Bring, fed: FinancialAccount, name: str
) -> None:
    parsed = parse_statement_file((FILES / name).read_bytes())
    rows = sum(len(statement.transactions) for statement in parsed.statements) + len(parsed.rejected)
    account_id = None if parsed.statements[0].account.currency else fed.id
    first = await bring(name, account_id)
    assert first.added + first.matched + len(first.rejected) == rows
    assert await Transaction.objects.acount() == first.added
    before = await run_db(lambda: list(Transaction.objects.order_by("id").values()))
    again = await bring(name, account_id)
    assert (again.added, again.matched) == (0, first.added + first.matched)
    assert again.rejected == first.rejected
    assert await run_db(lambda: list(Transaction.objects.order_by("id").values())) == before


async def test_overlapping_files_add_only_what_is_new(ana: User, bring: Bring) -> None:
    await bring(statement(line("1"), line("2")))
    done = await bring(statement(line("2"), line("3")))
    assert (done.added, done.matched) == (1, 1)
    assert await Transaction.objects.acount() == 3
    assert await FinancialAccount.objects.acount() == 1


async def test_an_older_file_adds_rows_but_keeps_the_newer_balance(ana: User, bring: Bring) -> None:
    await bring(statement(line("2"), balance="200", as_of="20260310"))
    await bring(statement(line("1"), balance="50", as_of="20260210"))
    account = await FinancialAccount.objects.aget()
    assert account.balance_current == Decimal(200)
    stated = account.balances.filter(derived=False).order_by("date")
    assert [day.current async for day in stated] == [Decimal(50), Decimal(200)]


async def test_the_account_number_is_kept_nowhere(bring: Bring) -> None:
    await bring(statement(line("1"), number="99887766554433"))

    def dump() -> str:
        tables = [
            t
            for t in database.introspection.table_names()
            if t.startswith(("providers_", "procrastinate_jobs"))
        ]
        with database.cursor() as cursor:
            texts = []
            for table in tables:
                cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608 names of our own tables
                texts += [str(found[0]) for found in cursor.fetchall()]
        return "\n".join(texts)

    text = await run_db(dump)
    assert "4433" in text
    assert "99887766554433" not in text


async def test_two_people_with_the_same_file_have_nothing_in_common(
    ana: User, ben: User, bring: Bring
) -> None:
    await bring("brokerage.ofx")
    await bring("brokerage.ofx", user=ben)
    assert await FinancialAccount.objects.acount() == 2
    shared = Security.objects.filter(holdings__account__user=ana) & Security.objects.filter(
        holdings__account__user=ben
    )
    assert not await shared.aexists()


async def test_a_brokerage_file_brings_holdings_and_what_all_is_worth(ana: User, bring: Bring) -> None:
    await bring("brokerage.ofx")
    held = {row["security"]["symbol"]: row for row in (await ledger_queries.holdings(ana.id)).results}
    assert (held["AAA"]["quantity"], held["AAA"]["market_value"], held["AAA"]["cost_basis"]) == (
        "21",
        "325.50",
        None,
    )
    account = (await ledger_queries.accounts(ana.id)).results[0]
    assert account["type"] == "investment"
    parsed = parse_statement_file((FILES / "brokerage.ofx").read_bytes()).statements[0]
    worth = sum((p.market_value or Decimal(0) for p in parsed.holdings), Decimal(0))
    cash = [parsed.cash_balance, parsed.margin_balance, parsed.short_balance]
    assert Decimal(account["balances"]["current"] or "NaN") == worth + sum(
        (c for c in cash if c is not None), Decimal(0)
    )
    symbols = {row["symbol"] for row in (await ledger_queries.transactions(ana.id)).results}
    assert {"AAA", "MELLX"} <= symbols


async def test_a_file_without_positions_leaves_the_holdings_alone(bring: Bring) -> None:
    await bring("brokerage.ofx")
    before = await Holding.objects.acount()
    text = (FILES / "brokerage.ofx").read_text("cp1252")
    start, end = text.index("<INVPOSLIST>"), text.index("</INVPOSLIST>") + len("</INVPOSLIST>")
    await bring((text[:start] + text[end:]).encode("cp1252"))
    assert await Holding.objects.acount() == before > 0


# --- corrections ---------------------------------------------------------------------------------------

REPLACES = "<CORRECTFITID>1<CORRECTACTION>REPLACE"
DELETES = "<CORRECTFITID>1<CORRECTACTION>DELETE"


async def test_a_replacement_keeps_our_id_and_the_note_and_stays_when_the_old_file_returns(
    bring: Bring,
) -> None:
    old = statement(line("1"), line("other"))
    await bring(old)
    was = await Transaction.objects.aget(provider_transaction_id__startswith="ofx:1~")
    await Transaction.objects.filter(id=was.id).aupdate(note="mine")
    new = statement(line("2", "-5.40", more=REPLACES))
    done = await bring(new)
    assert (done.added, done.matched) == (0, 1)
    now = await Transaction.objects.aget(id=was.id)
    assert (now.amount, now.note) == (Decimal("-5.40"), "mine")
    for data in (old, new, old):
        assert (await bring(data)).added == 0
    assert await Transaction.objects.acount() == 2


async def test_a_deletion_takes_the_row_away_for_good(bring: Bring) -> None:
    old = statement(line("1"), line("11"))
    await bring(old)
    done = await bring(statement(line("2", more=DELETES)))
    assert (done.added, done.matched) == (0, 1)
    assert (await bring(old)).added == 0
    left = await Transaction.objects.aget()
    assert left.provider_transaction_id.startswith("ofx:11~")


async def test_a_row_and_its_correction_in_one_file_are_one_row(bring: Bring) -> None:
    data = statement(line("1"), line("2", "-5.40", more=REPLACES))
    done = await bring(data)
    assert (done.added, done.matched) == (1, 1)
    assert (await Transaction.objects.aget()).amount == Decimal("-5.40")
    assert (await bring(statement(line("1")))).added == 0


# --- into an account of one's choice ---------------------------------------------------------------------


async def test_a_file_adds_to_a_fed_account_what_the_feed_has_not_brought(
    fed: FinancialAccount, bring: Bring
) -> None:
    await run_db(apply_transactions, fed, page(row("a", "-4.50"), row("b", "-4.50")), "")
    data = statement(line("1"), line("2"), line("3"), line("4", day="20260301"))
    done = await bring(data, fed.id)
    assert (done.added, done.matched) == (2, 2)
    again = await bring(data, fed.id)
    assert (again.added, again.matched) == (0, 4)
    assert await fed.transactions.acount() == 4
    await fed.arefresh_from_db()
    assert fed.balance_current == Decimal(100)
    assert await FinancialAccount.objects.acount() == 1


async def test_somebody_elses_account_is_not_found(fed: FinancialAccount, ben: User, bring: Bring) -> None:
    with pytest.raises(errors.NotFound):
        await bring(statement(line("1")), fed.id, ben)
    assert not await Transaction.objects.aexists()
    assert not await FileImport.objects.aexists()


async def test_a_file_in_another_currency_is_refused_whole(fed: FinancialAccount, bring: Bring) -> None:
    with pytest.raises(ImportRefused) as caught:
        await bring(statement(line("1"), currency="EUR"), fed.id)
    assert caught.value.code == "currency_mismatch"
    assert not await Transaction.objects.aexists()
    kept = await FileImport.objects.aget()
    assert (kept.state, kept.error_code) == ("failed", "currency_mismatch")


async def test_a_file_of_several_accounts_does_not_go_into_one(fed: FinancialAccount, bring: Bring) -> None:
    with pytest.raises(ImportRefused) as caught:
        await bring("two_accounts.xml", fed.id)
    assert caught.value.code == "several_accounts"


async def test_a_file_without_a_currency_needs_an_account(fed: FinancialAccount, bring: Bring) -> None:
    data = statement(line("1"), currency="")
    with pytest.raises(ImportRefused) as caught:
        await bring(data)
    assert caught.value.code == "currency_unknown"
    assert (await bring(data, fed.id)).added == 1


async def test_a_disconnected_account_comes_back_with_its_next_file(ana: User, bring: Bring) -> None:
    await bring(statement(line("1")))
    await Connection.objects.aupdate(state="disconnected")
    await bring(statement(line("2")))
    assert await FinancialAccount.objects.acount() == 1
    assert (await Connection.objects.aget()).state == "active"


# --- files that cannot be used ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_statement"),
        (b"%PDF-1.7 ...", "not_a_statement"),
        (b"Date,Amount\n2026-01-01,5\n", "needs_answers"),
        (b"\x00" * 100, "not_a_statement"),
        (statement(line("1"))[:-40], "truncated"),
        ((FILES / "sign_in_refused.ofx").read_bytes(), "provider_error"),
    ],
)
async def test_a_file_we_cannot_read_is_refused_kindly_and_kept_in_the_list(
    ana: User, bring: Bring, data: bytes, code: str
) -> None:
    with pytest.raises(StatementUnreadable) as caught:
        await bring(data, filename="C:\\Users\\ana\\march\u202e.ofx\n")
    assert (caught.value.status, caught.value.code) == (422, code)
    assert len(caught.value.detail) > 20
    kept = (await import_queries.imports(ana.id)).results[0]
    assert (kept["state"], kept["error_code"], kept["filename"]) == ("failed", code, "march.ofx")
    assert kept["error_detail"] == caught.value.detail[:300]


async def test_a_file_larger_than_any_statement_is_refused(bring: Bring) -> None:
    with pytest.raises(FileTooLarge):
        await bring(b"x" * (MAX_BYTES + 1))


async def test_a_row_that_cannot_be_kept_is_rejected_with_its_line(bring: Bring) -> None:
    done = await bring(statement(line("1"), line("2", "12.34.56x")))
    assert (done.state, done.added, len(done.rejected)) == ("partial", 1, 1)
    assert set(done.rejected[0]) == {"line", "reason"}


async def test_imports_are_listed_newest_first_with_their_accounts(
    ana: User, ben: User, bring: Bring
) -> None:
    first, second = await bring(statement(line("1"))), await bring("two_accounts.xml")
    listed = (await import_queries.imports(ana.id)).results
    assert [row["id"] for row in listed] == [second.id, first.id]
    assert [len(row["accounts"]) for row in listed] == [2, 1]
    assert await import_queries.import_(ana.id, first.id) == listed[1]
    assert (await import_queries.imports(ben.id)).results == []
    with pytest.raises(errors.NotFound):
        await import_queries.import_(ben.id, first.id)
