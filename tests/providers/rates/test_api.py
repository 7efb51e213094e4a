"""Exchange rates over the API: exact, dated, and an empty list where there are none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from dashtam.api import openapi
from dashtam.bridge.doors import run_db
from providers.rates.conversion import EuroRate
from providers.rates.lookup import rates_of_days, rates_on
from providers.rates.models import ExchangeRate
from tests.providers.api.test_api_data import read, signed_in
from tests.providers.ledger.test_queries import queries_of

pytestmark = pytest.mark.django_db

FRIDAY, THURSDAY = date(2026, 10, 30), date(2026, 10, 29)


@pytest.fixture(autouse=True)
def _rates(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.hashers.QuickHasher"]
    held = {"USD": "1.1172", "JPY": "175.68", "IDR": "20275.17"}
    ExchangeRate.objects.add_missing([EuroRate(FRIDAY, unit, Decimal(rate)) for unit, rate in held.items()])
    older = [EuroRate(THURSDAY, "USD", Decimal("1.113")), EuroRate(THURSDAY, "GBP", Decimal("0.83578"))]
    ExchangeRate.objects.add_missing(older)


async def test_t01_rates_are_as_published_and_dated(ana: User) -> None:
    api = await signed_in(ana)
    assert await read(api, "exchange-rates?on=2026-11-01") == {
        "on": "2026-11-01",
        "source": "ECB",
        "base": "EUR",
        "rates": [
            {"currency": "GBP", "rate": "0.83578", "date": "2026-10-29"},
            {"currency": "IDR", "rate": "20275.17", "date": "2026-10-30"},
            {"currency": "JPY", "rate": "175.68", "date": "2026-10-30"},
            {"currency": "USD", "rate": "1.1172", "date": "2026-10-30"},
        ],
    }
    assert (await read(api, "exchange-rates?on=2026-10-29"))["rates"][-1]["rate"] == "1.113"


async def test_t01_rates_against_another_base_are_crossed_through_the_euro(ana: User) -> None:
    found = (await read(await signed_in(ana), "exchange-rates?on=2026-10-30&base=USD"))["rates"]
    assert [(row["currency"], row["rate"], row["date"]) for row in found] == [
        ("EUR", "0.895094880057", "2026-10-30"),
        ("GBP", "0.748102398854", "2026-10-29"),
        ("IDR", "18148.2008593", "2026-10-30"),
        ("JPY", "157.250268528", "2026-10-30"),
    ]


@pytest.mark.parametrize("query", ["on=1998-12-31", "on=2026-10-30&base=XTS", "on=2199-01-01"])
async def test_t01_where_no_rate_is_known_the_list_is_empty(ana: User, query: str) -> None:
    answer = await read(await signed_in(ana), f"exchange-rates?{query}")
    assert answer["rates"] == []


@pytest.mark.parametrize("query", ["on=2026-11-10", ""])
async def test_t01_days_after_the_last_publication_have_its_rates_and_its_date(ana: User, query: str) -> None:
    found = (await read(await signed_in(ana), f"exchange-rates?{query}"))["rates"]
    assert max(row["date"] for row in found) == "2026-10-30"


@pytest.mark.parametrize(
    "query", ["on=yesterday", "base=euro", "base=€", "on=20261030", "day=2026-10-30", "limit=5"]
)
async def test_t01_a_question_that_is_none_is_refused(ana: User, query: str) -> None:
    answer = await (await signed_in(ana)).get(f"exchange-rates?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


async def test_t01_the_rates_of_a_day_take_one_query(ana: User) -> None:
    assert await queries_of(rates_on(FRIDAY, "USD")) == 1
    days = [THURSDAY, FRIDAY, date(2026, 11, 9), date(2026, 11, 10)]
    assert await queries_of(run_db(rates_of_days, days, ["USD", "GBP", "EUR"])) == 1
    found = await run_db(rates_of_days, days, ["USD", "GBP", "EUR"])
    assert [str(found[day].known["USD"].per_euro.normalize()) for day in days] == [
        "1.113",
        *["1.1172"] * 3,
    ]
    assert all(found[day].convertible("GBP", "EUR") for day in days)


def test_t01_the_document_describes_them_with_an_example() -> None:
    operation = openapi._schema()["paths"]["/api/v1/exchange-rates"]["get"]
    content = operation["responses"]["200"]["content"]["application/json"]
    (example,) = content["examples"].values()
    assert example["value"]["rates"][1] == {"currency": "USD", "rate": "1.1172", "date": "2026-10-30"}
