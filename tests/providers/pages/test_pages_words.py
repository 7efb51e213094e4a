"""Words and presentation: codes in words, groups, gains and changes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from dashtam.errors import DashtamError
from providers import errors
from providers.connections.models import Connection
from providers.connectors import CONNECTORS
from providers.pages import words
from providers.pages.presentation import history
from providers.pages.presentation.accounts import account_groups
from providers.pages.presentation.catalogue import offers
from providers.pages.presentation.holdings import holding_rows
from providers.pages.presentation.transactions import detail
from providers.records import Kind

UNNAMED = "unexpected"


def family(error: type[DashtamError]) -> set[type[DashtamError]]:
    return {error}.union(*(family(child) for child in error.__subclasses__()))


def connection(state: str, state_reason: str = "", **fields: Any) -> dict[str, Any]:
    named = {"id": uuid4(), "provider": "sandbox", "provider_name": "Sandbox Bank"}
    named |= {"last_success_at": timezone.now()}
    return (
        named
        | {"state": state, "state_reason": state_reason, "consent_expires_at": None}
        | {"accounts_offered_at": None}
        | fields
    )


@pytest.mark.parametrize("code", sorted({error.code for error in family(errors.ProviderError)}))
def test_every_provider_error_has_a_sentence_that_names_the_institution(code: str) -> None:
    sentence = words.reason(code, "Sandbox Bank")
    assert "Sandbox Bank" in sentence
    assert UNNAMED not in sentence


@pytest.mark.parametrize(
    "code", ["consent_expired", "revoked_by_user", "key_unknown", "envelope_invalid", "interrupted"]
)
def test_every_other_reason_has_a_sentence_too(code: str) -> None:
    assert UNNAMED not in words.reason(code, "Sandbox Bank")


def test_a_code_from_the_future_is_shown_with_its_name() -> None:
    assert "moon_eclipse" in words.reason("moon_eclipse", "Sandbox Bank")


@pytest.mark.parametrize("state", Connection.State.values)
def test_every_state_is_put_into_words(state: str) -> None:
    assert words.state(connection(state)).endswith(".")


def test_the_reason_says_more_than_the_state() -> None:
    told = words.state(connection("reauth_required", "consent_expired"))
    assert told == "Your permission at Sandbox Bank has run out. Reconnect to give it again."


def test_a_connection_is_up_to_date_only_once_it_was_read() -> None:
    assert words.state(connection("active")) == "Everything is up to date."
    unread = connection("active", last_success_at=None)
    assert words.state(unread) == "Nothing has been read yet. The first update starts shortly."
    assert words.state(unread, busy=True) == "Being updated now."


def test_what_the_person_must_do_is_said_even_during_an_update() -> None:
    assert "Renew it" in words.state(connection("expiring"), busy=True)


@pytest.mark.parametrize(
    ("state", "needs"),
    [("active", False), ("pending", False), ("disconnected", False), ("expiring", True), ("revoked", True)],
)
def test_only_what_needs_the_person_asks_for_attention(state: str, needs: bool) -> None:
    assert bool(words.attention(connection(state))) is needs


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_name(kind: Kind) -> None:
    assert kind.value in words.KINDS


def test_a_kind_we_do_not_know_is_shown_as_it_is() -> None:
    assert words.kind("stock_loan") == "Stock loan"


def account(
    type: str, current: str | None, currency: str = "USD", connection_id: UUID | None = None
) -> dict[str, Any]:
    balances = {"current": current, "available": None, "limit": None, "as_of": None, "fetched_at": None}
    row = {"id": uuid4(), "type": type, "currency": currency, "provider": "sandbox", "balances": balances}
    return row | {"connection_id": connection_id or uuid4()}


def test_accounts_are_grouped_by_kind_with_exact_subtotals() -> None:
    rows = [account("credit", "-20.10"), account("depository", "0.1"), account("depository", "0.2")]
    groups = account_groups(rows)
    assert [(group.title, group.subtotal) for group in groups] == [
        ("Cash", Decimal("0.3")),
        ("Cards", Decimal("-20.10")),
    ]


def test_two_currencies_are_never_added_up() -> None:
    groups = account_groups([account("depository", "10", "EUR"), account("depository", "7", "USD")])
    assert [(g.title, g.subtotal) for g in groups] == [
        ("Cash in EUR", Decimal(10)),
        ("Cash in USD", Decimal(7)),
    ]


def test_a_group_without_a_known_balance_has_no_subtotal() -> None:
    assert account_groups([account("investment", None)])[0].subtotal is None


def test_an_account_type_from_the_future_is_not_lost() -> None:
    assert account_groups([account("crypto", "1")])[0].title == "Other accounts"


def test_gains_are_exact_and_say_their_direction() -> None:
    up, down, unknown = holding_rows(
        [
            {"market_value": "110.00", "cost_basis": "100.00"},
            {"market_value": "90.00", "cost_basis": "100.00"},
            {"market_value": None, "cost_basis": "100.00"},
        ]
    )
    assert (up.gain, up.gain_percent) == (Decimal("10.00"), "+10.0%")
    assert (down.gain, down.gain_percent) == (Decimal("-10.00"), "−10.0%")
    assert (unknown.gain, unknown.gain_percent) == (None, "")


def test_a_gain_on_nothing_has_no_percentage() -> None:
    [row] = holding_rows([{"market_value": "5", "cost_basis": "0"}])
    assert (row.gain, row.gain_percent) == (Decimal(5), "")


def test_a_trade_tells_what_was_traded() -> None:
    row = {
        "quantity": "12.50",
        "symbol": "VTI",
        "price": "244.1000",
        "currency": "USD",
        "fees": "1",
        "category": "BUY",
        "kind": "buy",
        "details": None,
    }
    assert detail(row) == "12.5 VTI at $244.1000 · fees $1.00"


def test_the_change_over_a_range_is_told_in_words() -> None:
    first = date(2026, 5, 1)
    points: list[tuple[date, Decimal | None]] = [
        (first - timedelta(days=1), None),
        (first, Decimal(100)),
        (first + timedelta(days=1), Decimal(150)),
    ]
    assert history.change(points, "USD") == "Up $50.00 (50.0%) since 1 May 2026"
    assert history.description(points, "Net worth", "USD") == (
        "From 1 May 2026 to 2 May 2026 net worth rose from $100.00 to $150.00."
    )


def test_long_ranges_show_the_last_day_of_each_week_or_month() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(60)]
    points: list[tuple[date, Decimal | None]] = [(day, Decimal(day.day)) for day in days]
    assert history.thinned(points, "day") == points
    assert [day for day, _ in history.thinned(points, "month")] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert all(day.weekday() == 6 for day, _ in history.thinned(points, "week")[:-1])


def test_a_change_from_below_zero_has_no_percentage() -> None:
    points: list[tuple[date, Decimal | None]] = [
        (date(2026, 5, 1), Decimal(-5)),
        (date(2026, 5, 2), Decimal(5)),
    ]
    assert history.change(points, "USD") == "Up $10.00 since 1 May 2026"


def test_a_change_to_below_zero_has_no_percentage() -> None:
    points: list[tuple[date, Decimal | None]] = [
        (date(2026, 5, 1), Decimal(5)),
        (date(2026, 5, 2), Decimal(-500)),
    ]
    assert history.change(points, "USD") == "Down $505.00 since 1 May 2026"


def test_the_catalogue_finds_by_any_word() -> None:
    assert [row.slug for row in offers("bank SANDBOX")] == ["sandbox"]
    assert offers("no such bank") == []
    assert len(offers("")) == len(CONNECTORS)


def test_an_institution_that_is_not_set_up_says_so_and_has_no_way_in(settings: Any) -> None:
    settings.SANDBOX_URL = ""
    sandbox = next(row for row in offers("") if row.slug == "sandbox")
    assert sandbox.url == ""
    assert "Not set up here" in sandbox.action
