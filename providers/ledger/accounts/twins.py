"""Twins: accounts that look like one, since they have the same rows or the same number. People are asked."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from providers.ledger.adoption import adopt
from providers.ledger.models import FinancialAccount
from providers.ledger.observations.models import AccountAlias, AccountDoor, Question

NEW = timedelta(days=30)  # an account that is older is no new one
BACK = timedelta(days=400)  # rows of more than a year prove nothing that those of a year do not
FEW_ROWS, FEW_DAYS = 5, 3  # equal rows of two accounts that are open, below which they are a coincidence

# Of the days that both accounts tell of: equal rows, their days, and all rows of the newer one.
_OVERLAP = """
WITH mine AS (
    SELECT s.account_id, o.date, o.amount, o.unit, count(DISTINCT o.event) AS rows
    FROM providers_observation o
    JOIN providers_source s ON s.id = o.source_id
    WHERE s.account_id = ANY(%(accounts)s) AND o.state = 0 AND o.date > %(since)s AND o.amount <> 0
    GROUP BY 1, 2, 3, 4
), span AS (
    SELECT account_id, min(date) AS first, max(date) AS last FROM mine GROUP BY 1
)
SELECT old.account_id, new.account_id, sum(least(old.rows, new.rows))::int, count(DISTINCT date)::int,
    (SELECT sum(rows)::int FROM mine, span
     WHERE mine.account_id = new.account_id AND span.account_id = old.account_id
       AND mine.date BETWEEN span.first AND span.last)
FROM mine old JOIN mine new USING (date, amount, unit)
WHERE new.account_id = ANY(%(fresh)s) AND old.account_id <> new.account_id
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Equal rows of two accounts, on how many days, and all rows of the newer one on the days that both tell of."""

    common: int = 0
    days: int = 0
    rows: int = 0

    def convinces(self, old: FinancialAccount) -> bool:
        """True if they are too many for a coincidence: more than half, and some, where both accounts are open."""
        if self.common * 2 <= self.rows:
            return False
        return self.rows > 1 if old.closed_at else self.common >= FEW_ROWS and self.days >= FEW_DAYS


def ask_about_accounts(user_id: UUID) -> int:
    """Ask whether a new account is one that is there already: most rows are the same, or number and kind agree.

    Closed ones of any connection, and open ones of another: two logins at one bank, a feed and files. Called when a
    sync or a file has brought rows. Returns how many questions are new.
    """
    doors = AccountDoor.objects.filter(into__user_id=user_id).values("account_id")
    mine = FinancialAccount.objects.filter(user_id=user_id).exclude(id__in=doors)
    since = timezone.now() - NEW
    if not mine.filter(closed_at=None, created_at__gt=since).exists():
        return 0
    accounts = list(mine)
    fresh = [each for each in accounts if not each.closed_at and each.created_at > since]
    pairs = [(old, new) for new in fresh for old in accounts if _may_be_one(old, new)]
    return _compared(fresh, pairs) if pairs else 0


@transaction.atomic
def _compared(fresh: list[FinancialAccount], pairs: list[tuple[FinancialAccount, FinancialAccount]]) -> int:
    for account in {old.id: old for old, _ in pairs}.values():
        if account.observed_at is None:
            adopt(FinancialAccount.objects.select_for_update(no_key=True).get(id=account.id))
    overlaps = _overlaps([each.id for pair in pairs for each in pair], [new.id for _, new in pairs])
    numbers = _numbers({each.id for pair in pairs for each in pair})
    asked = Question.objects.filter(kind=Question.Kind.ACCOUNT, right__in={new.id for _, new in pairs})
    states = {(left, right): state for left, right, state in asked.values_list("left", "right", "state")}
    return sum(
        _ask_once(new, [old for old, each in pairs if each is new], overlaps, numbers, states)
        for new in fresh
    )


def _numbers(accounts: set[UUID]) -> dict[UUID, set[bytes]]:
    """The hashes of numbers that are of each account."""
    found: dict[UUID, set[bytes]] = defaultdict(set)
    aliases = AccountAlias.objects.filter(account__in=accounts, of_id=False)
    for account, number in aliases.values_list("account", "alias_hash"):
        found[account].add(bytes(number))
    return found


def _ask_once(
    new: FinancialAccount,
    candidates: list[FinancialAccount],
    overlaps: dict[tuple[UUID, UUID], Overlap],
    numbers: dict[UUID, set[bytes]],
    states: dict[tuple[UUID, UUID], str],
) -> int:
    """Ask about the oldest candidate that convinces; about the next one only if that was refused."""
    for old in sorted(candidates, key=lambda each: (each.created_at, each.id)):
        state = states.get((old.id, new.id))
        if state == Question.State.REFUSED:
            continue
        if state is not None:
            return 0
        shared = bool(numbers.get(old.id, set()) & numbers.get(new.id, set()))
        if _ask(old, new, overlaps.get((old.id, new.id), Overlap()), shared=shared):
            return 1
    return 0


def _may_be_one(old: FinancialAccount, new: FinancialAccount) -> bool:
    if old.id == new.id or (old.currency, old.type) != (new.currency, new.type):
        return False
    other = old.connection_id != new.connection_id and (old.created_at, old.id) < (new.created_at, new.id)
    return bool(old.closed_at) or other


def _overlaps(accounts: list[UUID], fresh: list[UUID]) -> dict[tuple[UUID, UUID], Overlap]:
    since = (timezone.now() - BACK).date()
    with database.cursor() as cursor:
        cursor.execute(
            _OVERLAP, {"accounts": sorted(set(accounts)), "fresh": sorted(set(fresh)), "since": since}
        )
        return {
            (old, new): Overlap(common, days, rows or 0) for old, new, common, days, rows in cursor.fetchall()
        }


def _ask(old: FinancialAccount, new: FinancialAccount, overlap: Overlap, *, shared: bool) -> int:
    if shared and (not old.subtype or not new.subtype or old.subtype == new.subtype):
        why = "their whole number is the same"
    elif overlap.convinces(old):
        many = (
            f"all {overlap.rows}"
            if overlap.common == overlap.rows
            else f"{overlap.common} of its {overlap.rows}"
        )
        why = f"{many} transactions are the same"
    elif old.closed_at and new.mask and (old.mask, old.subtype) == (new.mask, new.subtype):
        why = "number and kind are the same"
    else:
        return 0
    _, is_new = Question.objects.get_or_create(
        kind=Question.Kind.ACCOUNT,
        left=old.id,
        right=new.id,
        defaults={
            "account": old,
            "why": why,
            "evidence": {"common": overlap.common, "rows": overlap.rows},
        },
    )
    return int(is_new)
