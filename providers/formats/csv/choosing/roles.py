"""Roles of columns: by the words of their headings, checked against the cells; without any, by the cells alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from providers.formats.csv.choosing.accounts import leave_other_parties
from providers.formats.csv.choosing.checks import MONEY, checked, holds_currencies
from providers.formats.csv.choosing.content import Cells
from providers.formats.csv.choosing.money import complete_pair, find_money
from providers.formats.csv.words.headings import Role, phrases
from providers.formats.csv.words.kinds import kind_of
from providers.formats.csv.words.plain import plain, without_parentheses
from providers.formats.csv.words.said import CREDIT, DEBIT
from providers.records import Kind

_PHRASES = phrases()
_LONGEST = max(phrase.count(" ") + 1 for phrase in _PHRASES)
_ONE_OF: tuple[Role, ...] = (
    *("amount", "net", "debit", "credit", "balance", "direction", "state", "fee", "tax", "account", "account_name"),
    *("symbol", "isin", "security", "quantity", "price", "original_amount", "original_currency", "exchange_rate"),
    *("asset", "check_number", "date"),
)  # fmt: skip
# Of two words in a heading these say what the column holds, and those of what.
_FIRST: frozenset[Role] = MONEY | {"date", "other_date", "currency"}
_LAST: frozenset[Role] = frozenset({"account", "account_name", "payee", "kind", "description"})
_OF_VALUE = frozenset({
    *("value", "valuta", "valutadatum", "valeur", "valor", "wert", "wertstellung", "rentedatum"),
    *("settlement", "settle", "interest", "due"),
})  # fmt: skip
_WHOLE: dict[str, Role] = {"change": "amount"}  # of a ledger; with other words it is that of a price
_PARTS = frozenset(
    {"cents", "cent", "pence", "minor", "centimes", "centimos", "centavos", "satoshi", "satoshis"}
)
_MADE = frozenset({"created at", "created on", "updated at", "created"})
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_ACCOUNT = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}|[0-9Xx*][0-9Xx* .-]{6,30}[0-9A-Z]?")


@lru_cache(4096)
def role_of_heading(heading: str) -> Role | None:
    """The role that a heading names; None for words that we do not know."""
    whole = plain(heading)
    if whole in _PHRASES or whole in _WHOLE:
        return _PHRASES.get(whole) or _WHOLE[whole]
    text = plain(without_parentheses(heading)[0]) or whole
    if not _PARTS.isdisjoint(whole.split()):
        return "ignore"  # cents as whole numbers, or thousands: no amount as it stands
    if text in _PHRASES:
        return _PHRASES[text]
    words = text.split()
    if {"debit", "credit"} <= {_PHRASES.get(word) for word in words}:
        return "direction"
    for size in range(min(len(words), _LONGEST), 0, -1):
        spans = (" ".join(words[start : start + size]) for start in range(len(words) - size, -1, -1))
        found = [_PHRASES[phrase] for phrase in spans if len(phrase) > 3 and phrase in _PHRASES]
        if found:  # the balance of an account is no account, whichever word comes first
            return (
                next((role for role in found if role in _FIRST), found[0]) if found[0] in _LAST else found[0]
            )
    return None


def side_of(heading: str) -> Role | None:
    """Money in or out, if a word of the heading says it."""
    found = {_PHRASES.get(word) for word in plain(heading).split()} & {"debit", "credit"}
    return found.pop() if len(found) == 1 else None


def roles_of(headings: Sequence[str], columns: Sequence[Cells]) -> list[Role]:
    """A role for each column."""
    roles: list[Role | None] = [
        checked(role_of_heading(headings[index]) if index < len(headings) else None, cells)
        for index, cells in enumerate(columns)
    ]
    if headings:
        _choose_currency(headings, roles)
        _choose_amount(headings, roles, columns)
    _leave_empty_pair(roles, columns)
    _settle_dates(headings, roles, columns)
    if not {"amount", "net", "debit", "credit"} & set(roles):
        find_money(roles, columns)
    else:
        complete_pair(roles, columns, [side_of(heading) for heading in headings])
    if "original_currency" in roles and not {"currency", "original_amount"} & set(roles):
        roles[roles.index("original_currency")] = "currency"
    _find_others(roles, columns, headed=bool(headings))
    leave_other_parties(roles, columns)
    _once(roles, columns)
    if "net" in roles:
        roles = [("ignore" if each == "amount" else "amount" if each == "net" else each) for each in roles]
    if {"debit", "credit"} <= set(roles):
        roles = ["ignore" if each == "amount" else each for each in roles]
    return [role or "ignore" for role in roles]


def _once(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Most roles can be had by one column: the first one has it."""
    for role in _ONE_OF:
        for index in [index for index, each in enumerate(roles) if each == role][1:]:
            roles[index] = "other_date" if role == "date" else "ignore"
    kinds = [index for index, each in enumerate(roles) if each == "kind"]
    told = {index: {kind_of(text) for text in columns[index].filled} for index in kinds}
    rest = [index for index in kinds if not told[index] <= {Kind.BUY, Kind.SELL}]
    for index in rest:
        # Of several types the one in words that we know best; a column that only says buy or sell goes beside it.
        if index != max(rest, key=lambda each: _known_kinds(columns[each])):
            roles[index] = "ignore"


