"""Files of every format through the real importer: the samples of `make files`, the command, and the folder."""

import os
from io import StringIO
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync  # noqa: TID251 the command and the task are entered from sync
from django.core.management import CommandError, call_command

from accounts.models import User
from providers import wiring
from providers.imports import queries
from providers.ledger import queries as ledger_queries
from providers.ledger.models import FinancialAccount, Transaction
from tests.files import runner
from tests.files.facts import Facts, Outcome, differences, read_index
from tests.providers.imports.conftest import Bring

pytestmark = pytest.mark.django_db
SAMPLES = Path(runner.__file__).parent / "samples"


async def test_t14_every_sample_comes_out_as_its_index_says_and_the_second_time_adds_nothing() -> None:
    found = await runner.outcomes(SAMPLES, runner.files(SAMPLES))
    assert {each.file: each.wrong for each in found if each.wrong} == {}
    assert {each.file: each.state for each in found} == {
        "checking.qfx": "partial",
        "giro-052.xml": "partial",
        "giro-053.xml": "succeeded",
        "household.qif": "succeeded",
        "interim.sta": "succeeded",
        "savings.sta": "partial",
        "signed-out.xml": "failed",
        "which-day.qif": "failed",
    }
    reasons = {each.file: each.reason.partition(":")[0] for each in found if each.reason}
    assert reasons == {"signed-out.xml": "not_a_statement", "which-day.qif": "uncertain"}


def test_t14_a_difference_from_the_index_is_told() -> None:
    outcome = Outcome("a", state="succeeded", rows=3, sums={"EUR": "1"}, balances=["5.00 EUR"])
    facts = read_index(SAMPLES)["giro-053.xml"]
    assert len(list(differences(facts, outcome))) == 3
    assert list(differences(Facts(refused=True), outcome)) == ["it was taken, and must be refused"]
    refused = Outcome("b", state="failed", reason="damaged")
    assert list(differences(facts, refused)) == ["it was refused, and has rows or balances"]


def test_t14_facts_of_an_index_are_held_against_rows_days_and_amounts(tmp_path: Path) -> None:
    lines = [
        "path\tspecial\texpected\tcounted",
        "a.sta\t\t\t:20: 1; :61: 0; close C260309EUR12,5, D260310EUR1,",
        "b.csv\t\t2 rows; normalised -4.50, +2.00\t",
        "c.ofx\t\t0 transactions, 1 discarded\tSTMTTRN 1",
        "d.sta\t\t\t:20: 0; :61: 0",
    ]
    (tmp_path / "INDEX.tsv").write_text("\n".join(lines))
    facts = read_index(tmp_path)
    rows = Outcome("a", state="succeeded", rows=1, days=[("2026-03-09", "12.50")], amounts=["-4.50"])
    assert list(differences(facts["a.sta"], rows)) == [
        "1 rows are accounted for, 0 were counted",
        "no closing balance of 2026-03-10 is -1.0",
    ]
    assert list(differences(facts["b.csv"], rows)) == ["the amounts are -4.50"]
    assert list(differences(facts["c.ofx"], rows)) == ["0 rows were left out, 1 must be"]
    assert list(differences(facts["d.sta"], rows)) == []


async def test_t14_a_camt_report_and_the_statement_after_it_are_of_one_account(
    ana: User, bring: Bring
) -> None:
    for name in ("giro-053.xml", "giro-052.xml"):
        await bring((SAMPLES / name).read_bytes())
    (account,) = (await ledger_queries.accounts(ana.id)).results
    assert (account["name"], account["mask"], account["balances"]["current"]) == (
        "Household",
        "3000",
        "1391.75",
    )
    rows = await ledger_queries.transactions(ana.id)
    assert sorted((row["amount"], row["status"]) for row in rows.results)[:2] == [
        ("-14.10", "posted"),
        ("-14.15", "posted"),
    ]
    assert [row["amount"] for row in rows.results if row["status"] == "pending"] == ["-8.20"]


async def test_t14_accounts_of_qif_are_told_apart_by_their_names(ana: User, bring: Bring) -> None:
    data = (SAMPLES / "household.qif").read_bytes()
    await bring(data, currency="EUR")
    again = await bring(data + b"\n", currency="EUR")
    assert (again.added, again.matched) == (0, 5)
    names = (await ledger_queries.accounts(ana.id)).results
    assert sorted((each["name"], each["type"], each["mask"]) for each in names) == [
        ("Depot", "investment", ""),
        ("Wallet", "other", ""),
    ]
    food = await Transaction.objects.aget(description="Bakery")
    assert (food.category, str(food.amount.normalize())) == ("Food", "-4.5")


def test_t14_the_command_brings_files_in_and_says_what_became_of_each(ana: User, tmp_path: Path) -> None:
    said = StringIO()
    call_command("import", str(SAMPLES / "savings.sta"), user=ana.email.upper(), stdout=said)
    assert said.getvalue().startswith("savings.sta: 4 added, 0 known already, 1 left out.\nLine 21:")
    with pytest.raises(CommandError, match="2 of 2 files"):
        call_command(
            "import", str(SAMPLES / "which-day.qif"), str(tmp_path / "none"), user=ana.email, stdout=said
        )
    assert "which-day.qif: This file can be read in two ways" in said.getvalue()
    with pytest.raises(CommandError, match="Nobody"):
        call_command("import", str(SAMPLES / "savings.sta"), user="who@example.org")


def test_t14_a_watched_folder_is_emptied_and_tells_why(ana: User, tmp_path: Path, settings: object) -> None:
    mine, other = tmp_path / ana.email, tmp_path / "stranger@example.org"
    old = 1_700_000_000
    for folder, name in ((mine, "savings.sta"), (mine, "signed-out.xml"), (other, "savings.sta")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes((SAMPLES / name).read_bytes())
        os.utime(folder / name, (old, old))
    (mine / "being-written.sta").write_bytes(b":20:")
    (mine / "link.sta").symlink_to(SAMPLES / "giro-053.xml")
    settings.IMPORT_FOLDER = str(tmp_path)  # type: ignore[attr-defined]
    async_to_sync(wiring.intake_service().watch)()
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()) == sorted([
        f"{ana.email}/being-written.sta",
        f"{ana.email}/done/savings.sta",
        f"{ana.email}/done/savings.sta.txt",
        f"{ana.email}/link.sta",
        f"{ana.email}/refused/signed-out.xml",
        f"{ana.email}/refused/signed-out.xml.txt",
        "stranger@example.org/savings.sta",
    ])  # fmt: skip
    assert (mine / "done" / "savings.sta.txt").read_text().startswith("4 added")
    assert "web page" in (mine / "refused" / "signed-out.xml.txt").read_text()
    assert FinancialAccount.objects.get().user_id == ana.id
    (listed,) = [row for row in async_to_sync(queries.imports)(ana.id).results if row["state"] != "failed"]
    assert listed["format"] == "mt940"
