"""The form beside a table's first rows: the role of each column, and how days, amounts and the file itself are read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from django import forms
from django.forms import BoundField

from accounts.pages.forms import AccountForm
from dashtam.ui.currencies import CODES
from dashtam.ui.long_select import LongSelect
from providers.formats.csv.cells.records import DELIMITERS
from providers.formats.csv.cells.text import ENCODINGS
from providers.formats.csv.understanding import Layout, Preview, clean_layout
from providers.formats.csv.words.headings import ROLES
from providers.pages import words

_ORDERS = [("dmy", "Day first: 31/12/2026"), ("mdy", "Month first: 12/31/2026")]
_MARKS = [(".", "Point: 1,234.56"), (",", "Comma: 1.234,56")]
_SIGNS = [
    ("as_written", "A positive amount is money in"),
    ("reversed", "A positive amount is money out"),
]
_SIGNS_FOUND = {
    "as_written": "positive is money in",
    "reversed": "positive is money out",
    "columns": "by the columns of money in and out",
    "word": "by the words beside the amounts",
    "action": "by the types of the rows",
}
_FEES = [
    ("", "As found in the file"),
    ("included", "Amounts have them in them"),
    ("apart", "They come on top"),
]
_HEADER = [("no", "The table has no headings")]
_SETTLED = ("date_order", "decimal_mark", "sign", "fee", "currency", "account_type", "encoding", "delimiter")


_CHOICES: dict[str, list[tuple[str, str]]] = {
    "date_order": _ORDERS,
    "decimal_mark": _MARKS,
    "sign": _SIGNS,
    "fee": _FEES,
    "currency": [(code, code) for code in CODES],
    "account_type": [(kind, title) for kind, (title, _) in words.TYPES.items()],
    "encoding": list(ENCODINGS.items()),
    "delimiter": list(DELIMITERS.items()),
    "header": _HEADER,
}


def _choice(label: str) -> forms.ChoiceField:
    errors = {"invalid_choice": "Choose one of those listed."}
    return forms.ChoiceField(label=label, required=False, widget=LongSelect, error_messages=errors)


class PreviewForm(AccountForm):
    """Corrections of a table, and the account for its rows."""

    NEW = "new"

    date_order = _choice("Days are written")
    decimal_mark = _choice("Decimal mark")
    sign = _choice("Signs")
    fee = _choice("Fees")
    currency = _choice("Currency")
    account_id = _choice("Where its rows go")
    account_type = _choice("Kind of a new account")
    encoding = _choice("Characters")
    delimiter = _choice("Cells are separated by")
    header = _choice("Headings")
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, preview: Preview, accounts: Sequence[Mapping[str, Any]], chosen: str
    ) -> None:
        super().__init__(data, initial={"account_id": chosen})
        understood = preview.understanding
        for index, column in enumerate(understood.columns):
            field = _choice(column.heading or f"Column {index + 1}")
            field.choices = [(role, words.COLUMN_ROLES[role]) for role in ROLES]
            self.fields[f"role_{index}"] = field
            self.initial[f"role_{index}"] = column.role
        self._say_what_was_found(preview)
        if "fee" not in {column.role for column in understood.columns}:
            del self.fields["fee"]
        named = [(str(row["id"]), f"{row['name']} ··{row['mask']}".rstrip("· ")) for row in accounts]
        first = ("", "The account that the file names") if preview.accounts else ("", "Choose an account")
        offered = [first, *named, (self.NEW, "A new account")]
        cast("forms.ChoiceField", self.fields["account_id"]).choices = offered
        if not preview.accounts and not accounts:
            self.initial["account_id"] = self.NEW
        self.names_account = bool(preview.accounts)

    def _say_what_was_found(self, preview: Preview) -> None:
        """Put what was found into the first choice of each select."""
        understood = preview.understanding
        asked = {question.field for question in understood.questions}
        found = {
            "date_order": {"dmy": "day first", "mdy": "month first"}.get(
                understood.date_order, "in one way only"
            ),
            "decimal_mark": {".": "point", ",": "comma"}.get(understood.decimal_mark, "none"),
            "sign": _SIGNS_FOUND[understood.sign],
            "fee": dict(_FEES)[understood.fee],
            "currency": understood.currency or "as each row says",
            "account_type": words.TYPES[understood.account_type][0],
            "encoding": ENCODINGS.get(understood.encoding, understood.encoding),
            "delimiter": DELIMITERS.get(understood.delimiter, understood.delimiter),
            "header": "in line " + str(understood.header_line) if understood.header_line else "none",
        }
        for name, text in found.items():
            field = cast("forms.ChoiceField", self.fields[name])
            first = "Please choose" if name in asked else f"Found: {text[:1].lower()}{text[1:]}"
            field.choices = [("", first), *_CHOICES[name]]

    def as_sent(self) -> dict[str, Any]:
        """The values that the form would send as it stands."""
        return {name: self[name].value() or "" for name in self.fields}

    def columns(self) -> Iterator[BoundField]:
        """The selects of the columns, in their order."""
        index = 0
        while (name := f"role_{index}") in self.fields:
            yield self[name]
            index += 1

    @property
    def has_seen_it(self) -> bool:
        """True if the rows were shown as they are read now: nothing was changed since."""
        return bool(self.cleaned_data["seen"] == digest(layout_in(self.data)))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("account_id") and not self.names_account and self.data.get("act") == "import":
            self.add_error("account_id", "The file does not name its account. Choose one, or a new one.")
        return cleaned

    @property
    def wants_new_account(self) -> bool:
        """True if a new account was chosen, in a form that is valid."""
        return bool(self.cleaned_data["account_id"] == self.NEW)

    @property
    def target_id(self) -> UUID | None:
        """The account that was chosen, in a form that is valid."""
        chosen = self.cleaned_data["account_id"]
        return UUID(chosen) if chosen and chosen != self.NEW else None


def layout_in(data: Mapping[str, Any]) -> Layout:
    """The corrections in a form that was sent: what it leaves open is found in the file."""
    given: dict[str, Any] = {name: data.get(name, "") for name in _SETTLED}
    roles: list[str] = []
    while (role := data.get(f"role_{len(roles)}")) is not None:
        roles.append(role)
    given["roles"] = roles
    if data.get("header") == "no":
        given["header"] = False
    return clean_layout(given)


def digest(layout: Layout) -> str:
    """A digest of corrections, by which a page knows that they were shown."""
    return sha256(json.dumps(layout, sort_keys=True).encode()).hexdigest()[:24]
