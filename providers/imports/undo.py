"""Taking an import back: in one transaction, and nothing that another file or a provider has brought too."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import AuditEvent, User
from dashtam.errors import NotFound
from providers.imports.errors import ImportNotTraced, ImportUnderWay
from providers.imports.models import FileImport
from providers.imports.periods import periods_of
from providers.imports.provenance import BALANCE, ImportedRows, ImportedState, trace_of_before
from providers.imports.statement_rows import PROVIDER
from providers.ledger.adoption import adopt
from providers.ledger.identity.records import State
from providers.ledger.ingest.history import rebuild_history
from providers.ledger.ingest.holdings import apply_holdings
from providers.ledger.models import BalanceSnapshot, FinancialAccount
from providers.ledger.observations.models import Delivery, Observation, Question
from providers.ledger.observations.projection import project
from providers.records import HoldingsRecord

PART = 2_000  # events

# What was said by this import and by no other.
_ONLY_HERE = """
SELECT s.account_id, o.id, o.event, o.source_id FROM (
    SELECT piece.account_id, part.said FROM providers_importedrows piece, unnest(piece.said_hash) AS part (said)
    WHERE piece.file_import_id = %(file)s
    EXCEPT
    SELECT piece.account_id, part.said FROM providers_importedrows piece, unnest(piece.said_hash) AS part (said)
    WHERE piece.account_id = ANY(%(accounts)s) AND piece.file_import_id IS DISTINCT FROM %(file)s
) AS mine
JOIN providers_source s ON s.account_id = mine.account_id AND s.kind = 'file'
JOIN providers_observation o ON o.source_id = s.id AND o.row_hash = mine.said
"""
_ROWS_HERE = """
SELECT coalesce(sum(cardinality(said_hash)), 0) FROM providers_importedrows WHERE file_import_id = %(file)s
"""
# Events that are shown, and of which nothing is left that could be.
_GOING = """
SELECT count(*), count(*) FILTER (WHERE t.note <> '' OR t.feed_category IS NOT NULL) FROM providers_transaction t
WHERE t.id = ANY(%(events)s) AND NOT EXISTS (
    SELECT FROM providers_observation o JOIN providers_source s ON s.id = o.source_id
    WHERE o.event = t.id AND o.id <> ALL(%(observations)s) AND (o.state = 0 OR (o.state = 1 AND s.kind = 'file'))
)
"""
# The last word that is left, of sources that say nothing of an event any more.
_SPEAK_AGAIN = """
UPDATE providers_observation SET state = 0, until = NULL WHERE id IN (
    SELECT max(o.id) FROM providers_observation o
    WHERE o.event = ANY(%(events)s) AND o.source_id = ANY(%(sources)s)
    GROUP BY o.source_id, o.event HAVING bool_and(o.state = 1)
)
"""


@dataclass(frozen=True, slots=True)
class Undoing:
    """The rows that go, those of them with a person's own words, those that stay, and accounts left empty."""

    going: int
    noted: int
    staying: int
    accounts: tuple[UUID, ...]
    left_empty: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _Mine:
    """Observations that only this import has brought, by event, with their sources."""

    by_event: dict[UUID, list[int]]
    sources: list[int]
    of_account: dict[UUID, set[UUID]]

    def parts(self) -> Iterator[tuple[list[UUID], list[int]]]:
        """Events and their observations, so many at once that a statement about them is quick."""
        events = iter(sorted(self.by_event))
        while part := list(islice(events, PART)):
            yield part, [key for event in part for key in self.by_event[event]]


@transaction.atomic
def undoing(user_id: UUID, import_id: UUID) -> Undoing:
    """The effect of taking the import back. Raises NotFound, ImportUnderWay and ImportNotTraced."""
    file = _undoable(FileImport.objects.all(), user_id, import_id)
    accounts = _accounts(file)
    for account in _held(accounts):
        adopt(account)
        trace_of_before(account)
    mine = _only_here(file, accounts)
    with database.cursor() as cursor:
        cursor.execute(_ROWS_HERE, {"file": file.id})
        said = int(cursor.fetchone()[0])
        count = noted = 0
        for events, observations in mine.parts():
            cursor.execute(_GOING, {"events": events, "observations": observations})
            gone, own = cursor.fetchone() or (0, 0)
            count, noted = count + gone, noted + own
    return Undoing(count, noted, max(said - count, 0), tuple(accounts), tuple(_left_empty(file, accounts)))


