"""Validation of the fields of an account: the same rules for forms and for the API. All raise ValidationError."""

import functools
import unicodedata
import zoneinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.services.password_service import MAX_LENGTH
from dashtam.plain_text import visible
from dashtam.ui.currencies import CODES

MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 150
MAX_KEY_NAME_LENGTH = 60
MAX_OTP_LENGTH = 40
MAX_SHORT_LENGTH = 200  # of what is chosen from a list, or typed from a screen


# Django compiles its patterns for email addresses on first use, 80 ms of work: do it now, not on the event loop.
validate_email("warm.up@example.org")


def clean_email(value: Any) -> str:
    """Normalise an email address: lower case, the domain in its ASCII spelling."""
    wrong = ValidationError("Enter an email address, like ana@example.org.", code="invalid_email")
    text = _text(value, too_long=wrong, most=4 * MAX_EMAIL_LENGTH).strip()
    try:
        validate_email(text)
        local, _, domain = text.rpartition("@")
        email = f"{local}@{domain.encode('idna').decode()}".lower()
    except (ValidationError, UnicodeError):
        raise wrong from None
    if len(email) > MAX_EMAIL_LENGTH or not email.isascii():
        raise wrong
    return email


def clean_password(value: Any) -> str:
    """Take a password exactly as it was typed; spaces at its ends belong to it."""
    too_long = ValidationError(f"Use at most {MAX_LENGTH} characters.", code="password_too_long")
    text = _text(value, too_long=too_long, most=MAX_LENGTH)
    if not text:
        raise ValidationError("Enter a password.", code="required")
    return text


def clean_name(value: Any) -> str:
    """Normalise a name (NFC), on one line, without invisible characters."""
    too_long = ValidationError(f"Use at most {MAX_NAME_LENGTH} characters.", code="name_too_long")
    # Four code points, at most, become one character.
    raw = _text(value, too_long=too_long, most=4 * MAX_NAME_LENGTH)
    text = unicodedata.normalize("NFC", raw).strip()
    if not text:
        raise ValidationError("Enter a name. Any name you like to be called by will do.", code="required")
    if len(text) > MAX_NAME_LENGTH:
        raise too_long
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        raise ValidationError("Keep the name on one line, without control characters.", code="invalid_name")
    text = visible(text).strip()
    if not text:
        raise ValidationError("Enter a name that can be seen.", code="required")
    return text


def clean_key_name(value: Any) -> str:
    """Normalise the name of an API key or passkey, on one line."""
    if not str(value or "").strip():
        raise ValidationError("Give it a name by which you will know it again.", code="required")
    text = clean_name(value)
    if len(text) > MAX_KEY_NAME_LENGTH:
        raise ValidationError(f"Use at most {MAX_KEY_NAME_LENGTH} characters.", code="name_too_long")
    return text


def clean_time_zone(value: Any) -> str:
    """Check a name of the IANA time zone database."""
    wrong = ValidationError("Choose a time zone by its name, like Europe/Paris.", code="invalid_time_zone")
    text = _text(value, too_long=wrong)
    if text not in time_zones():
        raise wrong
    return text


def clean_currency(value: Any) -> str:
    """Normalise an ISO 4217 currency code."""
    wrong = ValidationError("Choose a currency by its three letters, like EUR.", code="invalid_currency")
    text = _text(value, too_long=wrong).upper()
    if text not in CODES:
        raise wrong
    return text


def clean_token(value: Any) -> str:
    """Check the form of one of our tokens, not that it is genuine."""
    wrong = ValidationError("This is not one of our tokens.", code="invalid_token")
    text = _text(value, too_long=wrong, most=MAX_LENGTH).strip()
    if not text:
        raise ValidationError("Give the token.", code="required")
    return text


def clean_otp(value: Any) -> str:
    """Strip spaces and hyphens from a code as it was typed."""
    wrong = ValidationError(
        "This is not one of the codes. They have 6 digits or 10 characters.", code="invalid_otp"
    )
    text = "".join(_text(value, too_long=wrong).replace("-", "").split())
    if not text:
        raise ValidationError("Enter the code.", code="required")
    if len(text) > MAX_OTP_LENGTH:
        raise wrong
    return text


@functools.cache
def time_zones() -> frozenset[str]:
    """All names of time zones on this machine."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def _text(value: Any, *, too_long: ValidationError, most: int = MAX_SHORT_LENGTH) -> str:
    """A string that the database and the hash can take. It is measured here, before anything else is done with it."""
    if not isinstance(value, str):
        raise ValidationError("Give this as text.", code="not_text")
    if len(value) > most:
        raise too_long
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError("Leave out the characters that are not text.", code="not_text")
    return value
