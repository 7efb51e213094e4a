"""Runs cases of an identity corpus through the real ledger: plainly, each delivery twice, and through a rebuild."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import yaml
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.db.models import Q

from accounts.models import User
from providers.connections.models import Connection
from providers.ledger.accounts.listed import ListedAccount, land_accounts, same_account
from providers.ledger.accounts.twins import ask_about_accounts
from providers.ledger.identity.records import Cover, Grade, State
from providers.ledger.models import FinancialAccount, Holding, Security, Transaction
from providers.ledger.observations import answers, edits
from providers.ledger.observations.carrying import Landed
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import (
    AccountDoor,
    Decision,
    Edit,
    LedgerSettings,
    Observation,
    Question,
    Source,
)
from providers.ledger.observations.rebuild import rebuild
from providers.ledger.observations.statements import Observer, Statement, digest
from providers.ledger.queries.reviews import waiting
from providers.ledger.queries.transaction_sums import sums
from providers.ledger.queries.transactions import TransactionFilters
from providers.records import AccountRecord, TransactionRecord

Case = dict[str, Any]
_numbers = itertools.count(1)
_EDITS = ("category", "description", "note")
# Events that no total counts, those hidden or deleted apart: announced for later, or withdrawn by all that stated them.
_AWAY = """
SELECT count(DISTINCT event) FILTER (WHERE best = 0 AND status = 0), count(DISTINCT event) FILTER (WHERE best = 2)
FROM (
    SELECT o.event, min(o.state) OVER w AS best,
        max(o.status) FILTER (WHERE o.state = 0) OVER w AS status
    FROM providers_observation o
    JOIN providers_source s ON s.id = o.source_id
    JOIN providers_financialaccount a ON a.id = s.account_id
    WHERE a.user_id = %s AND o.state IN (0, 2)
      AND NOT EXISTS (
        SELECT FROM providers_edit e WHERE e.event = o.event AND e.field IN ('hidden', 'deleted') AND e.value <> ''
      )
    WINDOW w AS (PARTITION BY o.event)
) AS events
"""


def cases(path: str) -> list[Case]:
    """The cases of a corpus file."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        found: list[Case] = yaml.safe_load(file)
    return found


class _Back(Exception):
    """Raised to take everything back."""


def check(case: Case) -> list[str]:
    """Everything that came out otherwise than wanted; an empty list is a pass."""
    found: list[str] = []
    for twice in (False, True):
        try:
            with transaction.atomic():
                found += [f"{'twice: ' if twice else ''}{line}" for line in _run(case, twice=twice)]
                raise _Back
        except _Back:
            pass
    return list(dict.fromkeys(found))


def _run(case: Case, *, twice: bool) -> Iterator[str]:
    book = Book(case)
    for step in case["deliver"]:
        book.step(step)
        if twice and "person" not in step:
            before = _state()
            book.repeat(step)
            if changed := [table for table, found in _state().items() if found != before[table]]:
                yield f"the same again changed {', '.join(changed)}: {str(step)[:120]}"
    yield from book.differences(case.get("want", {}))
    before = _state()
    Transaction.objects.all().delete()
    for account in FinancialAccount.objects.all():
        rebuild(account)
    if _state() != before:
        yield "a rebuild from nothing gave other rows"
    yield from book.differences(case.get("want", {}))


_TABLES = ("transaction", "observation", "delivery", "question", "decision", "edit", "source")


def _state() -> dict[str, Any]:
    """A digest of each table of the ledger; of accounts only how many there are."""
    found: dict[str, Any] = {"accounts": FinancialAccount.objects.count()}
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM providers_{table} t")  # noqa: S608
            found[table] = cursor.fetchone()
    return found


