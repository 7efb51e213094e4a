"""The parser of CSV tables: bytes to statements, or to a preview of what they would be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from itertools import pairwise
from operator import eq

from providers.formats.csv.cells.records import Record
from providers.formats.csv.choosing.choices import Choices, choose
from providers.formats.csv.reading.rows import Read, RowReader
from providers.formats.csv.reading.trades import joined_trades
from providers.formats.csv.shape import shape_of
from providers.formats.csv.understanding import StatementNeedsAnswersError, Understanding
from providers.formats.errors import NoStatementsError
from providers.formats.findings import Findings
from providers.formats.identity import with_identities
from providers.formats.options import ReadOptions
from providers.formats.statement import (
    Institution,
    Statement,
    StatementAccount,
    StatementFile,
    StatementTransaction,
)
from providers.formats.values import ALL_DIGITS, exact_sum

Count = Callable[[int], None]
_LOOKED_AT, _MOST = 400, 0.8


@dataclass(slots=True)
class _Group:
    """The rows of one account in one currency, and the balances after the first and the last that state one."""

    rows: list[StatementTransaction] = field(default_factory=list)
    stated: list[tuple[Decimal, int]] = field(default_factory=list)
    booked: int = 0

    def take(self, read: Read) -> None:
        """One record."""
        for row in read.rows:
            self.rows.append(row)
            self.booked += row.status == "posted"
        if read.balance is not None:
            self.stated.append((read.balance, self.booked))


AS_IT_IS = ReadOptions()


def parse_csv(data: bytes, options: ReadOptions = AS_IT_IS, count: Count = lambda _: None) -> StatementFile:
    """Read a table. Layouts are a person's own, by fingerprint; one under `*` is for a table of any shape.

    Raises StatementNeedsAnswersError where the table has two readings, and StatementError for what is no table.
    """
    with localcontext(prec=ALL_DIGITS):
        reading = TableReading(data, options)
        questions = reading.choices.understanding.questions
        if questions:
            text = " ".join(question.text for question in questions)
            raise StatementNeedsAnswersError(text, fields=tuple(question.field for question in questions))
        return reading.file(count)


class TableReading:
    """A table that is being read, with what was found on the way."""

    def __init__(self, data: bytes, options: ReadOptions) -> None:
        self.findings = Findings()
        shape, layout, known = shape_of(data, options)
        for line in shape.skipped:
            text = f"The table that begins in line {line} was left out: only one is read."
            self.findings.notice("section_skipped", line, text)
        self.table = shape.table
        self.choices: Choices = choose(shape, layout, by_person=known)
        self.reader = RowReader(self.choices, self.table.width)
        self.left_out: dict[str, list[int]] = {}
        self.gaps = dict.fromkeys(self.choices.proof.gaps if self.choices.proof else (), "")  # days, by line

    def file(self, count: Count) -> StatementFile:
        """All rows, as statements."""
        groups: dict[tuple[str, str], _Group] = {}
        for at, (record, read) in enumerate(self.reads(self.table.rows), 1):
            if not at % 1000:
                count(at)
            self.note(record, read)
            if record.line in self.gaps and read.rows:
                self.gaps[record.line] = f" ({read.rows[0].date})"
            if not read.rows and read.balance is None:
                continue
            group = groups.get((read.account, read.currency))
            if group is None:
                group = groups[read.account, read.currency] = _Group()
            group.take(read)
        statements = [self._statement(*key, group) for key, group in _together(groups).items() if group.rows]
        self._tell_left_out()
        self._tell_gaps()
        if not statements:
            raise NoStatementsError(self._why_nothing())
        return StatementFile(
            format="csv",
            institution=self._institution(),
            statements=tuple(statements),
            rejected=tuple(self.findings.rejected),
            rejected_count=self.findings.rejected_count,
            notices=tuple(self.findings.notices),
            notices_count=self.findings.notices_count,
        )

    def _why_nothing(self) -> str:
        first = next(iter(self.findings.rejected), None)
        if first is None:
            return "The table has no row with a date and an amount. Download the transactions of an account."
        count = self.findings.rejected_count
        return f"None of its {count:,} rows can be read. The first is line {first.line}: {first.reason}"

    def reads(self, rows: Iterable[Record]) -> Iterable[tuple[Record, Read]]:
        for record in rows:
            yield record, self.reader.read(record)

    def note(self, record: Record, read: Read) -> None:
        if read.rejected:
            self.findings.reject(record.line, read.rejected)
        elif read.left_out:
            self.left_out.setdefault(read.left_out, []).append(record.line)

    def _institution(self) -> Institution:
        return Institution(name=self.choices.understanding.known_as or None)

    def _statement(self, account: str, currency: str, group: _Group) -> Statement:
        understood = self.choices.understanding
        rows = joined_trades(group.rows) if understood.where("asset") else group.rows
        closing, opening = self._balances(group, understood)
        facts = self.choices.facts
        number = account or facts.account
        day = max((row.date for row in rows), default=None)
        if closing is None and not account and understood.sign != "reversed":
            closing, day = facts.closing, facts.closing_day or day
        named = understood.where("account") or not understood.where("account_name")
        told = StatementAccount(
            account_id=number if named else "",
            name=number if not named else None,
            type=understood.account_type,
            subtype={"credit": "credit_card", "investment": "brokerage"}.get(understood.account_type),
            currency=currency or None,
        )
        return Statement(
            account=told,
            institution=self._institution(),
            opening_balance=opening,
            ledger_balance=closing,
            balance_date=day if closing is not None else None,
            transactions=with_identities(rows),
        )

    def _balances(self, group: _Group, understood: Understanding) -> tuple[Decimal | None, Decimal | None]:
        """The balance after the newest row and the one before the oldest, where order and sign are certain."""
        newest_first, proof = understood.newest_first, self.choices.proof
        turned = -1 if understood.sign == "reversed" else 1
        if proof is not None and proof.sign:
            sign = proof.sign * turned  # of a balance of money owed it is -1
        else:
            certain = (
                newest_first is not None
                and turned == 1
                and self._in_order(group)
                and self._after_rows(group, understood)
            )
            sign = 1 if certain else 0
        if not group.stated or newest_first is None or not sign:
            return None, None
        (first, at_first), (last, at_last) = group.stated[0], group.stated[-1]
        closing = sign * (first if newest_first else last)
        if proof is None or not proof.sign or proof.gaps or at_first > 2 or at_last != group.booked:
            return closing, None
        booked = (-row.amount for row in group.rows if row.status == "posted")
        return closing, exact_sum([closing, *booked])

    def _after_rows(self, group: _Group, understood: Understanding) -> bool:
        """False for balances before each row. Those that do not follow at all are told with what that means."""
        newest_first = bool(understood.newest_first)
        booked = sum(row.status == "posted" for row in group.rows)
        if booked != group.booked or _share_that_follows(group, newest_first=newest_first) >= _MOST:
            return True
        if _share_that_follows(group, newest_first=newest_first, before=True) >= _MOST:
            return False
        text = "The balances do not follow from the rows. Rows may be missing."
        self.findings.notice("balance_gap", group.rows[0].line, text)
        return True

    @staticmethod
    def _in_order(group: _Group) -> bool:
        days = [row.date for row in group.rows]
        return len(days) > 1 and (days == sorted(days) or days == sorted(days, reverse=True))

    def _tell_left_out(self) -> None:
        for sort, lines in self.left_out.items():
            shown = ", ".join(map(str, lines[:10])) + (" and more" if len(lines) > 10 else "")
            one = len(lines) == 1
            rows, place = (" is", "line") if one else ("s are each", "lines")
            text = f"{len(lines):,} row{rows} {sort}, and no movement of money: {place} {shown}."
            self.findings.notice("not_a_movement", lines[0], text)

    def _tell_gaps(self) -> None:
        proof = self.choices.proof
        if proof is not None and proof.sign and proof.gaps:
            places = [f"{line}{self.gaps[line]}" for line in proof.gaps]
            shown = ", ".join(places[:10]) + (" and more" if len(places) > 10 else "")
            text = (
                f"The balance does not follow from the row before in line {shown}. Rows may be missing there."
            )
            self.findings.notice("balance_gap", proof.gaps[0], text)


def _share_that_follows(group: _Group, *, newest_first: bool, before: bool = False) -> float:
    """How many balances are the one of the row before plus the amount of the row, or of the row before."""
    booked = [row.amount for row in group.rows if row.status == "posted"]
    back = 1 if newest_first != before else 0
    pairs = list(pairwise(group.stated[:_LOOKED_AT]))
    moved = [exact_sum(booked[max(at - back, 0) : max(end - back, 0)]) for (_, at), (_, end) in pairs]
    steps = [(one - other if newest_first else other - one) for (one, _), (other, _) in pairs]
    return sum(map(eq, moved, steps)) / len(pairs) if pairs else 1.0


def _together(groups: Mapping[tuple[str, str], _Group]) -> dict[tuple[str, str], _Group]:
    """Rows without a currency of their own, such as coins that were earned, go with those of their account."""
    whole = {key: group for key, group in groups.items() if key[1]}
    for (account, currency), group in groups.items():
        if currency:
            continue
        same = [key for key in whole if key[0] == account]
        if same and group.rows:
            largest = max(same, key=lambda key: len(whole[key].rows))
            merged = sorted(whole[largest].rows + group.rows, key=lambda row: row.line)
            whole[largest] = replace(whole[largest], rows=merged)
        else:
            whole[account, currency] = group
    return whole
