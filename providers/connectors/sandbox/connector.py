"""Sandbox Bank, the institution that comes with Dashtam (`manage.py simulator`)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import get_args
from urllib.parse import quote

import httpx

from providers import records
from providers.connectors import base
from providers.connectors.contract.batches import StartAgain
from providers.connectors.contract.facts import Facts
from providers.connectors.sandbox import answers
from providers.errors import ProviderError, ProviderUnreadable
from providers.wire.http import request_json
from providers.wire.oauth_server import OAuthServer

PAGE = 500
SETTINGS = {"URL": "", "CLIENT_ID": "dashtam-sandbox", "CLIENT_SECRET": "", "CLIENT_KEY": ""}
TYPES: dict[str, tuple[records.AccountType, str]] = {
    "CHECKING": ("depository", "checking"),
    "SAVINGS": ("depository", "savings"),
    "CREDIT_CARD": ("credit", "credit_card"),
    "MORTGAGE": ("loan", "mortgage"),
    "BROKERAGE": ("investment", "brokerage"),
}
KINDS = {"BUY": "buy", "SELL": "sell", "DIVIDEND": "dividend", "REINVESTMENT": "reinvestment", "FEE": "fee"}
KINDS |= {"INTEREST": "interest", "TRANSFER": "transfer", "DIRECT_DEPOSIT": "deposit", "ATM": "atm"}
KINDS |= {"BILL_PAYMENT": "payment", "CARD_PAYMENT": "payment", "MORTGAGE_PAYMENT": "payment"}
KINDS |= {"CARD_PURCHASE": "purchase", "REFUND": "credit"}


class SandboxConnector(base.Connector):
    """Code grant with rotating refresh tokens; a change feed per account; debts as positive numbers."""

    slug = "sandbox"
    name = "Sandbox Bank"
    description = "A pretend bank with realistic accounts, for trying out Dashtam."
    auth = "oauth2"
    capabilities = get_args(records.Capability)
    setting_defaults = SETTINGS
    facts = Facts(ids="stable", pending="linked", consent=timedelta(days=180), cost="Nothing.")

    @property
    def configured(self) -> bool:
        ours = self.setting("CLIENT_SECRET") or self.setting("CLIENT_KEY")
        return bool(self.base_url and self.setting("CLIENT_ID") and ours)

    @property
    def base_url(self) -> str:
        return self.setting("URL")

    @property
    def oauth(self) -> OAuthServer:
        key, here = self.setting("CLIENT_KEY"), f"{self.base_url}/oauth"
        return OAuthServer(
            issuer=self.base_url,
            authorization_endpoint=f"{here}/authorize",
            token_endpoint=f"{here}/token",
            revocation_endpoint=f"{here}/revoke",
            client_id=self.setting("CLIENT_ID"),
            client_secret=self.setting("CLIENT_SECRET"),
            scopes=("accounts", "balances", "transactions", "holdings"),
            sends_issuer=True,
            token_endpoint_auth_method="private_key_jwt" if key else "client_secret_basic",
            client_key=key,
            dpop_key=key,
            pushed_authorization_request_endpoint=f"{here}/par" if key else None,
        )

    def fault(self, answer: httpx.Response) -> ProviderError | None:
        return StartAgain() if answer.status_code == 409 else None

    async def fetch_subject(self, client: httpx.AsyncClient) -> str:
        return (await request_json(client, "GET", "/api/v1/customer", type=answers.Customer)).id

    async def fetch_accounts(self, client: httpx.AsyncClient) -> Sequence[records.AccountRecord]:
        answer = await request_json(client, "GET", "/api/v1/accounts", type=answers.Accounts)
        return [_account(row) for row in answer.accounts]

    async def fetch_transactions(
        self, client: httpx.AsyncClient, account: records.AccountRef, cursor: str
    ) -> records.TransactionsPage:
        params: dict[str, str | int] = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        feed = await request_json(
            client, "GET", _path(account, "transactions"), type=answers.Feed, params=params
        )
        return records.TransactionsPage(
            added=[_transaction(row) for row in feed.added],
            modified=[_transaction(row) for row in feed.modified],
            removed=[row.id for row in feed.removed],
            next_cursor=feed.next_cursor,
            has_more=feed.has_more,
        )

    async def fetch_holdings(
        self, client: httpx.AsyncClient, account: records.AccountRef
    ) -> records.HoldingsRecord:
        answer = await request_json(client, "GET", _path(account, "holdings"), type=answers.Holdings)
        return records.HoldingsRecord(
            as_of=answer.as_of,
            holdings=[_holding(row) for row in answer.holdings],
            securities=[_security(row) for row in answer.securities],
        )

    async def fetch_balances(
        self, client: httpx.AsyncClient, account: records.AccountRef, start: date, end: date
    ) -> Sequence[records.BalanceRecord]:
        params = {"from": start.isoformat(), "to": end.isoformat()}
        sign = _sign(account.type)
        answer = await request_json(
            client, "GET", _path(account, "balances"), type=answers.Days, params=params
        )
        return [
            records.BalanceRecord(
                date=row.date, current=sign * Decimal(row.current), available=base.decimal_of(row.available)
            )
            for row in answer.balances
        ]


def _path(account: records.AccountRef, what: str) -> str:
    return f"/api/v1/accounts/{quote(account.id, safe='')}/{what}"


def _sign(type: records.AccountType) -> int:
    return -1 if type in {"credit", "loan"} else 1  # the bank writes debts as positive numbers


def _account(row: answers.Account) -> records.AccountRecord:
    type_, subtype = TYPES.get(row.kind, ("other", row.kind.lower()))
    return records.AccountRecord(
        id=row.id,
        name=row.nickname or row.official_name,
        mask=row.number_last4,
        type=type_,
        subtype=subtype,
        currency=row.currency,
        current=_sign(type_) * Decimal(row.balance.current),
        available=base.decimal_of(row.balance.available),
        limit=base.decimal_of(row.balance.limit),
        as_of=row.balance.as_of,
        aliases=(row.number_hash,) if row.number_hash else (),
    )


def _transaction(row: answers.Row) -> records.TransactionRecord:
    if (row.state == "POSTED") != (row.posted_on is not None):
        raise ProviderUnreadable
    units = base.decimal_of(row.units)
    return records.TransactionRecord(
        id=row.id or "",
        date=row.posted_on or row.transacted_at.date(),
        posted_at=datetime.combine(row.posted_on, time.min, UTC) if row.posted_on else None,
        status="posted" if row.posted_on else "pending",
        amount=Decimal(row.amount) if row.direction == "CREDIT" else -Decimal(row.amount),
        currency=row.currency,
        description=row.description,
        kind=KINDS.get(row.type, "unknown"),
        source_code=row.type,
        category=row.category,
        security_id=row.security_id,
        quantity=-units if units is not None and row.type == "SELL" else units,
        price=base.decimal_of(row.unit_price),
        fees=base.decimal_of(row.fees),
        replaced_pending_id=row.pending_id or "",
    )


def _holding(row: answers.Position) -> records.HoldingRecord:
    return records.HoldingRecord(
        security_id=row.security_id,
        quantity=Decimal(row.units),
        price=Decimal(row.price),
        market_value=Decimal(row.value),
        cost_basis=base.decimal_of(row.cost_basis),
        currency=row.currency,
        lots=tuple(map(_lot, row.lots)) or None,
    )


def _lot(row: answers.Lot) -> records.LotRecord:
    return records.LotRecord(
        id=row.id,
        quantity=Decimal(row.units),
        price=Decimal(row.price),
        cost_basis=Decimal(row.cost),
        market_value=Decimal(row.value),
        opened_on=row.bought_at.date(),
        opened_at=row.bought_at,
    )


def _security(row: answers.Security) -> records.SecurityRecord:
    return records.SecurityRecord(
        id=row.id,
        symbol=row.symbol,
        name=row.name,
        type=row.type.lower(),
        cusip=row.cusip or "",
        isin=row.isin or "",
        currency=row.currency,
    )