@dataclass
class Book:
    """One person's ledger, and the names by which a case speaks of rows and accounts."""

    case: Case
    user: User = field(init=False)
    banks: dict[str, Connection] = field(default_factory=dict)
    accounts: dict[str, UUID] = field(default_factory=dict)
    hashes: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    texts: dict[str, set[UUID]] = field(default_factory=dict)
    landed: list[Landed | None] = field(default_factory=list)
    clock: datetime = datetime(2020, 1, 1, 12, tzinfo=UTC)
    at: datetime = datetime(2020, 1, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.user = User.objects.create_hashed(
            password_hash="!", name="Ana", email=f"corpus{next(_numbers)}@example.org"
        )

    def step(self, step: dict[str, Any]) -> None:
        """Carry out one step of the case."""
        if "person" in step:
            self.landed.append(None)
            self._person(step["person"])
            return
        self._tick(step)
        self.landed.append(self.repeat(step))
        for text in {row[4] for row in _all_rows(step)}:
            live = self._live(text)
            if live:
                self.texts.setdefault(text, live)

    def repeat(self, step: dict[str, Any]) -> Landed:
        """Deliver, at the time of the step before."""
        done = Landed()
        if "accounts" in step:
            self._accounts(step)
        grade = Grade[self.case.get("trust", "stable").upper()]
        rows_of = dict(step.get("rows_of", {}))
        if "rows" in step or "gone" in step:
            rows_of[step.get("account", "")] = step.get("rows", [])
        for name, rows in rows_of.items():
            account = self._account(name)
            kind: Literal["file", "feed"] = "file" if "file" in step else "feed"
            source = step.get("file") or step.get("feed") or str(account.connection_id)
            statement = self._statement(step, rows)
            found = land(account, Observer(kind, source, "corpus", grade), statement)
            done = Landed(
                done.added + found.added,
                done.changed + found.changed,
                done.withdrawn + found.withdrawn,
                done.asked + found.asked,
            )
        if "accounts" in step:
            ask_about_accounts(self.user.id)
        return done

    def _tick(self, step: dict[str, Any]) -> None:
        """Go on to the time of a step. `look_back_days` is for whoever asks: what arrives is in the step already."""
        if "at" in step:
            self.at = datetime.combine(_day(step["at"]), time(12), UTC)
        else:
            days = [_day(row[1]) for row in _all_rows(step)] + [_day(day) for day in step.get("covers", [])]
            if "clock" in self.case:
                days.append(_day(self.case["clock"]))
            latest = datetime.combine(max(days, default=date(2020, 1, 1)), time(12), UTC)
            self.at = max(self.clock + timedelta(hours=1), latest)
        self.clock = max(self.clock, self.at)

    def _statement(self, step: dict[str, Any], rows: list[list[Any]]) -> Statement:
        stated: list[TransactionRecord] = []
        scheduled: list[TransactionRecord] = []
        for row in rows:
            record = _record(row)
            (scheduled if row[3] == "scheduled" else stated).append(record)
            said = digest(record, scheduled=row[3] == "scheduled")
            for name in (record.id, f"{record.description}@{record.date}"):
                self.hashes[name].add(said)
        window = [_day(day) for day in step.get("covers", ())]
        covers = [Cover(window[0], window[1])] if window and not step.get("trouble") else []
        return Statement(stated, scheduled, covers, step.get("gone", ()), self.at)

    def _bank(self, name: str) -> Connection:
        if name not in self.banks:
            self.banks[name] = Connection.objects.create(
                user=self.user, provider="corpus", provider_subject=name, state="active"
            )
        return self.banks[name]

    def _account(self, name: str) -> FinancialAccount:
        if name not in self.accounts:
            bank = self._bank("accounts of rows")
            self.accounts[name] = FinancialAccount.objects.create(
                user=self.user,
                connection=bank,
                provider_account_id=name or "default",
                name=name,
                type="depository",
                currency="EUR",
            ).id
        return FinancialAccount.objects.get(id=self.accounts[name])

    def _accounts(self, step: dict[str, Any]) -> None:
        listed = []
        for one in step["accounts"]:
            holdings = step.get("holdings", {}).get(one["id"])
            total = holdings and Decimal(holdings["cash"]) + Decimal(holdings["positions"])
            balance = Decimal(one["balance"]) if "balance" in one else total
            record = AccountRecord(
                id=one["id"],
                name=one.get("name", ""),
                mask=one.get("mask", ""),
                type=one.get("type", "depository"),
                subtype=one.get("subtype", ""),
                currency=one.get("currency", "EUR"),
                current=balance,
                available=None,
                limit=None,
                as_of=self.at,
            )
            listed.append(ListedAccount(record, one.get("aliases", ())))
        found = land_accounts(self._bank(step.get("bank", "listed")), listed, self.at)
        self.accounts |= {one["id"]: account.id for one, account in zip(step["accounts"], found, strict=True)}

    def _person(self, act: dict[str, Any]) -> None:
        for verb in (
            "edit",
            "restore",
            "delete",
            "hide",
            "add",
            "setting",
            "same_account",
            "part",
            "security",
        ):
            if verb in act:
                getattr(self, f"_person_{verb}")(act)
                return
        self._answer(act)

    def _person_edit(self, act: dict[str, Any]) -> None:
        event = self._event(act["edit"])
        for name in _EDITS:
            if name in act:
                edits.edit(self.user.id, event, Edit.Field(name), act[name])

    def _person_restore(self, act: dict[str, Any]) -> None:
        edits.restore(self.user.id, self._event(act["restore"]), Edit.Field(act["field"]))

    def _person_delete(self, act: dict[str, Any]) -> None:
        edits.delete(self.user.id, self._event(act["delete"]))

    def _person_hide(self, act: dict[str, Any]) -> None:
        edits.hide(self.user.id, self._event(act["hide"]))

    def _person_add(self, act: dict[str, Any]) -> None:
        day, amount, text = act["add"]
        account = self._account(act.get("account", "")).id
        edits.add(self.user.id, account, _day(day), Decimal(amount), text)

    def _person_setting(self, act: dict[str, Any]) -> None:
        LedgerSettings.objects.update_or_create(user=self.user, defaults=act["setting"])

    def _person_same_account(self, act: dict[str, Any]) -> None:
        one, other = act["same_account"]
        same_account(self.user.id, self.accounts[one], self.accounts[other])
        self.accounts[other] = self.accounts[one]

    def _person_security(self, act: dict[str, Any]) -> None:
        mine = Transaction.objects.filter(user=self.user, security__name=act["security"]).values("security")
        held = Holding.objects.filter(account__user=self.user, security__name=act["security"]).values(
            "security"
        )
        Security.objects.filter(Q(id__in=mine) | Q(id__in=held)).update(symbol=act["symbol"])

    def _person_part(self, act: dict[str, Any]) -> None:
        event, hashes = self._event(act["part"]), self.hashes[str(act["part"])]
        seen = Observation.objects.filter(event=event, row_hash__in=hashes).order_by("id").first()
        assert seen
        answers.part(self.user.id, seen.id)

    def _answer(self, act: dict[str, Any]) -> None:
        if "undo" in act:
            decision = (
                Decision.objects.filter(account__user=self.user, undone_at=None).order_by("-id").first()
            )
            assert decision
            answers.undo(self.user.id, decision.id)
            return
        for verb, answer in (("accept", answers.accept), ("refuse", answers.refuse)):
            if verb in act:
                open_ones = Question.objects.filter(account__user=self.user, state="open").order_by("id")
                answer(self.user.id, open_ones[act[verb]].id)

    def _events(self, name: str) -> set[UUID]:
        seen = Observation.objects.filter(
            source__account__user=self.user, row_hash__in=self.hashes.get(str(name), ())
        )
        return set(seen.values_list("event", flat=True))

    def _event(self, name: str) -> UUID:
        events = self._events(name)
        shown = set(Transaction.objects.filter(id__in=events).values_list("id", flat=True))
        return min(shown or events)

    def _live(self, text: str) -> set[UUID]:
        hashes = {h for name, found in self.hashes.items() if name.rpartition("@")[0] == text for h in found}
        seen = Observation.objects.filter(source__account__user=self.user, row_hash__in=hashes)
        events = set(seen.values_list("event", flat=True))
        told = Observation.objects.filter(event__in=events, state=State.LIVE)
        return set(told.values_list("event", flat=True))

    def differences(self, want: dict[str, Any]) -> Iterator[str]:
        """Everything that is not as the case wants it."""
        for name, wanted in want.items():
            found = getattr(self, f"_found_{name}")(wanted)
            if found != wanted:
                yield f"{name}: wanted {wanted}, found {found}"

    def _found_events(self, wanted: int) -> int:
        return sum(each["count"] for each in async_to_sync(sums)(self.user.id)["by_currency"])

    def _found_sum(self, wanted: str) -> str:
        found = sum((each["total"] for each in async_to_sync(sums)(self.user.id)["by_currency"]), Decimal())
        return wanted if found == Decimal(wanted) else str(found.normalize())

    def _found_pending(self, wanted: int) -> int:
        filters = TransactionFilters(status="pending")
        return sum(each["count"] for each in async_to_sync(sums)(self.user.id, filters)["by_currency"])

    def _away(self) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(_AWAY, [self.user.id])
            scheduled, withdrawn = cursor.fetchone()
        return scheduled, withdrawn

    def _found_scheduled(self, wanted: int) -> int:
        return self._away()[0]

    def _found_withdrawn(self, wanted: int) -> int:
        return self._away()[1]

    def _found_new(self, wanted: list[int]) -> list[int]:
        return self._each(wanted, [None if landed is None else landed.added for landed in self.landed])

    def _found_changes(self, wanted: list[int]) -> list[int]:
        return self._each(wanted, [None if landed is None else landed.written for landed in self.landed])

    def _each(self, wanted: list[int], counts: list[int | None]) -> list[int]:
        """The count of each delivery, or of each step, as the case counts them."""
        by_step = len(wanted) == len(counts)
        return [count or 0 for count in counts if by_step or count is not None]

    def _found_trust(self, wanted: str) -> str:
        sources = Source.objects.filter(account__user=self.user).exclude(kind="person")
        found = sources.order_by("kind", "id").values_list("grade", flat=True).first()
        return Grade(found or 0).name.lower()

    def _found_same(self, wanted: list[list[str]]) -> list[list[str]]:
        return [pair for pair in wanted if set.intersection(*map(self._events, pair))]

    def _found_kept(self, wanted: list[str]) -> list[str]:
        return [text for text in wanted if self.texts.get(text) == self._live(text)]

    def _found_row(self, wanted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {name: self._row(name, columns) for name, columns in wanted.items()}

    def _row(self, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
        event = self._event(name)
        row = Transaction.objects.filter(id=event).first()
        said = Observation.objects.filter(event=event)
        today = said.filter(state=State.LIVE).order_by("-status", "source__kind", "-id").first()
        found = {
            "category": row and row.category,
            "description": row and row.description,
            "note": row and row.note,
            "feed_description": today and today.text,
            "history": said.count(),
        }
        return {column: found[column] for column in wanted}

    def _listed(self) -> list[FinancialAccount]:
        doors = AccountDoor.objects.values("account")
        return list(FinancialAccount.objects.filter(user=self.user).exclude(id__in=doors))

    def _found_accounts(self, wanted: int) -> int:
        return len(self._listed())

    def _found_open(self, wanted: int) -> int:
        return sum(account.closed_at is None for account in self._listed())

    def _found_net(self, wanted: str) -> str:
        found = sum((a.balance_current or Decimal() for a in self._listed() if not a.closed_at), Decimal())
        return wanted if found == Decimal(wanted) else str(found.normalize())

    def _found_ask(self, wanted: int) -> int:
        return async_to_sync(waiting)(self.user.id)


def _all_rows(step: dict[str, Any]) -> list[list[Any]]:
    return [*step.get("rows", []), *(row for rows in step.get("rows_of", {}).values() for row in rows)]


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _record(row: list[Any]) -> TransactionRecord:
    name, day, amount, status, text, *rest = row
    more: dict[str, Any] = rest[0] if rest else {}
    return TransactionRecord(
        id="" if name is None else str(name),
        date=_day(day),
        posted_at=None,
        status="posted" if status == "posted" else "pending",
        amount=Decimal(str(amount)),
        currency=more.get("currency", "EUR"),
        description=str(text),
        kind="unknown",
        source_code=str(more.get("code", "")),
        category=str(more.get("category", "")),
        replaced_pending_id=str(more.get("replaces", "")),
    )
