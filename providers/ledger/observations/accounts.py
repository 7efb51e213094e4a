"""Accounts over time: listed under new ids and known again, and two of them found to be one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection as database
from django.db import transaction
from django.db.models import Max, Q

from dashtam.crypto import sealed_tokens
from providers.connections.models import Connection
from providers.ledger.identity.accounts import Known, Listed, recognise, sudden
from providers.ledger.ingest import apply_accounts
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.merging import apart, id_hash, remember_id, same_account
from providers.ledger.observations.models import AccountAlias, Decision, Observation, Question, Source
from providers.records import AccountRecord

__all__ = ["ListedAccount", "apart", "ask_about_accounts", "land_accounts", "same_account"]

_OVERLAP = """
WITH mine AS (
    SELECT s.account_id, o.date, o.amount, o.unit, count(DISTINCT o.event) AS rows
    FROM providers_observation o
    JOIN providers_source s ON s.id = o.source_id
    WHERE s.account_id = ANY(%(accounts)s) AND s.kind = 'feed' AND o.state = 0
    GROUP BY 1, 2, 3, 4
)
SELECT old.account_id, new.account_id, sum(least(old.rows, new.rows))::int,
    (SELECT sum(rows)::int FROM mine WHERE account_id = new.account_id)
FROM mine old JOIN mine new USING (date, amount, unit)
WHERE old.account_id = ANY(%(closed)s) AND NOT new.account_id = ANY(%(closed)s)
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account as its provider lists it, with texts that prove it the same: an IBAN's digest, a number's."""

    record: AccountRecord
    aliases: Sequence[str] = ()


@transaction.atomic
def land_accounts(
    connection: Connection, listed: Sequence[ListedAccount], fetched_at: datetime, *, complete: bool = True
) -> list[FinancialAccount]:
    """Bring a connection's accounts to what its provider lists, known ones under whatever id they have now.

    An account that is listed no more is closed; an empty list, or one that is not complete, closes none. A balance
    that has moved its decimal point is held back, and asked about. Raises ProviderUnreadable.
    """
    Connection.objects.select_for_update(no_key=True).get(id=connection.id)
    known = _known(connection)
    stated = [_listed(item) for item in listed]
    found = recognise(stated, [_as_known(account) for account in known])
    _renew(connection, {account.id: account for account in known}, found)
    held = {account.provider_account_id: account for account in connection.accounts.all()}
    records = [_guarded(held.get(item.record.id), item.record) for item in listed]
    accounts = apply_accounts(connection, [record for record, _ in records], fetched_at, complete=complete)
    _learn(connection, accounts, stated)
    for account, item, (record, _) in zip(accounts, listed, records, strict=True):
        if record is not item.record:
            _ask_about_balance(account, item.record)
    return accounts


def _known(connection: Connection) -> list[FinancialAccount]:
    """The connection's accounts, and the person's closed or cut-off ones at the same provider."""
    mine = FinancialAccount.objects.filter(
        user_id=connection.user_id, connection__provider=connection.provider
    )
    cut_off = Q(closed_at__isnull=False) | ~Q(connection__state=Connection.State.ACTIVE)
    return list(mine.filter(Q(connection=connection) | cut_off).prefetch_related("aliases"))


def _digest(alias: str) -> bytes:
    return sealed_tokens.digest(f"account alias {alias}")


def _listed(item: ListedAccount) -> Listed:
    record = item.record
    aliases = frozenset(_digest(alias) for alias in item.aliases if alias)
    kind = (record.type, record.subtype, record.currency)
    return Listed(record.id, aliases, *kind, id_hash=id_hash(record.id))


def _as_known(account: FinancialAccount) -> Known:
    found = list(account.aliases.all())
    aliases = frozenset(bytes(alias.alias_hash) for alias in found if not alias.of_id)
    earlier = frozenset(bytes(alias.alias_hash) for alias in found if alias.of_id)
    kind = (account.type, account.subtype, account.currency)
    return Known(account.id, account.provider_account_id, aliases, *kind, earlier=earlier)


def _renew(connection: Connection, known: dict[UUID, FinancialAccount], found: dict[str, UUID]) -> None:
    """Give accounts the ids they have now, and mark their rows' ids as of an earlier consent."""
    moved = {
        known[account]: name
        for name, account in found.items()
        if (known[account].provider_account_id, known[account].connection_id) != (name, connection.id)
    }
    keeping = set(found.values())
    taken = connection.accounts.filter(provider_account_id__in=list(moved.values())).exclude(id__in=keeping)
    for account in [*moved, *taken]:
        FinancialAccount.objects.filter(id=account.id).update(provider_account_id=f"moved:{uuid4()}")
    for account, name in moved.items():
        FinancialAccount.objects.filter(id=account.id).update(provider_account_id=name, connection=connection)
        remember_id(account)
        for source in Source.objects.filter(account=account, kind=Source.Kind.FEED):
            latest = Observation.objects.filter(source=source).aggregate(Max("id"))["id__max"] or 0
            Source.objects.filter(id=source.id).update(old_ids_to=latest, name=str(connection.id))
        detail = {"was": account.provider_account_id, "connection": str(account.connection_id)}
        Decision.objects.create(
            account=account, kind=Decision.Kind.RENEWED, reason="its number is the same", detail=detail
        )


