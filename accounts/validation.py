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


# Django compiles its patterns for email addresses on first use, 80 ms of work: do it now, not on the event loop.
validate_email("warm.up@example.org")


def clean_email(value: Any) -> str:
    """Normalise an email address: lower case, the domain in its ASCII spelling."""
    text = _text(value).strip()
    wrong = ValidationError("Enter an email address, like ana@example.org.", code="invalid_email")
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
    text = _text(value)
    if not text:
        raise ValidationError("Enter a password.", code="required")
    if len(text) > MAX_LENGTH:
        raise ValidationError(f"Use at most {MAX_LENGTH} characters.", code="password_too_long")
    return text


def clean_name(value: Any) -> str:
    """Normalise a name (NFC), on one line, without invisible characters."""
    text = unicodedata.normalize("NFC", _text(value)).strip()
    if not text:
        raise ValidationError("Enter a name. Any name you like to be called by will do.", code="required")
    if len(text) > MAX_NAME_LENGTH:
        raise ValidationError(f"Use at most {MAX_NAME_LENGTH} characters.", code="name_too_long")
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        raise ValidationError("Keep the name on one line, without control characters.", code="invalid_name")
    text = visible(text).strip()
    if not text:
        raise ValidationError("Enter a name that can be seen.", code="required")
    return text


def clean_key_name(value: Any) -> str:
    """Normalise the name of an API key or passkey, on one line."""
    text = clean_name(value)
    if len(text) > MAX_KEY_NAME_LENGTH:
        raise ValidationError(f"Use at most {MAX_KEY_NAME_LENGTH} characters.", code="name_too_long")
    return text


def clean_time_zone(value: Any) -> str:
    """Check a name of the IANA time zone database."""
    text = _text(value)
    if text not in time_zones():
        raise ValidationError("Choose a time zone by its name, like Europe/Paris.", code="invalid_time_zone")
    return text


def clean_currency(value: Any) -> str:
    """Normalise an ISO 4217 currency code."""
    text = _text(value).upper()
    if text not in CODES:
        raise ValidationError("Choose a currency by its three letters, like EUR.", code="invalid_currency")
    return text


def clean_token(value: Any) -> str:
    """Check the form of one of our tokens, not that it is genuine."""
    text = _text(value).strip()
    if not text:
        raise ValidationError("Give the token.", code="required")
    if len(text) > MAX_LENGTH:
        raise ValidationError("This is not one of our tokens.", code="invalid_token")
    return text


def clean_otp(value: Any) -> str:
    """Strip spaces and hyphens from a code as it was typed."""
    text = "".join(_text(value).replace("-", "").split())
    if not text:
        raise ValidationError("Enter the code.", code="required")
    if len(text) > MAX_OTP_LENGTH:
        raise ValidationError(
            "This is not one of the codes. They have 6 digits or 10 characters.", code="invalid_otp"
        )
    return text


@functools.cache
def time_zones() -> frozenset[str]:
    """All names of time zones on this machine."""
    return frozenset(zoneinfo.available_timezones() - {"localtime", "Factory"})


def _text(value: Any) -> str:
    """A string that the database and the hash can take."""
    if not isinstance(value, str):
        raise ValidationError("Give this as text.", code="not_text")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValidationError("Leave out the characters that are not text.", code="not_text")
    return value
