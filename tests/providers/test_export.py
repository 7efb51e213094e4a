"""The export: all of a person's data and no other, made in the background, downloaded once."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Sum
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.export.archive import decimal_text, plain
from accounts.export.tables import LEFT_OUT, TABLES
from accounts.models import AuditEvent, DataExport, ExportPart, OneTimeLink, Session, User
from accounts.tasks import forget_exports
from dashtam.bridge.doors import run_db
from notifications.models import Email
from providers.connections.models import ProviderToken
from providers.ledger.models import FinancialAccount, Transaction
from providers.simulator.process import SandboxBank
from tests.accounts.conftest import Api
from tests.accounts.conftest import Browser as PasswordBrowser
from tests.jobs import run_now, run_queued
from tests.providers import dumps
from tests.providers.connections.linking import connect
from tests.providers.test_leaving import signed_in

SHEETS = {"accounts.csv", "balances.csv", "holdings.csv", "transactions.csv"}
FORMULA = '=HYPERLINK("http://evil.example","click")'


async def asked(api: Api) -> dict[str, Any]:
    """Request the export until it is ready."""
    first = await api.get("auth/me/export")
    assert first.status_code == 202, first.content
    assert first["Retry-After"]
    await run_db(run_queued)
    ready = await api.get("auth/me/export")
    assert ready.status_code == 200
    answer: dict[str, Any] = ready.json()
    return answer


async def taken(api: Api, ready: dict[str, Any]) -> Any:
    return await api.get(ready["download_url"].partition("/api/v1/")[2])


async def unpacked(answer: Any) -> dict[str, bytes]:
    """The files of the archive."""
    content = b"".join([piece async for piece in answer.streaming_content])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_n4_every_table_is_exported_or_left_out_for_a_reason() -> None:
    """A new table is registered in its app's `personal_data`, to be exported or, with a reason, left out."""
    known = {table.label for table in TABLES} | set(LEFT_OUT)
    assert {model._meta.label for model in apps.get_models()} == known
    assert len({table.name for table in TABLES}) == len(TABLES)


def test_n4_no_exported_column_is_a_secret() -> None:
    columns = {f"{table.label}.{column}" for table in TABLES for column in table.columns}
    telling = ("password", "secret", "seed", "digest", "hash", "verifier", "envelope")
    allowed = {"providers.FileImport.sha256"}
    assert {name for name in columns - allowed if any(word in name.lower() for word in telling)} == set()
    assert not any(name.endswith((".access_token", ".refresh_token")) for name in columns)


async def test_n4_the_export_is_complete_and_holds_nobody_else_s(
    ana: User, ben: User, bank: SandboxBank
) -> None:
    await connect(ana, bank)
    await connect(ben, bank, customer="ben")
    await run_db(run_queued)
    one = await Transaction.objects.filter(user=ana).values_list("id").afirst()
    assert one is not None
    await Transaction.objects.filter(id=one[0]).aupdate(description=FORMULA, note="-1+1")
    api = await signed_in(ana)
    files = await unpacked(await taken(api, await asked(api)))
    assert set(files) == {f"{table.name}.json" for table in TABLES} | SHEETS | {"README.txt"}
    rows = {name[:-5]: json.loads(text) for name, text in files.items() if name.endswith(".json")}
    assert [row["email"] for row in rows["profile"]] == [ana.email]
    later = {"events": 1, "mails": 1}  # that it was taken, and the mail that it is ready
    for table in TABLES:
        now = await run_db(table.rows(ana.id).count)
        assert len(rows[table.name]) == now - later.get(table.name, 0), table.name
    for name in ("connections", "accounts", "balances", "holdings", "securities", "syncs", "events"):
        assert rows[name], name
    assert len(rows["transactions"]) == await Transaction.objects.filter(user=ana).acount() > 100
    everything = b"".join(files.values()).decode()
    assert str(ben.id) not in everything
    assert ben.email not in everything
    assert isinstance(rows["transactions"][0]["amount"], str)
    table_rows = list(csv.DictReader(io.StringIO(files["transactions.csv"].decode("utf-8-sig"), newline="")))
    assert len(table_rows) == len(rows["transactions"])
    (odd,) = [row for row in table_rows if "HYPERLINK" in row["Description"]]
    assert (odd["Description"], odd["Note"]) == (f"'{FORMULA}", "'-1+1")
    assert any(row["Amount"].startswith("-") for row in table_rows), "numbers stay numbers"