@transaction.atomic
def take_back(user_id: UUID, import_id: UUID, *, with_accounts: bool) -> Undoing:
    """Take an import back, and forget it. With `with_accounts` the accounts that only it fed go too.

    Raises NotFound, ImportUnderWay and ImportNotTraced.
    """
    User.objects.select_for_update(no_key=True).get(id=user_id)  # no other file begins to land meanwhile
    file = _undoable(FileImport.objects.select_for_update(), user_id, import_id)
    landing = FileImport.objects.filter(
        user_id=user_id, state=FileImport.State.RUNNING, lease_until__gte=Now()
    )
    if landing.exists():
        raise ImportUnderWay
    effect = undoing(user_id, import_id)
    mine = _only_here(file, effect.accounts)
    back = _taken(file)
    _fall_silent(mine)
    for account in _held(effect.accounts):
        _take_back_states(file, account)
        project(account, mine.of_account.get(account.id, set()) | back.get(account.id, set()))
    _forget(effect.accounts, mine)
    file.delete()
    _work_out_again(effect.accounts)
    FinancialAccount.objects.filter(id__in=effect.accounts).update(balances_version=F("balances_version") + 1)
    for account_id in effect.left_empty if with_accounts else ():
        FinancialAccount.objects.delete_whole(user_id=user_id, id=account_id)
    AuditEvent.objects.record("import.taken_back", user_id=user_id, import_id=str(import_id))
    return effect


def _work_out_again(accounts: Collection[UUID]) -> None:
    """Balances that are worked out from the rows of files, now that some have gone."""
    for account in FinancialAccount.objects.filter(id__in=accounts, connection__provider=PROVIDER):
        rebuild_history(account.id, periods_of(account))


def _undoable(files: Any, user_id: UUID, import_id: UUID) -> FileImport:
    file: FileImport | None = files.filter(user_id=user_id, id=import_id).first()
    if file is None:
        raise NotFound
    if file.state == FileImport.State.RUNNING:
        raise ImportUnderWay
    if not file.undoable:
        raise ImportNotTraced
    return file


def _accounts(file: FileImport) -> list[UUID]:
    ids = {
        *file.pieces.values_list("account_id", flat=True),
        *file.states.values_list("account_id", flat=True),
    }
    return sorted(ids)


def _held(accounts: Collection[UUID]) -> Any:
    """The accounts, locked in one order."""
    locked = FinancialAccount.objects.select_for_update(of=("self",), no_key=True).select_related(
        "connection"
    )
    return locked.filter(id__in=accounts).order_by("id")


def _only_here(file: FileImport, accounts: Collection[UUID]) -> _Mine:
    with database.cursor() as cursor:
        cursor.execute(_ONLY_HERE, {"file": file.id, "accounts": list(accounts)})
        found = cursor.fetchall()
    by_event: dict[UUID, list[int]] = defaultdict(list)
    of_account: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, key, event, _ in found:
        by_event[event].append(key)
        of_account[account_id].add(event)
    return _Mine(by_event, sorted({source for *_, source in found}), of_account)


def _taken(file: FileImport) -> dict[UUID, set[UUID]]:
    """Let rows count again that its corrections had taken away; returns their events by account."""
    ids = [key for taken in file.pieces.values_list("taken", flat=True) for key in taken]
    back = Observation.objects.filter(id__in=ids, state=State.GONE)
    events: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, event in back.values_list("source__account", "event"):
        events[account_id].add(event)
    back.update(state=State.LIVE, until=None)
    return events