def _known_kinds(cells: Cells) -> float:
    return cells.share(sum(kind_of(text) is not None for text in cells.filled))


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

    traded = bool({"isin", "symbol", "quantity"} & set(roles))

    def worth(index: int) -> tuple[int, bool, bool, int]:
        name = plain(headings[index]) if index < len(headings) else ""
        return len(columns[index].filled), traded and name == "total", name in _PHRASES, -index

    kept = max(places, key=worth)
    for index in places:
        if index != kept:
            roles[index] = "ignore"


def _leave_empty_pair(roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """Columns of money in and out that stay empty, beside an amount, say nothing."""
    pair = [index for index, role in enumerate(roles) if role in {"debit", "credit"}]
    told = any(role in {"amount", "net"} and columns[index].filled for index, role in enumerate(roles))
    if told and not any(columns[index].filled for index in pair):
        for index in pair:
            roles[index] = "ignore"


def _settle_dates(headings: Sequence[str], roles: list[Role | None], columns: Sequence[Cells]) -> None:
    """One column of days is the date: the one so named, one that is not of the value, or the first one there is."""
    _leave_made(headings, roles)
    if "date" in roles:
        return
    named = [index for index, role in enumerate(roles) if role == "other_date" and columns[index].filled]
    named.sort(key=lambda index: bool(_OF_VALUE & set(plain(headings[index]).split())))
    found = named or [
        index for index, cells in enumerate(columns) if cells.dated and roles[index] in {None, "ignore"}
    ]
    for at, index in enumerate(found):
        roles[index] = "other_date" if at else "date"


def _leave_made(headings: Sequence[str], roles: list[Role | None]) -> None:
    """The day on which a record was made is not that of its row, if there is another date."""
    dates = [index for index, role in enumerate(roles) if role == "date" and index < len(headings)]
    made = [index for index in dates if plain(headings[index]) in _MADE]
    if len(made) < len(dates):
        for index in made:
            roles[index] = "other_date"


def _find_others(roles: list[Role | None], columns: Sequence[Cells], *, headed: bool) -> None:
    """Roles of columns whose heading says nothing: currency, direction, account, and the words of the row."""
    for index, cells in enumerate(columns):
        if roles[index] is not None or not cells.filled:
            continue
        if cells.of(DEBIT | CREDIT) and "direction" not in roles:
            roles[index] = "direction"
        elif holds_currencies(cells) and "currency" not in roles and len(cells.filled) * 2 > len(cells.texts):
            roles[index] = "currency"
        elif cells.match(_ISIN) and "isin" not in roles:
            roles[index] = "isin"
        elif not headed and cells.match(_ACCOUNT) and len(set(cells.filled)) == 1 and not cells.monetary:
            roles[index] = "account"
        elif cells.wordy and not headed:
            roles[index] = "description"
        elif cells.telling:  # an unknown heading over words that differ from row to row
            missing: tuple[Role, ...] = ("description", "payee")
            roles[index] = next((role for role in missing if role not in roles), None)
