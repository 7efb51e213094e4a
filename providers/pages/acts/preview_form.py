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
from providers.ledger.own_words import LONGEST
from providers.pages import words
from providers.pages.acts.preview_questions import asked_fields, examples, questions

_ORDERS = [("dmy", "Day first: 31/12/2026"), ("mdy", "Month first: 12/31/2026")]
_MARKS = [(".", "Point: 1,234.56"), (",", "Comma: 1.234,56")]
_SIGNS = [
    ("as_written", "Amounts without a minus are money in"),
    ("reversed", "Amounts without a minus are money out"),
]
_SIGNS_FOUND = {
    "as_written": "amounts without a minus are money in",
    "reversed": "amounts without a minus are money out",
    "columns": "one column for money in, one for money out",
    "word": "a word beside each amount says it",
    "action": "the type of each row says it",
}
_FEES = [("included", "Part of the amounts"), ("apart", "Charged on top of the amounts")]
_HEADER = [("no", "The table has no headings")]
_SETTLED = ("date_order", "decimal_mark", "sign", "fee", "currency", "account_type", "encoding", "delimiter")


_CHOICES: dict[str, list[tuple[str, str]]] = {
    "date_order": _ORDERS,
    "decimal_mark": _MARKS,
    "sign": _SIGNS,
    "fee": _FEES,
    "currency": [(code, code) for code in CODES],
    "account_type": list(words.ACCOUNT_KINDS.items()),
    "encoding": list(ENCODINGS.items()),
    "delimiter": list(DELIMITERS.items()),
    "header": _HEADER,
}


def _choice(label: str, **options: Any) -> forms.ChoiceField:
    errors = {"invalid_choice": "Choose one of those listed."}
    return forms.ChoiceField(
        label=label, required=False, error_messages=errors, **{"widget": LongSelect} | options
    )