def _fall_silent(mine: _Mine) -> None:
    """Delete what only this import has said; what its sources said before speaks again."""
    for events, observations in mine.parts():
        Observation.objects.filter(id__in=observations).delete()
        with database.cursor() as cursor:
            cursor.execute(_SPEAK_AGAIN, {"events": events, "sources": mine.sources})


def _forget(accounts: Collection[UUID], mine: _Mine) -> None:
    """Delete what was kept of rows that no source states any more, and questions about them."""
    told = Observation.objects.filter(source__in=mine.sources, delivery_id=OuterRef("id"))
    Delivery.objects.filter(source__in=mine.sources).exclude(Exists(told)).delete()
    asked = Question.objects.filter(account__in=accounts, state=Question.State.OPEN)
    about = {event for pair in asked.values_list("left", "right") for event in pair if event in mine.by_event}
    left = Observation.objects.filter(event__in=about).values_list("event", flat=True)
    gone = about - set(left)
    asked.filter(Q(left__in=gone) | Q(right__in=gone)).delete()


def _left_empty(file: FileImport, accounts: Collection[UUID]) -> list[UUID]:
    """The accounts made of files that no other import has brought anything to."""
    others = ImportedRows.objects.filter(account_id__in=accounts).exclude(file_import_id=file.id)
    fed = set(others.values_list("account_id", flat=True))
    states = ImportedState.objects.filter(account_id__in=accounts).exclude(file_import_id=file.id)
    fed |= set(states.values_list("account_id", flat=True))
    mine = FinancialAccount.objects.filter(id__in=accounts, connection__provider=PROVIDER).exclude(id__in=fed)
    return list(mine.order_by("id").values_list("id", flat=True))


def _take_back_states(file: FileImport, account: FinancialAccount) -> None:
    others = ImportedState.objects.filter(account=account).exclude(file_import=file)
    for mine in file.states.filter(account=account):
        if mine.holdings is not None:
            _take_back_holdings(mine, account, others.exclude(holdings__isnull=True).last())
        if mine.date is not None:
            _take_back_balance(mine, mine.date, others.filter(date=mine.date))
    if account.balance_fetched_at in file.states.filter(account=account).values_list("fetched_at", flat=True):
        _latest_balance(account)


def _take_back_holdings(mine: ImportedState, account: FinancialAccount, next_: ImportedState | None) -> None:
    """Have the account hold what the latest of the other files says; without one, nothing is known."""
    if account.holdings.exclude(fetched_at=mine.fetched_at).exists():
        return  # newer, or a provider's
    if next_ is not None and (next_.as_of, next_.fetched_at) > (mine.as_of, mine.fetched_at):
        return
    account.holdings.all().delete()
    account.holdings_as_of = None
    account.save(update_fields=["holdings_as_of"])
    if next_ is not None:
        record = msgspec.convert(next_.holdings, HoldingsRecord)
        apply_holdings(account, record, next_.fetched_at, provider=PROVIDER)


def _take_back_balance(mine: ImportedState, day: date, others: Any) -> None:
    """Have the day show what the latest of the other files says of it, or what was there before any file."""
    heir = others.last()
    if heir is not None and heir.before is None and mine.before is not None:
        heir.before = mine.before
        heir.save(update_fields=["before"])
    days = BalanceSnapshot.objects.filter(account_id=mine.account_id, date=day)
    shown = days.filter(fetched_at=mine.fetched_at)
    if heir is not None:
        shown.update(**heir.balance)
    elif mine.before is not None:
        shown.update(**mine.before)
    else:
        shown.delete()


def _latest_balance(account: FinancialAccount) -> None:
    """Set the account's balance to the latest one known; without one it is unknown."""
    latest = BalanceSnapshot.objects.filter(account=account, derived=False).order_by("-as_of").first()
    fields = {field.name: field for field in FinancialAccount._meta.concrete_fields}
    known = {f"balance_{name}": name for name in (*BALANCE, "date") if f"balance_{name}" in fields}
    for column, name in known.items():
        setattr(account, column, fields[column].get_default() if latest is None else getattr(latest, name))
    account.save(update_fields=list(known))