async def test_t11_people_read_names_words_and_plain_decimals(ana: User, bank: SandboxBank) -> None:
    await connect(ana, bank)
    await run_db(run_queued)
    api = await signed_in(ana)
    files = await unpacked(await taken(api, await asked(api)))
    sheets = {
        name: list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"), newline="")))
        for name in SHEETS
    }
    readme = files["README.txt"].decode()
    for name, lines in sheets.items():
        assert name in readme
        assert lines, name
        assert {line["Institution"] for line in lines} == {"Sandbox Bank"}
        assert all(line["Account"] for line in lines)
        cells = " ".join(cell for line in lines for cell in line.values())
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-|\d[eE][+-]?\d|None|T\d\d:", cells), name
        assert not re.search(r"\.\d*0{6}", cells), name
    transactions = sheets["transactions.csv"]
    assert [line["Date"] for line in transactions] == sorted(line["Date"] for line in transactions)
    assert {line["Status"] for line in transactions} == {"Posted", "Pending"}
    assert {"Purchase", "Buy"} <= {line["Kind"] for line in transactions}
    assert all(re.fullmatch(r"-?\d+\.\d\d", line["Amount"]) for line in transactions)
    truth = {str(row.provider_account_id): row async for row in FinancialAccount.objects.filter(user=ana)}
    told = {line["Account"]: Decimal(line["Balance"]) for line in sheets["accounts.csv"]}
    assert told == {account.name: account.balance_current for account in truth.values()}
    sums = {account.name: Decimal(0) for account in truth.values()}
    for line in transactions:
        sums[line["Account"]] += Decimal(line["Amount"])
    async for account in FinancialAccount.objects.filter(user=ana).annotate(sum=Sum("transactions__amount")):
        assert sums[account.name] == (account.sum or 0)
    for row in json.loads(files["transactions.json"]):
        assert re.fullmatch(r"-?\d+\.\d\d", row["amount"]), "programs read what the API says"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**17), max_value=10**17))
def test_t11_a_decimal_is_written_with_its_own_digits_and_those_of_its_currency(number: Decimal) -> None:
    written = decimal_text(number, 2)
    assert Decimal(written) == number
    assert re.fullmatch(r"-?\d+\.\d\d(\d*[1-9])?", written)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_h9_no_cell_starts_a_formula(start: str) -> None:
    assert plain(f"{start}1") == f"'{start}1"
    assert plain(f"1{start}") == f"1{start}"


SIGNS = "=+-@＝＋－＠﹢﹣﹦−"
BEFORE = [*" \t\r\n\xa0\u2028\u200b\u202e\ufeff\"';,|", "“", "\x0b"]


@given(st.lists(st.sampled_from(BEFORE)).map("".join), st.sampled_from(SIGNS), st.text())
def test_s09_no_cell_starts_a_formula_whatever_stands_before_its_sign(
    before: str, sign: str, rest: str
) -> None:
    assert plain(before + sign + rest).startswith("'")


@given(
    st.text(),
    st.sampled_from(";|\t\r\n"),
    st.lists(st.sampled_from(BEFORE)).map("".join),
    st.sampled_from(SIGNS),
)
def test_s09_nor_does_what_follows_a_separator(text: str, separator: str, spaces: str, sign: str) -> None:
    for part in re.split(r"[;|\t\r\n]", plain(text + separator + spaces + sign + "1")):
        bare = part.strip(' \xa0\u2028\u200b\u202e\ufeff"“\x0b')
        assert not bare or bare[0] not in SIGNS


@given(
    st.text(st.characters(categories=["L", "N"]), min_size=1),
    st.text(st.characters(categories=["L", "N", "P"])),
)
def test_s09_ordinary_text_stays_as_it_is(first: str, rest: str) -> None:
    assert plain(f"{first} {rest}") == f"{first} {rest}" or ";" in rest


async def test_n4_no_secret_is_in_it(ana: User, bank: SandboxBank) -> None:
    await connect(ana, bank)
    await run_db(run_queued)
    await run_db(OneTimeLink.objects.mail, user=ana, purpose=OneTimeLink.Purpose.RESET_PASSWORD)
    api = await signed_in(ana)
    key = (await api.post("auth/api-keys", {"name": "Script", "scopes": ["read"]})).json()["key"]
    files = await unpacked(await taken(api, await asked(api)))
    everything = b"".join(files.values())
    token = await ProviderToken.objects.aget()
    hidden = [key.encode(), api.token.encode(), ana.password.encode(), bytes(token.access_token)]
    for secret in hidden:
        assert secret not in everything
    assert b"token=" not in everything


