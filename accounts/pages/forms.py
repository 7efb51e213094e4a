"""The forms of accounts. Rules come from accounts.validation; services have the last word."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from accounts import validation, wiring
from accounts.errors import OtpInvalid, OtpRequired
from accounts.models import ApiKey
from accounts.pages.answers import NOT_NOW
from accounts.services.api_key_service import DEFAULT_DAYS
from dashtam.errors import DashtamError
from dashtam.ui.currencies import CODES
from dashtam.ui.long_select import LongSelect


class CleanedField(forms.CharField):
    """Text that goes through one of the rules of accounts.validation, and nothing else."""

    def __init__(self, rule: Callable[[Any], str], **options: Any) -> None:
        super().__init__(strip=False, required=False, **options)
        self.rule = rule
        self.validators = []

    def clean(self, value: Any) -> str:
        return self.rule(value or "")


class AccountForm(forms.Form):
    """A form that can show the errors of a service."""

    use_required_attribute = False
    not_now: DashtamError | None = None

    def take(self, error: DashtamError) -> None:
        """Show a service's error beside the fields it names, or that it is too early to try."""
        if isinstance(error, NOT_NOW):
            self.not_now = error
        if isinstance(error, (OtpRequired, OtpInvalid)) and "otp" in self.fields:
            self.add_error("otp", f"{error.title} {error.detail}")
            return
        for wrong in error.errors:
            self.add_error(wrong.field if wrong.field in self.fields else None, wrong.detail)
        if not error.errors:
            self.add_error(None, f"{error.title} {error.detail}")

    def judge(self, field: str, **person: str) -> None:
        """Judge a new password together with the other fields, so that all errors show at once."""
        if field in self.cleaned_data:
            passwords = wiring.password_service()
            for wrong in passwords.validate_password_strength(
                self.cleaned_data[field], field=field, **person
            ):
                self.add_error(field, wrong.detail)


def _email() -> CleanedField:
    return CleanedField(validation.clean_email, label="Email address", widget=forms.EmailInput)


def _password(label: str) -> CleanedField:
    return CleanedField(validation.clean_password, label=label, widget=forms.PasswordInput)


def _browser_zone(value: Any) -> str:
    """Read the time zone that a script filled in; no person typed it, so a bad one becomes UTC without an error."""
    try:
        return validation.clean_time_zone(value)
    except ValidationError:
        return "UTC"


class SignUpForm(AccountForm):
    """A sign-up."""

    name = CleanedField(validation.clean_name, label="Your name")
    email = _email()
    password = _password("Password")
    time_zone = CleanedField(
        _browser_zone, widget=forms.HiddenInput(attrs={"data-browser-zone": True, "autocomplete": "off"})
    )

    def clean(self) -> None:
        known = self.cleaned_data
        self.judge("password", email=known.get("email", ""), name=known.get("name", ""))


class InvitedForm(AccountForm):
    """A sign-up by invitation: the email address is the invited one."""

    token = CleanedField(validation.clean_token, widget=forms.HiddenInput)
    name = CleanedField(validation.clean_name, label="Your name")
    password = _password("Password")
    time_zone = CleanedField(
        _browser_zone, widget=forms.HiddenInput(attrs={"data-browser-zone": True, "autocomplete": "off"})
    )

    def clean(self) -> None:
        self.judge("password", email="", name=self.cleaned_data.get("name", ""))


class InvitationForm(AccountForm):
    """The email address of a person to invite."""

    email = _email()


class SignInForm(AccountForm):
    """A sign-in."""

    email = _email()
    password = _password("Password")
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


class OtpForm(AccountForm):
    """A second factor by code."""

    otp = CleanedField(validation.clean_otp, label="Code")


class PasskeyForm(AccountForm):
    """A new passkey; a script fills in what the browser made."""

    name = CleanedField(validation.clean_key_name, label="Name")
    credential = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)


class ReauthenticationForm(AccountForm):
    """A fresh proof of identity by a signed-in person."""

    password = _password("Your password")
    otp = CleanedField(lambda value: validation.clean_otp(value) if value else "", label="Code")
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    back = forms.CharField(required=False, widget=forms.HiddenInput)


class EmailForm(AccountForm):
    """An email address to send a link to."""

    email = _email()


class NewEmailForm(AccountForm):
    """The email address to change to."""

    email = CleanedField(validation.clean_email, label="New email address", widget=forms.EmailInput)


class LinkForm(AccountForm):
    """The token of a mailed link."""

    token = CleanedField(validation.clean_token, widget=forms.HiddenInput)


class ConfirmationForm(LinkForm):
    """The token of a confirmation link, and the password of the sign-up where it is asked for."""

    password = CleanedField(
        lambda value: validation.clean_password(value) if value else "",
        label="The password you chose",
        widget=forms.PasswordInput,
    )


class ResetPasswordForm(LinkForm):
    """A new password, by mailed link, and the API keys that keep working."""

    password = _password("New password")
    keep_api_keys = forms.TypedMultipleChoiceField(
        label="API keys that keep working",
        coerce=UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, api_keys: Sequence[ApiKey] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        keep: Any = self.fields["keep_api_keys"]
        keep.choices = [(str(key.id), f"{key.name} (…{key.hint})") for key in api_keys]


class ChangePasswordForm(AccountForm):
    """A new password, by a person who knows the old one."""

    current_password = _password("Current password")
    new_password = _password("New password")

    def clean(self) -> None:
        self.judge("new_password", email="", name="")


class ProfileForm(AccountForm):
    """The fields of one's profile that can be changed."""

    name = CleanedField(validation.clean_name, label="Your name")
    time_zone = CleanedField(
        validation.clean_time_zone,
        label="Time zone",
        widget=LongSelect(
            choices=[(zone, zone.replace("_", " ")) for zone in sorted(validation.time_zones())]
        ),
    )
    base_currency = CleanedField(
        validation.clean_currency,
        label="Currency for totals",
        widget=LongSelect(choices=[(code, code) for code in CODES]),
    )

    FIELDS: ClassVar[tuple[str, ...]] = ("name", "time_zone", "base_currency")


class ApiKeyForm(AccountForm):
    """A new key for a program of one's own."""

    name = CleanedField(validation.clean_key_name, label="What is it for?")
    scopes = forms.MultipleChoiceField(
        label="What may it do?",
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[ApiKey.Scope.READ],
        error_messages={"required": "Choose at least one."},
    )
    days = forms.TypedChoiceField(
        label="How long should it work?",
        coerce=int,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (180, "180 days"), (365, "A year")],
        initial=DEFAULT_DAYS,
    )
