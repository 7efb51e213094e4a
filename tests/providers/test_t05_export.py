"""The spreadsheet of an export: amounts as people and the API write them."""

import csv
import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest

from accounts.export.archive import Archive
from accounts.models import User
from dashtam.bridge.doors import run_db
from tests.providers.imports.conftest import Bring, bring
from tests.providers.imports.files import bank, brokerage, file, position, positions, row

pytestmark = pytest.mark.django_db
__all__ = ["bring"]


def unpacked(user_id: UUID) -> dict[str, bytes]:
    archive, data = Archive(user_id), b""
    while not archive.complete:
        data += archive.step()
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        return {name: files.read(name) for name in files.namelist()}


def listed(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files[f"{name}.json"])
    return found


async def test_t05_amounts_of_an_export_are_written_as_the_api_writes_them(ana: User, bring: Bring) -> None:
    await bring(file(bank(row("1", "-10", "<CHECKNUM>1042"), row("2", "1.005"))))
    await bring(file(brokerage(positions(position("1", "50")))))
    files = await run_db(unpacked, ana.id)
    cells = list(csv.DictReader(io.StringIO(files["transactions.csv"].decode("utf-8-sig"), newline="")))
    assert sorted(cell["Amount"] for cell in cells) == ["-10.00", "1.005"]
    told = [each["details"] for each in listed(files, "transactions") if each["details"]]
    assert told == [{"check_number": "1042"}]
    assert sorted(each["amount"] for each in listed(files, "transactions")) == ["-10.00", "1.005"]
    (holding,) = listed(files, "holdings")
    assert (holding["quantity"], holding["market_value"]) == ("10", "50.00")
    assert sorted(each["balance_current"] for each in listed(files, "accounts")) == ["100.00", "50.00"]
