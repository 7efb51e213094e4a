"""Forms: filters of transactions, and the upload of a statement file."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.pages.forms import AccountForm
from dashtam.ui.currencies import CODES
from dashtam.ui.formats import MINUS
from providers.imports.arriving.uploads import DATE_ORDERS
from providers.ledger.queries.transaction_sums import FilterChoices
from providers.ledger.queries.transactions import TransactionFilters as QueryFilters
from providers.pages import words

UNCATEGORISED = "-"


class DayInput(forms.DateInput):
    """A browser's date field, left empty for a value that is no date: the browser would not show it either."""

    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        """The value as YYYY-MM-DD; None for a text that is no such date."""
        shown = super().format_value(value)
        try:
            date.fromisoformat(shown or "")
        except ValueError:
            return None
        return shown


def day(label: str) -> forms.DateField:
    """A field for a day, which may be left empty."""
    return forms.DateField(
        label=label,
        required=False,
        widget=DayInput(format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Give a date such as 2026-03-09."},
    )


class AmountField(forms.DecimalField):
    """An amount, with the minus sign that pages print or the keyboard's hyphen."""

    def clean(self, value: Any) -> Any:
        return super().clean(value.replace(MINUS, "-") if isinstance(value, str) else value)


def amount(label: str) -> AmountField:
    """A field for an amount, which may be left empty."""
    too_long = "Give an amount with at most 18 digits before the point and 18 after it."
    return AmountField(
        label=label,
        required=False,
        max_digits=36,
        decimal_places=18,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "invalid": "Give an amount such as 12.50, without thousands separators.",
            "max_digits": too_long,
            "max_whole_digits": too_long,
            "max_decimal_places": too_long,
        },
    )


class _Choice(forms.Select):
    """A select whose options are written in one go. Django renders a template for each: 8 ms for ninety options."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        choices: Any = self.choices
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((code, " selected" if str(code) == str(value or "") else "", words) for code, words in choices),
        )
        attributes = self.build_attrs(self.attrs, {"name": name, **(attrs or {})})
        return format_html("<select{}>{}</select>", flatatt(attributes), options)


class TransactionFilters(forms.Form):
    """Filters of transactions; the names are those of the API.

    `choices` are the person's accounts and categories. On the page of one account there is no choice of accounts.
    """

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
        error_messages={
            "max_length": "Search for at most 200 characters.",
            "null_characters_not_allowed": "This has a character that cannot be searched for. Type it again.",
        },
    )
    from_ = day("From")
    to = day("To")
    status = forms.ChoiceField(
        label="Status",
        widget=_Choice,
        required=False,
        choices=[("", "Any"), ("posted", "Posted"), ("pending", "Pending")],
        error_messages={"invalid_choice": "Choose Posted or Pending."},
    )
    account = forms.TypedChoiceField(
        label="Account",
        widget=_Choice,
        required=False,
        coerce=UUID,
        empty_value=None,
        error_messages={"invalid_choice": "This account is not there any more. Choose another one."},
    )
    category = forms.ChoiceField(
        label="Category",
        widget=_Choice,
        required=False,
        error_messages={"invalid_choice": "Choose one of the categories listed."},
    )
    kind = forms.ChoiceField(
        label="Kind",
        widget=_Choice,
        required=False,
        choices=[("", "Any"), *sorted(words.KINDS.items(), key=lambda pair: pair[1])],
        error_messages={"invalid_choice": "Choose one of the kinds listed."},
    )
    min_amount = amount("Amount from")
    max_amount = amount("Amount to")
    range = forms.Field(required=False, widget=forms.HiddenInput)
    field_order = ("q", "account", "category", "kind", "status", "from_", "to", "min_amount", "max_amount")

    def __init__(self, data: Any, *, choices: FilterChoices, one_account: bool = False) -> None:
        super().__init__(data)
        if one_account:
            del self.fields["account"]
        else:
            accounts = [(str(row["id"]), _account_name(row)) for row in choices["accounts"]]
            cast("forms.ChoiceField", self.fields["account"]).choices = [("", "All"), *accounts]
        categories = sorted((words.category(code), code) for code in choices["categories"] if code)
        named = [("", "Any"), *((code, name) for name, code in categories)]
        if "" in choices["categories"]:
            named.append((UNCATEGORISED, "Without a category"))
        cast("forms.ChoiceField", self.fields["category"]).choices = named

    def add_prefix(self, field_name: str) -> str:
        """The parameter without the underscore that `from_` has, because `from` is a keyword of Python."""
        return field_name.rstrip("_")

    @property
    def filtering(self) -> bool:
        """True if any filter is set."""
        return any(self.data.get(bound.html_name) for bound in self.visible_fields())

    @property
    def wanted(self) -> QueryFilters:
        """The filters for the query, of a form that is valid."""
        asked = dict(self.cleaned_data)
        asked.pop("range")
        asked.pop("account", None)
        category = asked.pop("category") or None
        asked["category"] = "" if category == UNCATEGORISED else category
        return QueryFilters(start=asked.pop("from_"), end=asked.pop("to"), **asked)

    @property
    def account_id(self) -> UUID | None:
        """The account that was chosen, in a form that is valid."""
        chosen: UUID | None = self.cleaned_data.get("account")
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("from_"), cleaned.get("to")
        if start and end and start > end:
            self.add_error("to", "This day is before the first one.")
        low, high = cleaned.get("min_amount"), cleaned.get("max_amount")
        if low is not None and high is not None and low > high:
            self.add_error("max_amount", "This is less than the first amount.")
        return cleaned


def _account_name(account: Mapping[str, Any]) -> str:
    return f"{account['name']} ··{account['mask']}".rstrip("· ")


class _Files(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Several files of one field; the value is the list of them."""

    widget = _Files(attrs={"multiple": True, "data-files": True})

    def clean(self, data: Any, initial: Any = None) -> Any:
        one = super().clean
        return [one(each, initial) for each in data] if data else [one(None, initial)]


