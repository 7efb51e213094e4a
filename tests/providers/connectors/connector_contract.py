"""The contract every connector must hold. A provider's own test is data over this class: see test_sandbox_connector.py.

A connector is proven against a peer that speaks the provider's real HTTP: its sandbox, or a simulator.
"""

import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest

from providers import connectors
from providers.connectors.base import Connector
from providers.errors import ConsentEnded, ProviderUnreadable
from providers.records import (
    AccountRecord,
    AccountRef,
    AccountType,
    HoldingsRecord,
    Kind,
    TransactionRecord,
    TransactionsPage,
)
from providers.wire.oauth_server import OAuthServer

MANY_PAGES = 200


@dataclasses.dataclass(frozen=True)
class Expected:
    """The peer's own facts about an account, in our conventions: money owed is negative."""

    type: AccountType
    current: Decimal
    posted: int | None = None
    posted_sum: Decimal | None = None
    units: dict[str, Decimal] | None = None


class ConnectorContract:
    """Set `connector`; say how to get an authorised client and what the peer knows; spoil its answers on demand."""

    connector: ClassVar[Connector]

    def client(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """A client from `providers.wire.http.client`, authorised for one person with data."""
        raise NotImplementedError

    def expected(self) -> dict[str, Expected]:
        """By the provider's account id."""
        raise NotImplementedError

    def answer_garbage(self) -> None:
        """Make every data call answer 200 with something that is not the agreed JSON."""
        raise NotImplementedError

    def end_consent(self) -> None:
        """End the consent at the provider."""
        raise NotImplementedError

    # --- the catalogue ---------------------------------------------------------------------------

    def test_it_is_registered_under_its_slug(self) -> None:
        assert connectors.get(self.connector.slug) is self.connector

    def test_what_it_says_it_can_do_is_what_it_overrides(self) -> None:
        does = {
            "accounts": "fetch_accounts",
            "transactions": "fetch_transactions",
            "holdings": "fetch_holdings",
            "balance_history": "fetch_balances",
        }
        own = {
            name
            for name, method in does.items()
            if getattr(type(self.connector), method) is not getattr(Connector, method)
        }
        assert own == {name for name in self.connector.capabilities if name in does}

    def test_tokens_go_to_one_provider_over_addresses_that_hold_no_secret(self) -> None:
        server: OAuthServer = self.connector.oauth
        for url in (server.authorization_endpoint, server.token_endpoint, self.connector.base_url):
            assert httpx.URL(url).host
            assert not httpx.URL(url).userinfo
        assert not self.connector.base_url.endswith("/")
        assert server.client_secret not in repr(server)

    def test_t02_its_facts_can_be_true(self) -> None:
        facts, life = self.connector.facts, self.connector.consent_life
        spans = [facts.cadence, facts.history, facts.longest_window, life, *(q.per for q in facts.quotas)]
        assert all(span > timedelta(0) for span in spans if span is not None)
        assert facts.look_back >= timedelta(0)
        assert all(quota.calls > 0 for quota in facts.quotas)
        assert not facts.register or httpx.URL(facts.register).scheme == "https"

    async def test_t02_its_pending_rows_behave_as_it_says(self) -> None:
        async with self.client() as client:
            for account in await self.connector.fetch_accounts(client):
                async for page in self.pages(client, account):
                    rows = [*page.added, *page.modified]
                    if self.connector.facts.pending != "linked":
                        assert not any(row.replaced_pending_id for row in rows)
                    if self.connector.facts.pending == "none":
                        assert all(row.status == "posted" for row in rows)

    # --- accounts --------------------------------------------------------------------------------

    async def test_the_person_has_a_stable_subject(self) -> None:
        async with self.client() as client:
            first, again = (
                await self.connector.fetch_subject(client),
                await self.connector.fetch_subject(client),
            )
        assert first == again != ""

    async def test_every_account_comes_with_the_balance_the_provider_has_in_our_sign(self) -> None:
        async with self.client() as client:
            accounts = await self.connector.fetch_accounts(client)
        assert {account.id: (account.type, account.current) for account in accounts} == {
            account_id: (expected.type, expected.current) for account_id, expected in self.expected().items()
        }
        assert_well_formed(accounts)

    async def test_accounts_show_no_more_of_their_number_than_its_end(self) -> None:
        async with self.client() as client:
            for account in await self.connector.fetch_accounts(client):
                assert len(account.mask) <= 8
                assert len(account.currency) == 3

    # --- transactions ----------------------------------------------------------------------------

    async def test_paging_to_the_end_gives_each_row_once_and_their_true_sum(self) -> None:
        async with self.client() as client:
            for account in await self.connector.fetch_accounts(client):
                pages = [page async for page in self.pages(client, account)]
                rows = [row for page in pages for row in page.added]
                assert_well_formed(pages)
                assert len({row.id for row in rows}) == len(rows)
                self.check_sums(self.expected()[account.id], self.left(pages))

    async def test_the_last_cursor_brings_nothing_more(self) -> None:
        async with self.client() as client:
            for account in await self.connector.fetch_accounts(client):
                cursor = [page.next_cursor async for page in self.pages(client, account)][-1]
                page = await self.connector.fetch_transactions(client, ref(account), cursor)
                assert (list(page.added), list(page.modified), list(page.removed)) == ([], [], [])
                assert not page.has_more

    async def test_rows_have_a_kind_of_ours_and_the_providers_own_word(self) -> None:
        async with self.client() as client:
            for account in await self.connector.fetch_accounts(client):
                async for page in self.pages(client, account):
                    for row in page.added:
                        assert row.kind in set(Kind)
                        assert row.source_code or row.kind == "unknown"
                        assert (row.posted_at is not None) == (row.status == "posted")

    async def pages(
        self, client: httpx.AsyncClient, account: AccountRecord
    ) -> AsyncIterator[TransactionsPage]:
        cursor, seen = "", {""}
        for _ in range(MANY_PAGES):
            page = await self.connector.fetch_transactions(client, ref(account), cursor)
            yield page
            if not page.has_more:
                return
            cursor = page.next_cursor
            assert cursor not in seen, "the feed runs in a circle"
            seen.add(cursor)
        pytest.fail("the feed does not end")

    def left(self, pages: Sequence[TransactionsPage]) -> list[TransactionRecord]:
        """The rows that are still there after all pages."""
        rows: dict[str, TransactionRecord] = {}
        for page in pages:
            for row in (*page.added, *page.modified):
                rows.pop(row.replaced_pending_id, None)
                rows[row.id] = row
            for removed in page.removed:
                rows.pop(removed, None)
        return list(rows.values())

    def check_sums(self, expected: Expected, rows: Sequence[TransactionRecord]) -> None:
        posted = [row for row in rows if row.status == "posted"]
        if expected.posted is not None:
            assert len(posted) == expected.posted
        if expected.posted_sum is not None:
            assert sum((row.amount for row in posted), Decimal(0)) == expected.posted_sum
        if expected.units is not None:
            assert self.unit_changes(posted) == expected.units

    def unit_changes(self, rows: Sequence[TransactionRecord]) -> dict[str, Decimal]:
        """Sold quantities are negative, so that changes add up to holdings."""
        units: dict[str, Decimal] = {}
        for row in rows:
            if row.security_id and row.quantity:
                units[row.security_id] = units.get(row.security_id, Decimal(0)) + row.quantity
        return {security: count for security, count in units.items() if count}

    # --- holdings and balances -------------------------------------------------------------------

    async def test_holdings_are_those_the_provider_has_and_name_their_securities(self) -> None:
        async with self.client() as client:
            for account_id, expected in self.expected().items():
                if expected.units is not None and "holdings" in self.connector.capabilities:
                    record: HoldingsRecord = await self.connector.fetch_holdings(
                        client, AccountRef(account_id, expected.type)
                    )
                    assert_well_formed(record)
                    assert {row.security_id: row.quantity for row in record.holdings} == expected.units
                    assert {row.security_id for row in record.holdings} <= {
                        row.id for row in record.securities
                    }

    async def test_the_balance_history_ends_near_today_in_our_sign(self) -> None:
        end = datetime.now(UTC).date()
        async with self.client() as client:
            for account_id, expected in self.expected().items():
                if "balance_history" in self.connector.capabilities:
                    days = await self.connector.fetch_balances(
                        client, AccountRef(account_id, expected.type), end - timedelta(days=20), end
                    )
                    assert_well_formed(days)
                    assert len({day.date for day in days}) == len(days) > 0
                    assert max(days, key=lambda day: day.date).current == expected.current

    # --- what goes wrong -------------------------------------------------------------------------

    async def test_garbage_is_unreadable_wherever_it_comes(self) -> None:
        async with self.client() as client:
            ids = list(self.expected())
            self.answer_garbage()
            for call in self.calls(client, ids[0]):
                with pytest.raises(ProviderUnreadable):
                    await call()

    async def test_a_refused_token_means_that_the_consent_has_ended(self) -> None:
        async with self.client() as client:
            ids = list(self.expected())
            self.end_consent()
            for call in self.calls(client, ids[0]):
                with pytest.raises(ConsentEnded):
                    await call()

    def calls(self, client: httpx.AsyncClient, id: str) -> Iterator[Callable[[], Coroutine[Any, Any, Any]]]:
        today = datetime.now(UTC).date()
        account = AccountRef(id, self.expected()[id].type)
        fetch = {
            "accounts": lambda: self.connector.fetch_accounts(client),
            "transactions": lambda: self.connector.fetch_transactions(client, account, ""),
            "holdings": lambda: self.connector.fetch_holdings(client, account),
            "balance_history": lambda: self.connector.fetch_balances(client, account, today, today),
        }
        return (call for name, call in fetch.items() if name in self.connector.capabilities)


def ref(account: AccountRecord) -> AccountRef:
    return AccountRef(account.id, account.type)


def assert_well_formed(value: Any) -> None:
    """Money and quantities are finite Decimals, never floats; times know their zone; texts are strings."""
    assert not isinstance(value, float)
    if isinstance(value, Decimal):
        assert value.is_finite()
    elif isinstance(value, datetime):
        assert value.tzinfo is not None
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_well_formed(getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            assert_well_formed(item)
