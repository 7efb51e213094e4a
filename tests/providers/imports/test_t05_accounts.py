"""Which account a file is of: never two in one, and never one in two."""

import pytest

from accounts.models import User
from dashtam.bridge.doors import run_db
from dashtam.crypto import sealed_tokens
from providers.connections.models import Connection
from providers.imports.models import FileImport
from providers.imports.statement_accounts import ImportRefused
from providers.ledger import queries as ledger_queries
from providers.ledger.models import FinancialAccount, Transaction
from tests.providers.imports.conftest import Bring
from tests.providers.imports.files import HEADER, bank, file, row, signon

pytestmark = pytest.mark.django_db
CHECKING = "<BANKID>CU<ACCTID>777001<ACCTTYPE>CHECKING"
SAVINGS = "<BANKID>CU<ACCTID>777001<ACCTTYPE>SAVINGS"
NAMELESS = "<BANKID><ACCTID><ACCTTYPE>CHECKING"
OWN_PESOS = "<CURRENCY><CURRATE>1.00<CURSYM>MXN</CURRENCY>"


async def accounts_of(user: User) -> list[tuple[str, str, str]]:
    found = (await ledger_queries.accounts(user.id)).results
    return sorted((each["subtype"], each["mask"], each["currency"]) for each in found)


async def count() -> int:
    return await FinancialAccount.objects.acount()


def of_before(user: User, who: str, type: str = "depository", subtype: str = "checking") -> FinancialAccount:
    """An account as earlier versions made it, found by bank and number alone."""
    connection, _ = Connection.objects.get_or_create(
        user=user, provider="ofx", provider_subject="hill bank", state="active"
    )
    digest = sealed_tokens.digest(f"statement account {who}/USD").hex()
    return FinancialAccount.objects.create(
        user=user,
        connection=connection,
        provider_account_id=digest,
        name="Hill Bank checking",
        mask="7001",
        type=type,
        subtype=subtype,
        currency="USD",
    )


async def test_t05_checking_and_savings_of_one_number_are_two_accounts(ana: User, bring: Bring) -> None:
    await bring(file(bank(row("c1"), account=CHECKING)))
    await bring(file(bank(row("s1"), account=SAVINGS)))
    assert await accounts_of(ana) == [("checking", "7001", "USD"), ("savings", "7001", "USD")]
    again = await bring(file(bank(row("c1"), row("c2"), account=CHECKING)))
    assert (again.added, again.matched, await count()) == (1, 1, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (file(bank(row("1"), account=CHECKING)), file(bank(row("2"), account=CHECKING), name="Lake Union")),
        (file(bank(row("1"), account=CHECKING)), file(bank(row("2"), account=CHECKING), fid="2")),
        (
            file(bank(row("1"), account="<BANKID>9<BRANCHID>1<ACCTID>5<ACCTTYPE>CHECKING")),
            file(bank(row("2"), account="<BANKID>9<BRANCHID>2<ACCTID>5<ACCTTYPE>CHECKING")),
        ),
    ],
)
async def test_t05_another_institution_or_branch_is_another_account(
    bring: Bring, one: bytes, other: bytes
) -> None:
    await bring(one)
    await bring(other)
    assert await count() == 2
    assert [(await bring(again)).added for again in (one, other)] == [0, 0]
    assert await count() == 2


async def test_t05_a_file_that_says_less_of_the_institution_is_of_the_same_account(bring: Bring) -> None:
    said = [{"name": "Hill Bank"}, {"name": ""}, {"name": "HILL-BANK", "fid": ""}, {"name": "Hill Bank"}]
    for number, names in enumerate(said):
        await bring(file(bank(row(str(number)), account=CHECKING), **names))
    assert (await count(), await Transaction.objects.acount()) == (1, 4)


async def test_t05_a_file_without_an_institution_opens_its_account_to_one(bring: Bring) -> None:
    for number, name in enumerate(["", "Hill Bank", "Lake Union", "Hill Bank", "Lake Union"]):
        await bring(file(bank(row(str(number)), account=CHECKING), name=name))
    assert (await count(), await Transaction.objects.acount()) == (2, 5)


async def test_t05_a_number_at_two_institutions_is_asked_about_where_the_file_names_neither(
    bring: Bring,
) -> None:
    for name in ("Hill Bank", "Lake Union"):
        await bring(file(bank(row("1"), row("2"), row(name), account=CHECKING), name=name))
    with pytest.raises(ImportRefused) as caught:
        await bring(file(bank(row("3"), account=CHECKING), name=""))
    assert caught.value.code == "account_unknown"


async def test_t05_a_second_file_without_a_number_asks_for_its_account(ana: User, bring: Bring) -> None:
    first = file(bank(row("k1", "-1.00"), account=NAMELESS))
    second = file(bank(row("k2", "-2.00"), account=NAMELESS))
    await bring(first)
    with pytest.raises(ImportRefused) as caught:
        await bring(second)
    assert caught.value.code == "account_unknown"
    assert await Transaction.objects.acount() == 1
    done = await bring(second, new_account=True)
    assert (done.added, await count()) == (1, 2)
    assert (await bring(second, new_account=True)).added == 0
    account = await FinancialAccount.objects.order_by("created_at").afirst()
    assert account is not None
    assert (await bring(file(bank(row("k3"), account=NAMELESS)), account.id)).added == 1


