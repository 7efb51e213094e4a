"""Roles of columns: by the words of their headings, checked against what the cells hold; by the cells alone without any."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from providers.formats.csv.dates import looks_like_date
from providers.formats.csv.numbers import Number, is_nothing, read_number
from providers.formats.csv.signs import runs_along
from providers.formats.csv.words import (
    BOOKED,
    CREDIT,
    DEBIT,
    HEADINGS,
    PENDING,
    VOID,
    Role,
    kind_of,
    plain,
    without_parentheses,
    word_in,
)
from providers.records import Kind

_PHRASES: dict[str, Role] = {}
for _role, _phrases in HEADINGS.items():
    for _phrase in _phrases.split("|"):
        _PHRASES.setdefault(plain(_phrase), _role)
_LONGEST = max(phrase.count(" ") + 1 for phrase in _PHRASES)
MONEY: frozenset[Role] = frozenset({"amount", "net", "debit", "credit", "balance", "fee", "tax"})
NUMERIC: frozenset[Role] = MONEY | {"quantity", "price", "original_amount", "exchange_rate"}
_ONE_OF: tuple[Role, ...] = (
    *("amount", "net", "debit", "credit", "balance", "direction", "state", "fee", "tax", "account", "account_name"),
    *("symbol", "isin", "security", "quantity", "price", "original_amount", "original_currency", "exchange_rate"),
    *("asset", "check_number", "date"),
)  # fmt: skip
_CODE = re.compile(r"[A-Za-z]{3}|[€£$¥]")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}|[0-9Xx*][0-9Xx* .-]{6,30}[0-9A-Z]?")
_STATES = BOOKED | PENDING | VOID


@lru_cache(4096)
def role_of_heading(heading: str) -> Role | None:
    """The role that a heading names; None for words that we do not know."""
    whole = plain(heading)
    if whole in _PHRASES:
        return _PHRASES[whole]
    text = plain(without_parentheses(heading)[0]) or whole
    if text in _PHRASES:
        return _PHRASES[text]
    words = text.split()
    for size in range(min(len(words), _LONGEST), 0, -1):
        for start in range(len(words) - size, -1, -1):
            phrase = " ".join(words[start : start + size])
            if len(phrase) > 3 and phrase in _PHRASES:
                return _PHRASES[phrase]
    return None


@dataclass(slots=True)
class Cells:
    """Some cells of a column, and what they can be."""

    texts: list[str]
    filled: list[str] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    days: int = 0

    def __post_init__(self) -> None:
        self.filled = [text.strip() for text in self.texts if not is_nothing(text)]
        self.numbers = [number for text in self.filled if (number := read_number(text)) is not None]
        self.days = sum(map(looks_like_date, self.filled))

    def share(self, count: int) -> float:
        """How much of the filled cells that is."""
        return count / len(self.filled) if self.filled else 0.0

    @property
    def numeric(self) -> bool:
        """True if nearly all are numbers, and they are no days."""
        return self.share(len(self.numbers)) >= 0.8 and self.share(self.days) < 0.8

    @property
    def dated(self) -> bool:
        """True if they are days."""
        return self.share(self.days) >= 0.6

    @property
    def monetary(self) -> bool:
        """True for numbers of which some have decimals, a sign or a currency."""
        moved = [each for each in self.numbers if each.digits.strip("0.,")]
        marked = sum(bool(each.marks or each.currency or each.negative is not None) for each in moved)
        return self.numeric and marked * 2 >= max(len(moved), 1)

    @property
    def wordy(self) -> bool:
        """True for text with letters in it."""
        return self.share(sum(any(map(str.isalpha, text)) for text in self.filled)) >= 0.5

    def of(self, words: frozenset[str]) -> bool:
        """True if nearly all are among those words."""
        return bool(self.filled) and self.share(sum(word_in(text, words) for text in self.filled)) >= 0.8

    def match(self, pattern: re.Pattern[str]) -> bool:
        """True if nearly all match."""
        return bool(self.filled) and self.share(sum(bool(pattern.fullmatch(text)) for text in self.filled)) >= 0.8


def roles_of(headings: Sequence[str], columns: Sequence[Cells]) -> list[Role]:
    """A role for each column."""
    roles: list[Role | None] = [
        _checked(role_of_heading(headings[index]) if index < len(headings) else None, cells)
        for index, cells in enumerate(columns)
    ]
    if headings:
        _choose_currency(headings, roles)
        _choose_amount(headings, roles, columns)
    _settle_dates(roles, columns)
    if not {"amount", "net", "debit", "credit"} & set(roles):
        _find_money(roles, columns)
    _find_others(roles, columns, headed=bool(headings))
    for role in _ONE_OF:
        places = [index for index, each in enumerate(roles) if each == role]
        for index in places[1:]:
            roles[index] = "other_date" if role == "date" else "ignore"
    kinds = [index for index, each in enumerate(roles) if each == "kind"]
    for index in kinds[1:]:
        if not all(kind_of(text) in {Kind.BUY, Kind.SELL} for text in columns[index].filled):
            roles[index] = "ignore"
    if "net" in roles:
        roles = [("ignore" if each == "amount" else "amount" if each == "net" else each) for each in roles]
    if {"debit", "credit"} <= set(roles):
        roles = ["ignore" if each == "amount" else each for each in roles]
    return [role or "ignore" for role in roles]


def _checked(role: Role | None, cells: Cells) -> Role | None:
    """The role, if the cells can have it."""
    if not cells.filled:
        return role if role in MONEY or role in {"other_date", "fee", "tax", "state"} else "ignore"
    if role == "direction" and not cells.of(DEBIT | CREDIT):
        return "amount" if cells.numeric else "kind"
    if role in NUMERIC and not cells.numeric:
        return ("direction" if cells.of(DEBIT | CREDIT) else None) if role in MONEY else "ignore"
    if role in {"date", "other_date"} and not cells.dated:
        return "state" if role == "date" and cells.of(_STATES) else "ignore"
    if role == "state" and not cells.share(sum(word_in(text, _STATES) for text in cells.filled)) >= 0.5:
        return "ignore"
    if role == "currency" and not cells.match(_CODE):
        return "amount" if cells.numeric else None
    if role == "account" and not cells.share(sum(any(map(str.isdigit, text)) for text in cells.filled)) >= 0.5:
        return "account_name"
    if role == "reference" and cells.share(sum(" " in text and text[:1].isalpha() for text in cells.filled)) >= 0.5:
        return "description"
    if role == "account" and len(cells.filled) > 4 and len(set(cells.filled)) * 3 > len(cells.filled):
        return "ignore"
    if role == "kind" and cells.of(DEBIT | CREDIT) and len(set(cells.filled)) == 2:
        return "direction"
    return role


def _choose_currency(headings: Sequence[str], roles: list[Role | None]) -> None:
    """Of several columns of currencies, the one that belongs to the amount; the others are of prices and fees."""
    places = [index for index, role in enumerate(roles) if role == "currency"]
    if len(places) < 2:
        return
    amounts = [index for index, role in enumerate(roles) if role in {"amount", "net", "debit", "credit"}]
    names = {plain(headings[index]) for index in amounts if index < len(headings)}

    def distance(index: int) -> tuple[bool, int]:
        inside = plain(without_parentheses(headings[index])[1]) if index < len(headings) else ""
        return inside not in names or not inside, min((abs(index - each) for each in amounts), default=0)

    kept = min(places, key=distance)
    for index in places:
        if index != kept:
            roles[index] = "ignore"


def _choose_amount(headings: Sequence[str], roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Of several columns of amounts, the one that is filled most and named most plainly."""
    places = [index for index, role in enumerate(roles) if role == "amount"]
    if len(places) < 2:
        return

    def worth(index: int) -> tuple[int, bool, int]:
        exact = index < len(headings) and plain(headings[index]) in _PHRASES
        return len(columns[index].filled), exact, -index

    kept = max(places, key=worth)
    for index in places:
        if index != kept:
            roles[index] = "ignore"


