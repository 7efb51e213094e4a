"""The line of a chart, with its description and its change in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dashtam.ui.charts import Point
from dashtam.ui.formats import date_text, money_text
from providers.ledger.cash_flow.intervals import Interval


@dataclass(frozen=True, slots=True)
class History:
    """Amounts over time. `description` is for screen readers; `change` is empty without two known amounts.

    `derived` is true if some were worked out from transactions.
    """

    points: Sequence[Point]
    description: str
    change: str
    derived: bool = False


def balance_history(newest_first: Sequence[Mapping[str, Any]], currency: str, interval: Interval) -> History:
    """The end-of-day balances of an account, one for each day, week or month."""
    daily: list[Point] = [(day["date"], Decimal(day["current"])) for day in reversed(newest_first)]
    points = thinned(daily, interval)
    told, derived = description(points, "The balance", currency), any(day["derived"] for day in newest_first)
    return History(points, told, change(points, currency), derived)


def net_worth_history(worth: Mapping[str, Any]) -> History:
    """The total of each day of a net worth's series; its change tells what was added or left apart."""
    currency, found = worth["currency"], worth["change"]
    points: list[Point] = [(day["date"], Decimal(day["total"])) for day in worth["series"]]
    return History(
        points, description(points, "Net worth", currency), net_worth_change(found, currency) if found else ""
    )


def thinned(points: list[Point], interval: Interval) -> list[Point]:
    """The last point of each day, week or month, of points in order of their days."""
    last = {_period(day, interval): (day, amount) for day, amount in points}
    return list(last.values())


def _period(day: date, interval: Interval) -> tuple[int, ...]:
    if interval == "month":
        return day.year, day.month
    if interval == "week":
        return day.isocalendar()[:2]
    return (day.toordinal(),)


def description(points: list[Point], subject: str, currency: str) -> str:
    """The line in one sentence, for people who cannot see it. `subject` begins a sentence."""
    known = [(day, amount) for day, amount in points if amount is not None]
    if not known:
        return f"{subject}: nothing is known for this time yet."
    (first, start), (last, end) = known[0], known[-1]
    if first == last:
        return f"{subject} on {date_text(last)}: {money_text(end, currency)}."
    verb = "rose" if end > start else "fell" if end < start else "stayed the same"
    amounts = f"at {money_text(end, currency)}"
    if start != end:
        amounts = f"from {money_text(start, currency)} to {money_text(end, currency)}"
    return f"From {date_text(first)} to {date_text(last)} {subject.lower()} {verb} {amounts}."


def change(points: list[Point], currency: str) -> str:
    """`Up $1,204.00 (2.6%) since 22 May 2026`, or nothing while there is nothing to compare."""
    known = [(day, amount) for day, amount in points if amount is not None]
    if len(known) < 2:
        return ""
    (first, start), (_, end) = known[0], known[-1]
    return _moved(end - start, start, first, currency)


def net_worth_change(found: Mapping[str, Any], currency: str) -> str:
    """`Up $1,204.00 (2.6%) since 22 May 2026, apart from $1,532.00 in 1 account that was added`."""
    apart = " and ".join(_apart(found, currency))
    before, moved = Decimal(found["before"]), Decimal(found["moved"])
    if apart and not before and not moved:
        return f"Since {date_text(found['since'])}: {apart}"
    told = _moved(moved, before, found["since"], currency)
    return f"{told}, apart from {apart}" if apart else told


def _apart(found: Mapping[str, Any], currency: str) -> Iterator[str]:
    if count := found["added_accounts"]:
        which = "account that was" if count == 1 else "accounts that were"
        yield f"{money_text(found['added'], currency)} in {count} {which} added"
    if count := found["left_accounts"]:
        yield f"{money_text(found['left'], currency)} in {count} account{'s' * (count > 1)} that closed"


def _moved(by: Decimal, start: Decimal, first: date, currency: str) -> str:
    if not by:
        return f"Unchanged since {date_text(first)}"
    percent = f" ({_percent(abs(by), start)})" if start > 0 and start + by > 0 else ""
    return f"{'Up' if by > 0 else 'Down'} {money_text(abs(by), currency)}{percent} since {date_text(first)}"


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole * 100:,.1f}%"
