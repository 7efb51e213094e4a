"""An account with rows from several sources, questions, edits and gaps, for tests of pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from accounts.models import User
from providers.connections.models import Connection
from providers.ledger.identity.records import Cover, Grade
from providers.ledger.models import BalanceSnapshot, FinancialAccount, Transaction
from providers.ledger.observations import edits
from providers.ledger.observations.landing import land
from providers.ledger.observations.models import Edit, Question
from providers.ledger.observations.statements import Observer, Statement
from providers.records import TransactionRecord

LONG = "Aktiengesellschaft für Lebensversicherungsangelegenheiten und Altersvorsorge Zürich"
_FEED = Observer("feed", "feed", "sandbox")
_FILES = Observer("file", "csv", "files", Grade.NONE)
_TODAY = datetime.now(UTC).date()
_FIRST = _TODAY - timedelta(days=60)


def fill(email: str, times: int) -> None:
    """Give the person an account; `times` is how many questions and rows it has of each kind."""
    user = User.objects.get(email=email)
    bank = Connection.objects.create(user=user, provider="sandbox", state="active", provider_subject="review")
    account = FinancialAccount.objects.create(
        user=user,
        connection=bank,
        provider_account_id="review",
        name=f"{LONG} {times}",
        type="depository",
        currency="EUR",
        balance_current=Decimal("812.50"),
        balance_as_of=datetime.now(UTC),
        balance_fetched_at=datetime.now(UTC),
    )
    window = [Cover(_FIRST, _TODAY)]
    rows = [_row(f"r{n}", n, f"-{n + 1}.25", LONG if n % 2 else f"Shop {n}") for n in range(1, 3 * times + 3)]
    waiting = [_row("p1", 2, "-20.00", "Bistro Luna", status="pending")]
    land(account, _FEED, _said([*rows, *waiting], 1, window))
    land(account, _FEED, _said([*rows, _row("b1", 4, "-23.00", "Bistro Luna")], 2, window))
    land(account, _FILES, _said([_row("", 4, "-23.00", "BISTRO LUNA")], 3))
    doubtful = [_row("", n, f"-{n + 1}.25", "SQ *4711") for n in range(1, times + 1)]
    land(account, _FILES, _said(doubtful, 4))
    jumped = [_row("r2", 2, "-325.00", "Shop 2"), *rows[:1], *rows[2:]]
    land(account, _FEED, _said([*jumped, _row("b1", 4, "-23.00", "Bistro Luna")], 5, window))
    _questions_about_accounts(account, bank)
    for amount, day in (("1000.00", 1), ("955.00", 10), ("900.00", 25), ("860.00", 40)):
        moment = datetime.combine(_FIRST + timedelta(days=day), datetime.max.time(), UTC)
        BalanceSnapshot.objects.create(
            account=account, date=moment.date(), current=Decimal(amount), as_of=moment, fetched_at=moment
        )
    _edit(user, account)


def _row(id: str, day: int, amount: str, text: str, status: str = "posted") -> TransactionRecord:
    return TransactionRecord(
        id=id,
        date=_FIRST + timedelta(days=day),
        posted_at=None,
        status="pending" if status == "pending" else "posted",
        amount=Decimal(amount),
        currency="EUR",
        description=text,
        kind="purchase",
        category="SHOPPING",
    )


def _said(rows: list[TransactionRecord], hour: int, covers: list[Cover] | None = None) -> Statement:
    return Statement(rows, covers=covers or [], at=datetime.now(UTC) - timedelta(hours=10 - hour))


def _questions_about_accounts(account: FinancialAccount, bank: Connection) -> None:
    other = FinancialAccount.objects.create(
        user=account.user,
        connection=bank,
        provider_account_id="other",
        name="Everyday",
        mask="4821",
        type="depository",
        currency="EUR",
        closed_at=datetime.now(UTC),
    )
    same = "all 12 transactions are the same"
    Question.objects.create(
        account=other, kind=Question.Kind.ACCOUNT, left=other.id, right=account.id, why=same
    )
    evidence = {"balance": "81250.00", "as_of": datetime.now(UTC).isoformat()}
    Question.objects.create(
        account=account,
        kind=Question.Kind.SUDDEN,
        left=account.id,
        right=account.id,
        why="the balance changed a lot at once",
        evidence=evidence,
    )
    seen = Transaction.objects.filter(account=account).values_list("id", flat=True)
    observed = account.sources.filter(kind="feed").values_list("observations__id", flat=True)
    Question.objects.create(
        account=account,
        kind=Question.Kind.VANISHED,
        left=account.id,
        right=uuid4(),
        why=f"{len(seen)} booked rows are stated no more, at once",
        evidence={"observations": list(observed)},
    )


def _edit(user: User, account: FinancialAccount) -> None:
    bistro = Transaction.objects.get(account=account, description__icontains="bistro")
    others = Transaction.objects.filter(account=account).exclude(id=bistro.id).order_by("-date", "id")
    hidden, deleted = others.values_list("id", flat=True)[:2]
    edits.hide(user.id, hidden)
    edits.delete(user.id, deleted)
    edits.edit(user.id, bistro.id, Edit.Field.CATEGORY, "Eating out with a very long name of a category")
    edits.edit(user.id, bistro.id, Edit.Field.NOTE, LONG)