async def test_t05_a_file_without_a_number_finds_the_account_that_has_its_rows(bring: Bring) -> None:
    first = file(bank(row("k1", "-1.00"), row("k2", "-2.00"), account=NAMELESS))
    await bring(first)
    again = await bring(first)
    assert (again.added, again.matched) == (0, 2)
    more = file(bank(row("k1", "-1.00"), row("k2", "-2.00"), row("k3", "-3.00"), account=NAMELESS))
    done = await bring(more)
    assert (done.added, done.state, await count()) == (1, "succeeded", 1)
    assert [notice["code"] for notice in done.notices] == ["account_assumed"]
    assert "Hill Bank checking" in done.notices[0]["detail"]


async def test_t05_an_account_of_before_is_found_by_its_next_file(ana: User, bring: Bring) -> None:
    await run_db(of_before, ana, "CU/777001")
    await bring(file(bank(row("c1"), account=CHECKING)))
    await bring(file(bank(row("c2"), account=CHECKING), fid=""))
    assert await count() == 1
    await bring(file(bank(row("s1"), account=SAVINGS)))
    assert await accounts_of(ana) == [("checking", "7001", "USD"), ("savings", "7001", "USD")]


async def test_t05_an_account_of_before_that_has_two_kinds_stays_one(ana: User, bring: Bring) -> None:
    old = await run_db(of_before, ana, "CU/777001")
    savings = [row("s1", "5.00"), row("s2", "6.00")]
    await bring(file(bank(row("c1"), *savings, account=CHECKING)), old.id)
    await bring(file(bank(*savings, account=SAVINGS)))
    await bring(file(bank(row("s3", "7.00"), account=SAVINGS)))
    await bring(file(bank(row("c2"), account=CHECKING)))
    assert (await count(), await Transaction.objects.acount()) == (1, 5)


async def test_t05_an_account_of_before_without_a_number_stays_one(ana: User, bring: Bring) -> None:
    old = await run_db(of_before, ana, "Hill Bank/depository")
    await bring(file(bank(row("k1"), account=NAMELESS)), old.id)
    done = await bring(file(bank(row("k1"), row("k2"), account=NAMELESS)), old.id)
    assert (done.added, done.matched, await count()) == (1, 1, 1)
    assert (await bring(file(bank(row("k1"), row("k2"), account=NAMELESS)))).added == 0
    with pytest.raises(ImportRefused):
        await bring(file(bank(row("z1", "-9.00"), account=NAMELESS)))


async def test_t05_each_account_of_a_file_is_at_the_institution_that_signed_it(
    ana: User, bring: Bring
) -> None:
    card = "<CCSTMTRS><CURDEF>USD<CCACCTFROM><ACCTID>U81</CCACCTFROM></CCSTMTRS>"
    card = f"<CREDITCARDMSGSRSV1><CCSTMTTRNRS>{card}</CCSTMTTRNRS></CREDITCARDMSGSRSV1>"
    data = (
        f"{HEADER}<OFX>{signon('Hill Bank')}{card}{signon('Lake Union', '7')}{bank(row('1'))}</OFX>".encode()
    )
    await bring(data)
    assert (await bring(data)).added == 0
    names = [each["name"] for each in (await ledger_queries.accounts(ana.id)).results]
    assert sorted(names) == ["Hill Bank credit card", "Lake Union checking"]
    assert await Connection.objects.acount() == 2


async def test_t05_a_file_whose_rows_all_state_one_currency_makes_its_account(
    ana: User, bring: Bring
) -> None:
    data = file(bank(row("1", more=OWN_PESOS), row("2", more=OWN_PESOS), currency=""))
    done = await bring(data)
    assert (done.added, done.state, await accounts_of(ana)) == (2, "succeeded", [("checking", "5678", "MXN")])
    assert (await bring(data)).added == 0


async def test_t05_a_currency_can_be_chosen_for_a_file_that_names_none(ana: User, bring: Bring) -> None:
    data = file(bank(row("1"), currency=""))
    with pytest.raises(ImportRefused) as caught:
        await bring(data)
    assert caught.value.code == "currency_unknown"
    assert (await bring(data, currency="NOK")).added == 1
    assert await accounts_of(ana) == [("checking", "5678", "NOK")]
    assert (await bring(data, currency="NOK")).added == 0
    with pytest.raises(ImportRefused) as caught:
        await bring(file(bank(row("1"))), currency="NOK")
    assert caught.value.code == "currency_mismatch"


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("999-12345-0055666-EOP", "5666"),
        ("12345678-9", "5678"),
        ("DE02 1203 0000 0000 2020 51", "2051"),
        ("XXXXXX4321", "4321"),
        ("4321XXXXXXXX", ""),
        ("12-34-56", "3456"),
        ("A7", "A7"),
        ("SAVINGS", "INGS"),
    ],
)
async def test_t05_a_mask_has_the_digits_that_people_know(
    ana: User, bring: Bring, number: str, mask: str
) -> None:
    await bring(file(bank(row("1"), account=f"<BANKID>1<ACCTID>{number}<ACCTTYPE>CHECKING")))
    assert [found[1] for found in await accounts_of(ana)] == [mask]


async def test_t05_a_mask_of_before_is_mended_by_the_next_file(ana: User, bring: Bring) -> None:
    data = file(bank(row("1"), account="<BANKID>1<ACCTID>12-0055666-EOP<ACCTTYPE>CHECKING"))
    await bring(data)
    await FinancialAccount.objects.aupdate(mask="-EOP")
    await bring(data)
    assert [found[1] for found in await accounts_of(ana)] == ["5666"]


async def test_t05_no_account_number_is_kept(ana: User, bring: Bring) -> None:
    await bring(file(bank(row("1"), account=CHECKING)))
    kept = await run_db(lambda: str([*FinancialAccount.objects.values(), *FileImport.objects.values()]))
    assert "777001" not in kept
