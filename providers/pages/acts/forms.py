"""Forms of accounts, imports and transactions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.pages.forms import AccountForm
from dashtam.ui.currencies import CODES
from dashtam.ui.long_select import LongSelect
from providers.connectors import CONNECTORS
from providers.ledger.by_hand import PROVIDER as BY_HAND
from providers.ledger.models.account import AccountChanges
from providers.ledger.own_words import LONGEST
from providers.ledger.review.transaction_service import Changes
from providers.pages import words
from providers.pages.forms import AmountField, amount, day

WORDS = ("description", "category", "note")


def _too_long(field: str) -> dict[str, str]:
    return {"max_length": f"Use at most {LONGEST[field]} characters."}


class AccountSettings(AccountForm):
    """How an account is shown and counted."""

    name = forms.CharField(
        label="Name", required=False, max_length=LONGEST["name"], error_messages=_too_long("name")
    )
    hidden = forms.BooleanField(
        label="Hide it in lists of accounts", required=False, help_text="It still counts, and so do its rows."
    )
    in_net_worth = forms.BooleanField(label="Count it in net worth", required=False)
    closed = forms.BooleanField(
        label="It is closed",
        required=False,
        help_text="From then on it does not count in net worth. The days before stay as they were.",
    )

    def __init__(self, data: Any = None, *, account: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(account))
        self.account = account
        provider, name = account["provider_name"], account["institution_name"]
        by_hand = account["provider"] == BY_HAND
        first = f"You first called it “{name}”." if by_hand else f"{provider} calls it “{name}”."
        usual = f"{first} Leave this empty to use that name."
        from_files = getattr(CONNECTORS.get(account["provider"]), "auth", "") == "file"
        self.fields["name"].help_text = f"Leave this empty to call it “{name}”." if from_files else usual
        if account["closed"] and not account["closed_by_person"]:
            del self.fields["closed"]  # the institution closed it

    @property
    def changes(self) -> AccountChanges:
        """The choices that differ, of a form that is valid."""
        name = self.cleaned_data["name"].strip()
        chosen = {**self.cleaned_data, "name": name or self.account["institution_name"]}
        changed: Any = {field: value for field, value in chosen.items() if value != self.account[field]}
        if changed.get("name") == self.account["institution_name"]:
            changed["name"] = None
        changes: AccountChanges = changed
        return changes


def _balance() -> AmountField:
    field = amount("Balance")
    field.required = True
    field.help_text = "What it is worth. What you owe is negative: -1200."
    field.error_messages["required"] = "Give a number, such as 12.50."
    return field


def _on() -> forms.DateField:
    field = day("As of")
    field.required = True
    field.error_messages["required"] = "Give a date such as 2026-03-09."
    return field


class NotedBalance(AccountForm):
    """A balance to write down."""

    balance = _balance()
    date = _on()


class NewAccountByHand(NotedBalance):
    """An account to open by hand."""

    name = forms.CharField(
        label="Name",
        max_length=LONGEST["name"],
        help_text="Such as “House” or “Loan to Ben”.",
        error_messages={"required": "Give it a name.", **_too_long("name")},
    )
    type = forms.ChoiceField(
        label="Kind",
        choices=[
            ("other", "Something of value, such as a house or a car"),
            ("depository", "Cash or savings"),
            ("investment", "Investments or a pension"),
            ("loan", "A loan or mortgage that you owe"),
            ("credit", "A card"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one.", "invalid_choice": "Choose one of these."},
    )
    currency = forms.ChoiceField(
        label="Currency",
        choices=[(code, code) for code in CODES],
        widget=LongSelect,
        error_messages={"invalid_choice": "Choose one of the currencies listed."},
    )
    field_order = ("name", "type", "balance", "currency", "date")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("type") == "loan" and cleaned.get("balance", 0) > 0:
            self.add_error("balance", f"What you owe is negative: type -{cleaned['balance']}.")
        return cleaned


class UndoImport(AccountForm):
    """The choice to delete the accounts that only this file fed."""

    delete_accounts = forms.BooleanField(required=False)

    def __init__(self, data: Any = None, *, names: Sequence[str]) -> None:
        super().__init__(data)
        if names:
            which, them = ("the account", "it") if len(names) == 1 else ("these accounts", "them")
            field = self.fields["delete_accounts"]
            field.label = f"Delete {which} as well: {', '.join(names)}"
            field.help_text = f"No other file has brought anything to {them}."
        else:
            del self.fields["delete_accounts"]


class TransactionWords(AccountForm):
    """A person's own description, category and note. Categories are shown, and may be typed, by their names."""

    description = forms.CharField(
        label="Description",
        required=False,
        max_length=LONGEST["description"],
        error_messages=_too_long("description"),
    )
    category = forms.CharField(
        label="Category",
        required=False,
        max_length=LONGEST["category"],
        widget=forms.TextInput(attrs={"list": "categories", "autocomplete": "off"}),
        error_messages=_too_long("category"),
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST["note"],
        help_text="Only you see it. The search finds it.",
        error_messages=_too_long("note"),
    )

    def __init__(
        self, data: Any = None, *, transaction: Mapping[str, Any], categories: Sequence[str]
    ) -> None:
        names = {words.category(code) for code in categories if code}
        self.before = {**transaction, "category": words.category(transaction["category"])}
        super().__init__(data, initial={name: self.before[name] for name in WORDS})
        self.codes = {words.category(code).casefold(): code for code in categories if code}
        self.names = sorted(names)

    @property
    def changes(self) -> Changes:
        """The words that were changed, of a form that is valid, and the one that is to be the feed's again."""
        given = {name: self.cleaned_data[name].strip() for name in WORDS if name in self.data}
        changed: Any = {name: text for name, text in given.items() if text != self.before[name]}
        if "category" in changed:
            changed["category"] = self.codes.get(changed["category"].casefold(), changed["category"])
        if (restored := self.data.get("restore")) in WORDS:
            changed[restored] = None
        chosen: Changes = changed
        return chosen