def _settle_dates(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """One column of days is the date: the one so named, or the first one there is."""
    if "date" in roles:
        return
    named = [index for index, role in enumerate(roles) if role == "other_date" and columns[index].filled]
    found = named or [index for index, cells in enumerate(columns) if cells.dated and roles[index] in {None, "ignore"}]
    for at, index in enumerate(found):
        roles[index] = "other_date" if at else "date"


def _find_money(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Amount, balance, or a pair of debit and credit, by what the cells hold."""
    free = [index for index, cells in enumerate(columns) if roles[index] is None and cells.numeric]
    money = [index for index in free if columns[index].monetary] or free
    pair = _pair(money, columns)
    if pair:
        roles[pair[0]], roles[pair[1]] = "debit", "credit"  # which is which, the balance or a person says
        money = [index for index in money if index not in pair]
        _as_balance(money, roles, columns, pair)
        return
    for index in money:
        others = [each for each in money if each != index]
        partner = next((each for each in others if _follows(columns[index], columns[each])), None)
        if partner is not None and "balance" not in roles:
            roles[index], roles[partner] = "balance", "amount"
            return
    signed = [index for index in money if any(number.negative for number in columns[index].numbers)]
    chosen = signed if len(signed) == 1 else money
    if len(chosen) == 1:
        roles[chosen[0]] = "amount"
    else:
        for index in chosen:
            roles[index] = "ignore"


def _as_balance(
    money: Sequence[int], roles: list[Role | None], columns: Sequence[Cells], pair: tuple[int, int]
) -> None:
    rows = zip(*(columns[each].texts for each in pair), strict=True)
    moved = [one if not _zero(one) else other for one, other in rows]
    for index in money:
        if runs_along(moved, columns[index].texts):
            roles[index] = "balance"
            return


def _pair(money: Sequence[int], columns: Sequence[Cells]) -> tuple[int, int] | None:
    """Two columns of which each row fills one."""
    for at, one in enumerate(money):
        for other in money[at + 1 :]:
            rows = list(zip(columns[one].texts, columns[other].texts, strict=True))
            filled = [(not _zero(left), not _zero(right)) for left, right in rows]
            used = [each for each in filled if any(each)]
            if used and not any(all(each) for each in used) and {each[0] for each in used} == {True, False}:
                return one, other
    return None


def _zero(cell: str) -> bool:
    number = read_number(cell)
    return number is None or not number.digits.strip("0.,")


def _follows(balance: Cells, amount: Cells) -> bool:
    return runs_along(amount.texts, balance.texts)


def _find_others(roles: list[Role | None], columns: Sequence[Cells], *, headed: bool) -> None:
    """Roles of columns whose heading says nothing: currency, direction, account, and the words of the row."""
    for index, cells in enumerate(columns):
        if roles[index] is not None or not cells.filled:
            continue
        if cells.of(DEBIT | CREDIT) and "direction" not in roles:
            roles[index] = "direction"
        elif cells.match(_CODE) and "currency" not in roles and len(cells.filled) * 2 > len(cells.texts):
            roles[index] = "currency"
        elif cells.match(_ISIN) and "isin" not in roles:
            roles[index] = "isin"
        elif not headed and cells.match(_ACCOUNT) and len(set(cells.filled)) == 1 and not cells.monetary:
            roles[index] = "account"
        elif cells.wordy and (not headed or not {"description", "payee"} & set(roles)):
            roles[index] = "description"