class PreviewForm(AccountForm):
    """Corrections of a table, and the account for its rows."""

    NEW = "new"

    date_order = _choice("Days are written")
    decimal_mark = _choice("Decimal mark")
    sign = _choice("Money in and money out")
    fee = _choice("Fees")
    currency = _choice("Currency")
    account_id = _choice("Which account is it?")
    account_type = _choice("Kind of account, if it is new")
    account_name = forms.CharField(
        label="Its name, if it is new",
        required=False,
        max_length=LONGEST["name"],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": f"Use at most {LONGEST['name']} characters."},
    )
    encoding = _choice("Character encoding")
    delimiter = _choice("Columns are separated by")
    header = _choice("Headings")
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, preview: Preview, accounts: Sequence[Mapping[str, Any]], chosen: str
    ) -> None:
        super().__init__(data, initial={"account_id": chosen})
        understood = preview.understanding
        self.names_account = bool(preview.accounts)
        self.asked_now = asked_fields(preview, (data or {}).get("asked", ""))
        self.examples = [examples(preview, at) for at in range(len(understood.columns))]
        for index, column in enumerate(understood.columns):
            field = _choice(column.heading or f"Column {index + 1}")
            field.choices = [(role, words.COLUMN_ROLES[role]) for role in ROLES]
            self.fields[f"role_{index}"] = field
            self.initial[f"role_{index}"] = column.role
        self._say_what_was_found(preview)
        self._ask(preview, [row["currency"] for row in accounts])
        if "fee" not in {column.role for column in understood.columns}:
            del self.fields["fee"]
        self._offer(accounts, preview.accounts)

    def _say_what_was_found(self, preview: Preview) -> None:
        """Put what was found into the first choice of each select."""
        understood = preview.understanding
        found = {
            "date_order": {"dmy": "day first", "mdy": "month first"}.get(
                understood.date_order, "in a way that leaves no doubt"
            ),
            "decimal_mark": {".": "point", ",": "comma"}.get(understood.decimal_mark, "none"),
            "sign": _SIGNS_FOUND[understood.sign],
            "fee": dict(_FEES)[understood.fee],
            "currency": understood.currency or "each row names its own",
            "account_type": words.ACCOUNT_KINDS[understood.account_type],
            "encoding": ENCODINGS.get(understood.encoding, understood.encoding),
            "delimiter": DELIMITERS.get(understood.delimiter, understood.delimiter),
            "header": f"in line {understood.header_line}" if understood.header_line else "none",
        }
        for name, text in found.items():
            field = cast("forms.ChoiceField", self.fields[name])
            field.choices = [("", f"Found: {text[:1].lower()}{text[1:]}"), *_CHOICES[name]]
        if understood.account_type == "other":
            kind = cast("forms.ChoiceField", self.fields["account_type"])
            kind.choices = [("", "Not clear from the file"), *_CHOICES["account_type"]]

    def _ask(self, preview: Preview, own: Sequence[str]) -> None:
        """Make the fields that are asked about questions, with an example from the table and a choice of answers."""
        for name, asked in questions(preview, self.asked_now).items():
            if asked.answers:
                field = _choice(asked.label, widget=forms.RadioSelect, help_text=asked.why)
                field.choices = list(asked.answers)
            else:
                codes = [*dict.fromkeys(own), *CODES]
                field = _choice(asked.label, help_text=asked.why)
                field.choices = [("", "Please choose"), *((code, code) for code in dict.fromkeys(codes))]
            self.fields[name] = field

    def _offer(self, accounts: Sequence[Mapping[str, Any]], in_file: Sequence[str]) -> None:
        named = [(str(row["id"]), f"{row['name']} ··{row['mask']}".rstrip("· ")) for row in accounts]
        more = f" and {len(in_file) - 3} more" if len(in_file) > 3 else ""
        first = ("", "Please choose")
        if in_file:
            first = ("", f"As the file says: {', '.join(map(_shown, in_file[:3]))}{more}")
        field = cast("forms.ChoiceField", self.fields["account_id"])
        field.choices = [first, *named, (self.NEW, "A new account")]
        if not self.names_account and not accounts:
            self.initial["account_id"] = self.NEW

    def as_sent(self) -> dict[str, Any]:
        """The values that the form would send as it stands."""
        return {name: self[name].value() or "" for name in self.fields}

    def questions(self) -> Iterator[BoundField]:
        """The fields that are asked about."""
        return (self[name] for name in self.asked_now if name in self.fields)

    def found(self) -> Iterator[BoundField]:
        """The findings that can be corrected, without those that are asked about."""
        shown = ("date_order", "decimal_mark", "sign", "fee", "currency", "encoding", "delimiter", "header")
        return (self[name] for name in shown if name in self.fields and name not in self.asked_now)

    def columns(self) -> Iterator[tuple[BoundField, Sequence[str]]]:
        """The selects of the columns in their order, each with some cells."""
        return ((self[f"role_{index}"], cells) for index, cells in enumerate(self.examples))

    @property
    def has_seen_it(self) -> bool:
        """True if the rows were shown as they are read now: nothing was changed since."""
        return bool(self.cleaned_data["seen"] == digest(layout_in(self.data)))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.data.get("act") != "import":
            return cleaned
        for name in self.asked_now:
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, "Please answer this first.")
        if not cleaned.get("account_id") and not self.names_account:
            self.add_error("account_id", "The file does not name its account. Choose one, or a new one.")
        return cleaned

    @property
    def wants_new_account(self) -> bool:
        """True if a new account was chosen, in a form that is valid."""
        return bool(self.cleaned_data["account_id"] == self.NEW)

    @property
    def new_name(self) -> str:
        """The name for a new account, in a form that is valid; empty if there is none."""
        return str(self.cleaned_data["account_name"]).strip() if self.wants_new_account else ""

    @property
    def target_id(self) -> UUID | None:
        """The account that was chosen, in a form that is valid."""
        chosen = self.cleaned_data["account_id"]
        return UUID(chosen) if chosen and chosen != self.NEW else None


def _shown(account: str) -> str:
    """The name of an account as it is, and of a long number its end."""
    digits = sum(char.isdigit() for char in account)
    return f"··{account[-4:]}" if digits > 6 else account[:40]


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
