"""Writes securities and holdings; each record is the whole set of an account."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType

from django.db.models import Max

from dashtam.bridge.database import one_transaction
from providers.errors import ProviderUnreadable
from providers.ledger import checks
from providers.ledger.ingest import lots
from providers.ledger.models import FinancialAccount, Holding, Security
from providers.ledger.models.numbers import UNIT
from providers.records import HoldingRecord, HoldingsRecord, SecurityRecord

_SECURITY = {"symbol": 40, "name": 300, "type": 40, "cusip": 9, "isin": 12, "currency": UNIT}
_HOLDING = ("quantity", "price", "market_value", "cost_basis", "currency", "lots", "as_of", "fetched_at")


@one_transaction()
def apply_holdings(
    account: FinancialAccount, record: HoldingsRecord, fetched_at: datetime, *, provider: str = ""
) -> bool:
    """Replace what the account holds. False when we hold a newer answer already.

    An empty list empties the account; a list that is not complete removes nothing. Raises ProviderUnreadable for
    values that cannot be stored. `provider` is the namespace of the security ids, if not the account's own provider.
    """
    _check(record)
    held = FinancialAccount.objects.select_for_update(no_key=True).get(id=account.id).holdings_as_of
    if held is None:  # nothing was written since the account knows the time itself
        held = account.holdings.aggregate(newest=Max("as_of"))["newest"]
    if held is not None and held > record.as_of:
        return False
    currencies = {holding.security_id: holding.currency for holding in record.holdings}
    securities = describe_securities(provider or account.connection.provider, record.securities, currencies)
    rows = [_holding(account, securities, holding, record.as_of, fetched_at) for holding in record.holdings]
    if record.complete:
        account.holdings.exclude(security_id__in=[row.security_id for row in rows]).delete()
    Holding.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["account", "security"], update_fields=_HOLDING
    )
    FinancialAccount.objects.filter(id=account.id).update(holdings_as_of=record.as_of)
    return True


def _check(record: HoldingsRecord) -> None:
    checks.ids((security.id for security in record.securities), longest=200)
    checks.ids((holding.security_id for holding in record.holdings), longest=200)
    if len({holding.security_id for holding in record.holdings}) != len(record.holdings):
        raise ProviderUnreadable(code="contradictory_page")
    for holding in record.holdings:
        checks.currency(holding.currency)
        checks.numbers(holding.quantity, holding.price, holding.market_value, holding.cost_basis)
        lots.check(holding.lots)
    for security in record.securities:
        checks.currency(security.currency)


def describe_securities(
    provider: str, records: Iterable[SecurityRecord], currencies: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Security]:
    """The securities by the provider's id, brought up to what it says; only what differs is written.

    `currencies` has, by id, those that must exist even if no record describes them.
    """
    described = {record.id: _columns(record) for record in records}
    for name, currency in currencies.items():
        described.setdefault(name, {"currency": currency})
    rows = Security.objects.filter(provider=provider, provider_security_id__in=described)
    held = {row.provider_security_id: row for row in rows}
    changed = [
        Security(provider=provider, provider_security_id=name, **columns)
        for name, columns in sorted(
            described.items(), key=itemgetter(0)
        )  # in one order: no two syncs can deadlock
        if name not in held or any(getattr(held[name], column) != value for column, value in columns.items())
    ]
    if not changed:
        return held
    Security.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["provider", "provider_security_id"],
        update_fields=list(_SECURITY),
    )
    return {row.provider_security_id: row for row in rows.all()}


def _columns(security: SecurityRecord) -> dict[str, str]:
    return {column: checks.text(getattr(security, column), width) for column, width in _SECURITY.items()}


def _holding(
    account: FinancialAccount,
    securities: dict[str, Security],
    record: HoldingRecord,
    as_of: datetime,
    fetched_at: datetime,
) -> Holding:
    return Holding(
        account_id=account.id,
        security_id=securities[record.security_id].id,
        quantity=record.quantity,
        price=record.price,
        market_value=record.market_value,
        cost_basis=record.cost_basis,
        currency=record.currency,
        lots=lots.kept(record.lots),
        as_of=as_of,
        fetched_at=fetched_at,
    )