class StatementFile(AccountForm):
    """Files to import, and optionally the account for their rows and the currency of files that name none."""

    NEW = "new"

    file = _FilesField(
        label="Statement files",
        help_text="OFX, QFX, CAMT, MT940, QIF or CSV, or a zip of them: up to ten at once, each at most 20 MB, "
        "together at most 25 MB. In their download menus, banks call them “Money”, “Quicken”, “Web Connect”, "
        "“ISO 20022”, “SWIFT”, “Excel” or “table”.",
        error_messages={
            "required": "Choose the file to import.",
            "empty": "This file is empty. Download it again from your institution.",
            "max_length": "The name of this file is too long. Give it a shorter one.",
        },
        max_length=255,
    )
    account_id = forms.TypedChoiceField(
        label="Account",
        help_text="Most files name their account by its number. Choose one here only if yours does not.",
        required=False,
        coerce=lambda chosen: chosen if chosen == StatementFile.NEW else UUID(chosen),
        empty_value=None,
        error_messages={"invalid_choice": "This account is not there any more. Choose another one."},
    )
    currency = forms.ChoiceField(
        label="Currency",
        help_text="Only for a file that does not name its currency.",
        required=False,
        widget=_Choice,
        choices=[("", "As the file says"), *((code, code) for code in CODES)],
        error_messages={"invalid_choice": "Choose one of the currencies listed."},
    )
    date_order = forms.ChoiceField(
        label="Days are written",
        help_text="Only for a file whose days can be read in two ways, such as 05/06.",
        required=False,
        widget=_Choice,
        choices=[("", "As the file says"), *DATE_ORDERS.items()],
        error_messages={"invalid_choice": "Choose one of the two."},
    )

    def __init__(self, *args: Any, accounts: Sequence[Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(row["id"]), _account_name(row)) for row in accounts]
        field = cast("forms.TypedChoiceField", self.fields["account_id"])
        new = (self.NEW, "A new account, if the file names none")
        field.choices = [("", "The one that the file names"), *named, new]

    @property
    def wants_new_account(self) -> bool:
        """True if a new account was chosen, in a form that is valid."""
        return bool(self.cleaned_data["account_id"] == self.NEW)

    @property
    def target_id(self) -> UUID | None:
        """The account that was chosen, in a form that is valid."""
        chosen = self.cleaned_data["account_id"]
        return chosen if isinstance(chosen, UUID) else None
