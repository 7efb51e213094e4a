"""Statements of one file that are of the same account, joined into one; and the proof of their balances.

A bank writes one message a day, cuts a long one into pages, and tells of a day in progress again and again. Joined,
two equal rows of two messages stay two, a message that is there twice counts once, and each day keeps its balance.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise

from providers.formats.errors import StatementTooLargeError
from providers.formats.findings import Findings
from providers.formats.identity import name_of, with_identities
from providers.formats.statement import DayBalance, Statement, StatementTransaction
from providers.formats.values import exact_sum

MAX_ACCOUNTS = 200
MAX_ROWS = 1_000_000
_NEVER = dt.date.min


@dataclass(slots=True)
class Draft:
    """One statement as it stands in the file, its rows beside it.

    `interim`: it tells of a period that was not over, so that a later one has its rows again. `reference` names it.
    """

    statement: Statement
    line: int
    rows: list[StatementTransaction] = field(default_factory=list)
    interim: bool = False
    reference: str = ""


def joined(drafts: Sequence[Draft], findings: Findings) -> tuple[Statement, ...]:
    """One statement for each account, in the order of the file, with identities. Raises StatementTooLargeError."""
    if sum(len(draft.rows) for draft in drafts) > MAX_ROWS:
        raise StatementTooLargeError("The file has too many rows. Download a shorter period.")
    groups: dict[tuple[str | None, ...], list[Draft]] = {}
    for draft in drafts:
        account = draft.statement.account
        key = (
            account.account_id,
            account.bank_id,
            account.currency,
            account.type,
            account.name if not account.account_id else None,
        )
        groups.setdefault(key, []).append(draft)
    if len(groups) > MAX_ACCOUNTS:
        raise StatementTooLargeError("The file has too many accounts. Download fewer at a time.")
    return tuple(_joined(group, findings) for group in groups.values())


def _joined(drafts: list[Draft], findings: Findings) -> Statement:
    drafts = _told_once(drafts, findings) if len(drafts) > 1 else drafts
    if all(_begin(draft) != _NEVER for draft in drafts):
        drafts.sort(key=_begin)
    whole = [_proven(draft, findings) for draft in drafts]
    whole += [_follows(*pair, findings) for pair in pairwise(drafts)]
    rows = _rows(drafts)
    first = next(
        (d.statement for d in drafts if d.statement.opening_balance is not None), drafts[0].statement
    )
    last = next(
        (d.statement for d in reversed(drafts) if d.statement.ledger_balance is not None),
        drafts[-1].statement,
    )
    starts = [draft.statement.start for draft in drafts]
    ends = [draft.statement.end for draft in drafts]
    certain = all(whole) and None not in starts and None not in ends
    return replace(
        last,
        start=min(day for day in starts if day) if certain else None,
        end=max(day for day in ends if day) if certain else None,
        opening_balance=first.opening_balance,
        opening_date=first.opening_date,
        balances=_balances([draft.statement for draft in drafts], last.balance_date),
        transactions=with_identities(rows),
    )


def _begin(draft: Draft) -> dt.date:
    statement = draft.statement
    return statement.opening_date or statement.start or statement.balance_date or _NEVER


def _told_once(drafts: Iterable[Draft], findings: Findings) -> list[Draft]:
    """Without those that are there twice, and reports of a day that a later report has in whole."""
    kept: list[Draft] = []
    seen: set[object] = set()
    for draft in drafts:
        statement = draft.statement
        rows = Counter(map(name_of, draft.rows))
        whole = (
            draft.reference,
            draft.interim,
            (statement.opening_balance, statement.opening_date),
            (statement.ledger_balance, statement.balance_date),
            frozenset(rows.items()),
        )
        if whole in seen and (draft.rows or draft.reference):
            findings.notice(
                "statement_repeated", draft.line, "This statement is in the file twice. It counts once."
            )
            continue
        seen.add(whole)
        if draft.interim and kept and kept[-1].interim and Counter(map(name_of, kept[-1].rows)) <= rows:
            kept.pop()
        kept.append(draft)
    return kept


def _rows(drafts: Sequence[Draft]) -> list[StatementTransaction]:
    """The rows of all, where a report of a day in progress adds only those that no statement has."""
    if len({draft.interim for draft in drafts}) < 2:
        return [row for draft in drafts for row in draft.rows]
    booked = Counter(name_of(row) for draft in drafts if not draft.interim for row in draft.rows)
    rows = []
    for draft in drafts:
        for row in draft.rows:
            name = name_of(row)
            if draft.interim and booked[name]:
                booked[name] -= 1
            else:
                rows.append(row)
    return rows


def _proven(draft: Draft, findings: Findings) -> bool:
    """False, with a notice, if the rows are not what lies between the two balances."""
    statement = draft.statement
    if statement.opening_balance is None or statement.ledger_balance is None:
        return True
    own = statement.account.currency
    amounts = [row.amount for row in draft.rows if row.status == "posted" and row.currency == own]
    gap = exact_sum(
        [
            statement.ledger_balance,
            statement.opening_balance.copy_negate(),
            *(a.copy_negate() for a in amounts),
        ]
    )
    if not gap:
        return True
    day = f" of {statement.balance_date}" if statement.balance_date else ""
    detail = (
        f"The rows of the statement{day} do not explain its balances: they differ by {_plain(gap)} {own or ''}".rstrip()
        + ". Rows may be missing."
    )
    findings.notice("balance_gap", draft.line, detail)
    return False


def _follows(before: Draft, after: Draft, findings: Findings) -> bool:
    """False, with a notice, if the second does not begin with the balance that the first ended with."""
    closing, opening = before.statement.ledger_balance, after.statement.opening_balance
    if closing is None or opening is None or closing == opening or before.interim or after.interim:
        return True
    gap = exact_sum([opening, closing.copy_negate()])
    between = f"{before.statement.balance_date} and {after.statement.opening_date}"
    detail = f"Between the statements of {between} the balance changes by {_plain(gap)}. Rows may be missing."
    findings.notice("balance_gap", after.line, detail)
    return False


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _balances(statements: Iterable[Statement], last: dt.date | None) -> tuple[DayBalance, ...]:
    """The closing balances of the days before the last one; of several on one day the last."""
    days: dict[dt.date, Decimal] = {}
    for statement in statements:
        for each in statement.balances:
            days[each.date] = each.amount
        if statement.ledger_balance is not None and statement.balance_date is not None:
            days[statement.balance_date] = statement.ledger_balance
    return tuple(DayBalance(day, days[day]) for day in sorted(days) if last is None or day < last)
