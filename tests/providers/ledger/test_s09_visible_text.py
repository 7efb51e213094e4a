"""Texts of providers without what is invisible, steers a terminal, or turns letters around."""

import importlib
import unicodedata
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from dashtam.plain_text import visible
from providers.connections.models import Connection
from providers.ledger.ingest import apply_accounts, apply_holdings
from providers.ledger.models import FinancialAccount, Security, Transaction
from providers.records import HoldingsRecord, SecurityRecord
from tests.providers.ledger.pages import apply_transactions
from tests.providers.ledger.test_ingest import NOON, account_record, page, row

HOSTILE = "\x1b[2J\x1b]0;owned\x07Pay\u202egro.live\u2066\u200b\ufeff\u2028Caf\xe9\x9b31m\x00\U000e0041"
SHOWN = "[2J]0;ownedPaygro.live Caf\xe931m"


@pytest.fixture
def connection(ana: User) -> Connection:
    return Connection.objects.create(user=ana, provider="sandbox", state=Connection.State.ACTIVE)


def test_t10_a_long_run_of_joiners_is_looked_at_once() -> None:
    run = "\u200d" * 3_000_000  # from each of its places, it would be looked at for a day
    assert visible(f"\xe9{run}\xe9") == f"\xe9{run}\xe9"
    assert visible(f"a{run}b") == "ab"


@pytest.mark.django_db
def test_s09_every_text_of_a_provider_is_cleaned_on_the_way_in(connection: Connection) -> None:
    record = account_record(name=HOSTILE, mask="\x1b12\u202e34", subtype=HOSTILE)
    (account,) = apply_accounts(connection, [record], NOON)
    texts = {"description": HOSTILE, "kind": "\u202ex", "source_code": HOSTILE, "category": HOSTILE}
    apply_transactions(account, page(row("a", **texts), row("b", description="Tea\u200d\u2028House")), "")
    apply_holdings(
        account,
        HoldingsRecord(
            NOON, [], [SecurityRecord("s", "A\x1bCME", HOSTILE, "\u202ex", "\x07", "\x1b", "USD")]
        ),
        NOON,
    )
    account.refresh_from_db()
    assert (account.name, account.mask, account.subtype) == (SHOWN, "1234", SHOWN[:40])
    first = account.transactions.get(provider_transaction_id="a")
    assert (first.description, first.kind, first.source_code, first.category) == (SHOWN, "x", SHOWN, SHOWN)
    assert account.transactions.get(provider_transaction_id="b").description == "Tea House"
    security = Security.objects.get()
    assert (security.symbol, security.name, security.type) == ("ACME", SHOWN, "x")
    assert (security.cusip, security.isin) == ("", "")


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "क्\u200dष", "\U0001f469\u200d\U0001f4bb \u2764\ufe0f", "naïve — “ok”"]
)
def test_s09_what_a_script_is_written_with_stays(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_s09_nothing_invisible_is_left_and_once_is_enough(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not [
        c for c in shown if unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    ]
    assert not [c for c in shown if c in "\u200b\u200e\u200f\u061c\u2060\ufeff\xad"]
    assert visible(shown) == shown


@pytest.mark.django_db
def test_s09_texts_that_are_stored_already_are_cleaned_in_parts(connection: Connection) -> None:
    (account,) = apply_accounts(connection, [account_record()], NOON)
    apply_transactions(account, page(row("a"), row("b", description="Café"), row("c")), "")
    Transaction.objects.filter(provider_transaction_id="a").update(description=HOSTILE.replace("\0", ""))
    FinancialAccount.objects.update(name="\u202eEveryday")
    before: dict[str, Any] = dict(Transaction.objects.values_list("provider_transaction_id", "updated_at"))
    migration = importlib.import_module("providers.migrations.0003_visible_text")
    with database.schema_editor(atomic=False) as editor:
        migration.clean(apps, editor, at_once=1)
    found = dict(Transaction.objects.values_list("provider_transaction_id", "description"))
    assert found == {"a": SHOWN, "b": "Café", "c": "Corner Café"}
    assert FinancialAccount.objects.get().name == "Everyday"
    assert dict(Transaction.objects.values_list("provider_transaction_id", "updated_at")) == before
