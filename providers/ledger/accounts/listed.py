"""Accounts over time: listed under new ids and known again, and two of them found to be one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from dashtam.bridge.database import one_transaction
from dashtam.crypto import sealed_tokens
from providers.connections.models import Connection
from providers.ledger.accounts.merging import apart, id_hash, same_account
from providers.ledger.accounts.renewal import part, renew
from providers.ledger.guards import balances, questions
from providers.ledger.identity.accounts import Known, Listed, recognise
from providers.ledger.ingest import apply_accounts
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import AccountAlias, Question
from providers.records import AccountRecord

__all__ = ["ListedAccount", "apart", "land_accounts", "part", "same_account"]


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account as its provider lists it, with texts that prove it the same: an IBAN's digest, a number's."""

    record: AccountRecord
    aliases: Sequence[str] = ()


@one_transaction()
def land_accounts(
    connection: Connection, listed: Sequence[ListedAccount], fetched_at: datetime, *, complete: bool = True
) -> list[FinancialAccount]:
    """Bring a connection's accounts to what its provider lists, known ones under whatever id they have now.

    An account that is listed no more is closed; an empty list, or one that is not complete, closes none. A balance
    that has moved its decimal point is held back, and asked about. The caller holds the connection's lock. Raises
    ProviderUnreadable.
    """
    known = _known(connection)
    stated = [_listed(item) for item in listed]
    found = recognise(stated, [_as_known(account) for account in known])
    ids = [item.record.id for item in listed]
    moved = renew(connection, {account.id: account for account in known}, found, ids, fetched_at)
    own = (
        connection.accounts.all()
        if moved
        else [each for each in known if each.connection_id == connection.id]
    )
    held = {account.provider_account_id: account for account in own}
    records = [balances.guarded(held.get(item.record.id), item.record) for item in listed]
    away = _many_gone(held, ids) if complete else []
    accounts = apply_accounts(
        connection, records, fetched_at, complete=complete, keep_open=[each.id for each in away]
    )
    _learn(connection, accounts, stated, known)
    by_id = {account.provider_account_id: account for account in accounts}
    for item, record in zip(listed, records, strict=True):
        if record is not item.record and record.id in by_id:
            balances.ask(by_id[record.id], item.record)
    _calm(listed, records, by_id)
    for account in away:
        questions.ask(
            account, Question.Kind.CLOSED, account.id, f"{len(away)} accounts are listed no more", {}
        )
    return accounts


def _calm(
    listed: Sequence[ListedAccount], records: Sequence[AccountRecord], by_id: Mapping[str, FinancialAccount]
) -> None:
    """Forget what was asked about accounts that are there, and about balances that are usual again."""
    there = [by_id[record.id].id for record in records if record.id in by_id]
    pairs = zip(listed, records, strict=True)
    usual = [by_id[r.id].id for item, r in pairs if item.record is r and r.id in by_id]
    questions.drop({Question.Kind.CLOSED: there, Question.Kind.SUDDEN: usual})


def _many_gone(held: Mapping[str, FinancialAccount], listed: Sequence[str]) -> list[FinancialAccount]:
    """The accounts that vanish from the list, if they are so many at once that a fault is as likely as the truth.

    One that is listed no more is closed, and opens again with its institution's word; so are those that others
    replace in the list.
    """
    there = {name: account for name, account in held.items() if account.closed_at is None}
    gone = [account for name, account in there.items() if name not in listed]
    if not gone or not listed:
        return []
    if len(gone) > 1 and len(gone) * 2 >= len(there) and held.keys() >= set(listed):
        return gone
    asked = Question.objects.filter(kind=Question.Kind.CLOSED, left__in=[each.id for each in gone])
    waiting = set(asked.exclude(state=Question.State.ACCEPTED).values_list("left", flat=True))
    return [each for each in gone if each.id in waiting]


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


def _learn(
    connection: Connection,
    accounts: Sequence[FinancialAccount],
    stated: Sequence[Listed],
    known: Sequence[FinancialAccount],
) -> None:
    by_id = {account.provider_account_id: account for account in accounts}
    aliases = {account.id: _as_known(account).aliases for account in known}
    AccountAlias.objects.bulk_create(
        [
            AccountAlias(user_id=connection.user_id, account=by_id[one.id], alias_hash=alias)
            for one in stated
            if one.id in by_id  # its person may have deleted it
            for alias in sorted(one.aliases - aliases.get(by_id[one.id].id, frozenset()))
        ],
        ignore_conflicts=True,
    )
