"""Transactions, cash flow and investments with no account, with five and with two hundred, on every size of screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.e2e.test_every_page import look
from tests.e2e.test_pages_journey import sign_in
from tests.stack import Stack

ADDRESSES = [
    "/transactions",
    "/transactions?q=a&min_amount=-500",
    "/cash-flow",
    "/cash-flow?range=1m",
    "/investments",
]
SCREENS: dict[tuple[str, str], ViewportSize] = {
    ("desktop", "light"): {"width": 1280, "height": 900},
    ("tablet", "dark"): {"width": 820, "height": 1180},
    ("phone", "light"): {"width": 390, "height": 844},
}
PHONE: ViewportSize = {"width": 390, "height": 844}

_ACCOUNTS = """
INSERT INTO providers_financialaccount (
    id, user_id, connection_id, provider_account_id, name, mask, type, subtype, currency, balance_current,
    balance_as_of, balance_fetched_at, balances_version, transactions_cursor, created_at)
SELECT gen_random_uuid(), user_id, connection.id, 'many-' || n,
    CASE WHEN n % 40 = 0 THEN repeat('Joint household account for unforeseen repairs ', 3) ELSE 'Account ' || n END,
    lpad(n::text, 4, '0'), CASE WHEN n % 5 = 0 THEN 'investment' ELSE 'depository' END, '',
    (ARRAY['USD', 'USD', 'EUR', 'JPY', 'ILS'])[1 + n % 5], n * 10, now(), now(), 0, '', now()
FROM providers_connection AS connection, generate_series(1, 195) AS n WHERE user_id = %(user)s
RETURNING id
"""
_TRANSACTIONS = """
INSERT INTO providers_transaction (
    id, user_id, account_id, provider_transaction_id, date, status, amount, currency, description, kind, source_code,
    category, note, replaced_id, first_seen_at, updated_at)
SELECT gen_random_uuid(), account.user_id, account.id, 'many-' || n, current_date - n * 5, 'posted',
    ((hashtext(account.id::text || n) %% 50000) - 10000) / 100.0, account.currency,
    repeat('Corner shop number ' || n || ' ', 1 + n %% 4), 'debit', '',
    (ARRAY['GROCERIES', 'A_VERY_LONG_CATEGORY_OF_THINGS_FOR_THE_HOUSE', '', 'FUN'])[1 + n %% 4], '', '', now(), now()
FROM providers_financialaccount AS account, generate_series(1, 100) AS n
WHERE account.user_id = %(user)s AND account.provider_account_id LIKE 'many-%%'
"""
_HOLDINGS = """
INSERT INTO providers_holding (
    id, account_id, security_id, quantity, price, market_value, cost_basis, currency, as_of, fetched_at)
SELECT gen_random_uuid(), account.id, security.id, 3.5, 12.25, 42.875,
    CASE WHEN security.symbol < 'M' THEN 40 END, account.currency, now(), now()
FROM providers_financialaccount AS account, providers_security AS security
WHERE account.user_id = %(user)s AND account.type = 'investment' AND account.provider_account_id LIKE 'many-%%'
"""


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, str]:
    """Persons with no account, with the five of Sandbox Bank, and with two hundred."""
    found = {}
    for name in ("none", "five", "many"):
        found[name], token = stack.sign_up(name.capitalize())
        if name != "none":
            stack.connect(found[name], token)
            stack.synced(token)
    with psycopg.connect(stack.environment["MIGRATION_DATABASE_URL"]) as database:
        row = database.execute("SELECT id FROM accounts_user WHERE email = %s", [found["many"]]).fetchone()
        user = {"user": (row or ())[0]}
        database.execute(_ACCOUNTS.replace("n % ", "n %% "), user)
        database.execute(_TRANSACTIONS, user)
        database.execute(_HOLDINGS, user)
    return found


@pytest.fixture(params=["none", "five", "many"])
def person(request: pytest.FixtureRequest, people: dict[str, str]) -> str:
    """The address of one of them."""
    return people[request.param]


@pytest.fixture
def opened(chromium: Browser, stack: Stack, complaints: list[str]) -> Iterator[BrowserContext]:
    """A browser that writes down what it complains of."""
    # Colours are judged as they are in the end, not half-way through a fade.
    made = chromium.new_context(base_url=stack.origin, reduced_motion="reduce")
    made.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    made.on("weberror", lambda e: complaints.append(str(e.error)))
    yield made
    made.close()


def test_t07_the_pages_of_numbers_are_sound_on_every_screen(
    opened: BrowserContext,
    person: str,
    complaints: list[str],
    pictures: Path,
    request: pytest.FixtureRequest,
) -> None:
    page = opened.new_page()
    sign_in(page, person)
    for (screen, scheme), size in SCREENS.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for address in ADDRESSES:
            look(page, address, complaints, pictures, f"{request.node.callspec.id}-{screen}-{scheme}")


def test_t07_a_month_and_a_category_lead_to_their_transactions(page: Page, people: dict[str, str]) -> None:
    sign_in(page, people["five"])
    page.goto("/cash-flow")
    page.get_by_role("table", name="Spending by category").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/transactions\?category="))
    chips = page.get_by_role("list", name="Filters in use").get_by_role("link")
    expect(chips).to_have_count(4)
    chips.first.click()
    expect(page).not_to_have_url(re.compile("category="))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.startswith("dashtam-transactions-")


def test_t07_a_phone_reaches_every_page_without_script(
    chromium: Browser, stack: Stack, people: dict[str, str]
) -> None:
    context = chromium.new_context(base_url=stack.origin, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, people["five"])
    bar = page.get_by_role("navigation", name="Main")
    for name in ("Transactions", "Cash flow", "Investments"):
        bar.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
    bar.get_by_text("More").click()
    bar.get_by_role("link", name="Connections").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connections")
    context.close()