async def test_n4_it_can_be_taken_once_by_its_person_alone(ana: User, ben: User) -> None:
    api, bens = await signed_in(ana), await signed_in(ben)
    ready = await asked(api)
    assert (await taken(bens, ready)).status_code == 404
    assert (await taken(Api(), ready)).status_code == 401
    first = await taken(api, ready)
    assert first.status_code == 200
    assert first["Content-Type"] == "application/zip"
    assert first["Content-Disposition"].startswith('attachment; filename="dashtam-2')
    assert first["Cache-Control"] == "no-store"
    await unpacked(first)
    again = await taken(api, ready)
    assert (again.status_code, again.json()["code"]) == (410, "export_gone")
    actions = [event.action async for event in AuditEvent.objects.filter(user_id=ana.id)]
    assert {"export.requested", "export.taken"} <= set(actions)


async def test_n4_it_lasts_a_day_and_what_is_taken_or_late_is_deleted(ana: User) -> None:
    api = await signed_in(ana)
    ready = await asked(api)
    export = await DataExport.objects.aget()
    assert export.expires_at is not None
    assert export.expires_at - timezone.now() <= timedelta(hours=24)
    await DataExport.objects.aupdate(expires_at=timezone.now())
    assert (await taken(api, ready)).status_code == 410
    assert await ExportPart.objects.aexists()
    await run_now(forget_exports, timestamp=0)
    assert not await ExportPart.objects.aexists()
    assert (await api.get("auth/me/export")).status_code == 202, "a new one"


async def test_n4_asking_and_taking_need_a_fresh_proof(ana: User) -> None:
    api = await signed_in(ana)
    ready = await asked(api)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    late = await signed_in(ana)
    await Session.objects.aupdate(authenticated_at=timezone.now() - timedelta(minutes=6))
    for path in ("auth/me/export", ready["download_url"].partition("/api/v1/")[2]):
        refused = await late.get(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "reauth_required"), path


async def test_n4_in_the_database_it_lies_sealed(ana: User) -> None:
    api = await signed_in(ana)
    await asked(api)
    (part,) = [part async for part in ExportPart.objects.all()]
    assert b"README.txt" not in bytes(part.data)
    assert b"transactions.json" not in await run_db(dumps.database)


async def test_b10_however_often_it_is_asked_for_one_is_made(ana: User) -> None:
    api = await signed_in(ana)
    for _ in range(20):
        assert (await api.get("auth/me/export")).status_code == 202
    assert await DataExport.objects.acount() == 1
    for _ in range(4):
        await DataExport.objects.all().adelete()
        assert (await api.get("auth/me/export")).status_code == 202
    await DataExport.objects.all().adelete()
    assert (await api.get("auth/me/export")).status_code == 429


async def test_n4_a_large_export_comes_in_pieces(ana: User) -> None:
    await run_db(_many_mails, ana)
    api = await signed_in(ana)
    ready = await asked(api)
    assert await ExportPart.objects.acount() > 1
    files = await unpacked(await taken(api, ready))
    assert len(json.loads(files["mails.json"])) == 3000


def _many_mails(ana: User) -> None:
    import secrets

    noise = ({"note": secrets.token_urlsafe(600)} for _ in range(3000))  # cannot be compressed much
    rows = [Email(user=ana, to=ana.email, kind="address_known", context=each, state="sent") for each in noise]
    Email.objects.bulk_create(rows)


async def test_n4_in_the_browser(ana: User) -> None:
    browser = PasswordBrowser()
    await browser.sign_in(ana.email)
    shown = "/settings/data"
    assert (await browser.send("/settings/data/export", shown_at=shown)).status_code == 303
    assert "We are putting your data together" in (await browser.get(shown)).content.decode()
    await run_db(run_queued)
    (mail,) = [mail async for mail in Email.objects.filter(kind="export_ready")]
    assert mail.to == ana.email
    assert "Your data is ready" in (await browser.get(shown)).content.decode()
    export = await DataExport.objects.aget()
    saved = await browser.send(f"/settings/data/exports/{export.id}/take", shown_at=shown)
    assert saved.status_code == 200
    assert "profile.json" in await unpacked(saved)
    again = await browser.send(f"/settings/data/exports/{export.id}/take", shown_at=shown)
    assert (again.status_code, again["Location"]) == (303, "/settings/data")
