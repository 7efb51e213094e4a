"""Serializers of the API of accounts. Their docstrings are descriptions in the OpenAPI document."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts import validation
from accounts.models import ApiKey as ApiKeyRow
from accounts.services.api_key_service import DEFAULT_DAYS, MAX_DAYS
from dashtam.api.openapi import list_of


class CleanedField(serializers.CharField):
    """Text that goes through one of the rules of accounts.validation and nothing else: no trimming, no guessing."""

    def __init__(self, rule: Callable[[Any], str], **options: Any) -> None:
        super().__init__(**options)
        self.rule = rule

    def run_validation(self, data: Any = serializers.empty) -> Any:
        is_empty, data = self.validate_empty_values(data)
        return data if is_empty else self.rule(data)


def _otp(**options: Any) -> CleanedField:
    """A code of an authenticator app, or a recovery code."""
    return CleanedField(validation.clean_otp, **options)


def _otp_if_set_up() -> CleanedField:
    return _otp(required=False, allow_null=True, help_text="A second factor by code, if one is set up.")


class Registration(serializers.Serializer[Any]):
    """A new person."""

    email = CleanedField(validation.clean_email)
    password = CleanedField(validation.clean_password, help_text="15 to 1,024 characters; spaces count.")
    name = CleanedField(validation.clean_name)
    invitation = CleanedField(
        validation.clean_token,
        required=False,
        allow_null=True,
        help_text="The token from the link of an invitation, where one is needed. It is for one address only.",
    )


class Confirmation(serializers.Serializer[Any]):
    """The token from a mailed link, and the password where it is asked for."""

    token = CleanedField(validation.clean_token)
    password = CleanedField(
        validation.clean_password,
        required=False,
        allow_null=True,
        help_text="The one chosen in the sign-up. Needed when the address was used in several sign-ups.",
    )


class Token(serializers.Serializer[Any]):
    """The token from a mailed link."""

    token = CleanedField(validation.clean_token)


@extend_schema_serializer(component_name="Address")
class Email(serializers.Serializer[Any]):
    """An email address."""

    email = CleanedField(validation.clean_email)


class Credentials(serializers.Serializer[Any]):
    """Credentials, and the second factor of people who have one."""

    email = CleanedField(validation.clean_email)
    password = CleanedField(validation.clean_password)
    otp = _otp_if_set_up()


class Reauthentication(serializers.Serializer[Any]):
    """Somebody who is signed in, once more."""

    password = CleanedField(validation.clean_password)
    otp = _otp_if_set_up()


class Otp(serializers.Serializer[Any]):
    """A code of an authenticator app."""

    otp = _otp()


class Enrolment(serializers.Serializer[Any]):
    """The secret for an authenticator app."""

    secret = serializers.CharField(help_text="In base32, to be typed in.")
    otpauth_uri = serializers.CharField(help_text="To be shown as a QR code.")


class Passkey(serializers.Serializer[Any]):
    """A passkey."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    synced = serializers.BooleanField(help_text="Whether its maker keeps copies on other devices.")


Passkeys = list_of(Passkey, name="Passkeys", doc="All of them; there is never a second page.")


class RecoveryCodes(serializers.Serializer[Any]):
    """Codes that stand in for a second factor, each once. They are never shown again."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class RefreshToken(serializers.Serializer[Any]):
    """A refresh token."""

    refresh_token = CleanedField(validation.clean_token)


class TokenPair(serializers.Serializer[Any]):
    """The tokens of a session; lifetimes in seconds."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    refresh_token = serializers.CharField()
    refresh_expires_in = serializers.IntegerField()


class PasswordReset(serializers.Serializer[Any]):
    """A new password, by mailed link."""

    token = CleanedField(validation.clean_token)
    password = CleanedField(validation.clean_password)
    keep_api_keys = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=100,
        help_text="The ids of API keys that keep working. All others end.",
    )


class PasswordChange(serializers.Serializer[Any]):
    """A new password, by somebody who knows the old one."""

    current_password = CleanedField(validation.clean_password)
    new_password = CleanedField(validation.clean_password)


class Profile(serializers.Serializer[Any]):
    """The profile of the person."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    base_currency = serializers.CharField()
    email_verified_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    deletion_due_at = serializers.DateTimeField(
        allow_null=True, help_text="When the account will be deleted, after DELETE."
    )
    mail_stopped = serializers.ChoiceField(
        choices=["bounce", "complaint"],
        allow_null=True,
        help_text="Why no mail goes to the address: it came back, or was marked as spam.",
    )


class Leaving(serializers.Serializer[Any]):
    """A deletion that has been asked for."""

    deletion_due_at = serializers.DateTimeField(help_text="Until then it can be taken back.")


class ProfileChange(serializers.Serializer[Any]):
    """The parts of the profile that a person may change."""

    name = CleanedField(validation.clean_name, required=False)
    time_zone = CleanedField(validation.clean_time_zone, required=False)
    base_currency = CleanedField(validation.clean_currency, required=False)


class Session(serializers.Serializer[Any]):
    """A place where one is signed in."""

    id = serializers.UUIDField()
    current = serializers.BooleanField()
    kind = serializers.ChoiceField(("browser", "api"))
    user_agent = serializers.CharField()
    ip = serializers.IPAddressField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()


Sessions = list_of(Session, name="Sessions", doc="All of them; there is never a second page.")


class Ticket(serializers.Serializer[Any]):
    """A word that opens one WebSocket; lifetime in seconds."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()


class NewApiKey(serializers.Serializer[Any]):
    """A key for a program of one's own."""

    name = CleanedField(validation.clean_key_name, help_text="What it is for, at most 60 characters.")
    scopes = serializers.MultipleChoiceField(choices=ApiKeyRow.Scope.choices, allow_empty=False)
    expires_in_days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=DEFAULT_DAYS)


class ApiKey(serializers.Serializer[Any]):
    """A key, without what it takes to use it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(ApiKeyRow.Scope.choices))
    hint = serializers.CharField(help_text="How the key ends.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the hour.")
    last_used_from = serializers.CharField(help_text="The network it was last used from.")


ApiKeys = list_of(ApiKey, name="ApiKeys", doc="All that work, newest first; there is never a second page.")


class CreatedApiKey(ApiKey):
    """A new key. `key` is shown this once."""

    key = serializers.CharField()


class Event(serializers.Serializer[Any]):
    """Something that happened to one's account. Which actions there are may grow; `summary` says each in words."""

    id = serializers.CharField()
    at = serializers.DateTimeField()
    action = serializers.CharField(help_text="`noun.past_participle`, such as `session.opened`.")
    summary = serializers.CharField()
    by = serializers.ChoiceField(
        ("you", "support"), allow_null=True, help_text="null: Dashtam itself, or a stranger."
    )
    network = serializers.CharField(allow_null=True, help_text="Where from; never a whole address.")
    device = serializers.CharField(
        allow_null=True,
        help_text="The browser or program of the session that it is about: `Firefox on Linux`.",
    )
    reason = serializers.CharField(allow_null=True, help_text="What support gave as its reason.")
    ticket = serializers.CharField(allow_null=True)