def _guarded(held: FinancialAccount | None, record: AccountRecord) -> tuple[AccountRecord, bool]:
    if held is None or held.balance_as_of is None or not sudden(held.balance_current, record.current):
        return record, False
    before: dict[str, Any] = {
        "current": held.balance_current,
        "available": held.balance_available,
        "limit": held.balance_limit,
        "as_of": held.balance_as_of,
    }
    return replace(record, **before), True


def _ask_about_balance(account: FinancialAccount, record: AccountRecord) -> None:
    Question.objects.get_or_create(
        kind=Question.Kind.SUDDEN,
        left=account.id,
        right=account.id,
        defaults={
            "account": account,
            "why": "the balance has changed at once by much",
            "evidence": {"balance": str(record.current), "as_of": record.as_of.isoformat()},
        },
    )


def _learn(connection: Connection, accounts: Sequence[FinancialAccount], stated: Sequence[Listed]) -> None:
    by_id = {account.provider_account_id: account for account in accounts}
    AccountAlias.objects.bulk_create(
        [
            AccountAlias(user_id=connection.user_id, account=by_id[one.id], alias_hash=alias)
            for one in stated
            for alias in sorted(one.aliases)
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def ask_about_accounts(user_id: UUID) -> int:
    """Ask whether a new account is one that was closed: half of its rows are the same, or number and kind agree.

    Called when a sync has read an account list and its rows. Returns how many questions are new.
    """
    accounts = list(FinancialAccount.objects.filter(user_id=user_id))
    closed = {account.id: account for account in accounts if account.closed_at}
    arguments = {"accounts": [account.id for account in accounts], "closed": list(closed)}
    with database.cursor() as cursor:
        cursor.execute(_OVERLAP, arguments)
        overlaps = {(old, new): (common, rows) for old, new, common, rows in cursor.fetchall()}
    asked = 0
    for new in accounts:
        for old in () if new.closed_at else closed.values():
            common, rows = overlaps.get((old.id, new.id), (0, 0))
            if old.currency == new.currency and (common * 2 > rows > 1 or _alike(old, new)):
                asked += _ask(old, new, common, rows)
    return asked


def _alike(old: FinancialAccount, new: FinancialAccount) -> bool:
    return bool(new.mask) and (old.mask, old.type, old.subtype) == (new.mask, new.type, new.subtype)


def _ask(old: FinancialAccount, new: FinancialAccount, common: int, rows: int) -> int:
    why = f"{common} of its {rows} transactions are the same" if common else "number and kind are the same"
    _, is_new = Question.objects.get_or_create(
        kind=Question.Kind.ACCOUNT,
        left=old.id,
        right=new.id,
        defaults={"account": old, "why": why, "evidence": {"common": common, "rows": rows}},
    )
    return int(is_new)
