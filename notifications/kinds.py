"""The mails there are: what each needs, where its button leads, and how long it is worth sending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of mail; its words are in `templates/email/<name>.{subject.txt,txt,html}`."""

    button: str
    path: str  # below PUBLIC_URL; may name values of the context, and `token`
    needs: tuple[str, ...] = ()
    link_lifetime: timedelta | None = None  # how long the token counts, as accounts.OneTimeLink has it
    keep: bool = True  # False: no row of it stays once it is sent or given up


KINDS: dict[str, Kind] = {
    "verify_email": Kind(
        "Confirm my address",
        "/verify-email?token={token}",
        needs=("link_id",),
        link_lifetime=timedelta(hours=24),
    ),
    "reset_password": Kind(
        "Set a new password",
        "/reset-password?token={token}",
        needs=("link_id",),
        link_lifetime=timedelta(minutes=30),
    ),
    "address_known": Kind("Sign in", "/sign-in"),
    "password_changed": Kind("I did not do this", "/forgot-password", needs=("when", "ip")),
    "api_key_created": Kind(
        "See your API keys", "/settings/api-keys", needs=("when", "key_name", "may", "expires")
    ),
    "api_key_expiring": Kind("Create a new key", "/settings/api-keys", needs=("when", "key_name")),
    "refresh_token_reused": Kind(
        "See where you are signed in", "/settings/sessions", needs=("when", "ip", "device")
    ),
    "confirm_new_email": Kind(
        "Confirm this address",
        "/confirm-new-email?token={token}",
        needs=("link_id",),
        link_lifetime=timedelta(days=7),
    ),
    "email_change_taken": Kind("Sign in", "/sign-in"),
    "email_change_asked": Kind(
        "Agree or stop it",
        "/email-change?token={token}",
        needs=("link_id", "new"),
        link_lifetime=timedelta(days=7),
    ),
    "email_change_waiting": Kind(
        "Agree or stop it",
        "/email-change?token={token}",
        needs=("link_id", "new", "when"),
        link_lifetime=timedelta(days=7),
    ),
    "email_changed": Kind("I did not do this", "/forgot-password", needs=("when", "old", "new")),
    "export_ready": Kind("Save my data", "/settings/data", needs=("when",)),
    "account_leaving": Kind("Keep my account", "/sign-in", needs=("when",)),
    "account_deleted": Kind("Visit Dashtam", "/sign-up", needs=("when",), keep=False),
    "sign_in_locked": Kind("Set a new password", "/forgot-password"),
    "superuser_made": Kind("Look at the account", "/admin/accounts/user/", needs=("when", "email")),
    "second_factor_changed": Kind(
        "Look at my security settings", "/settings/security", needs=("change", "when", "network")
    ),
    "new_device": Kind("I did not do this", "/forgot-password", needs=("when", "device", "network")),
    "connection_needs_attention": Kind(
        "Look at the connection",
        "/connections/{connection_id}",
        needs=("connection_id", "provider_name", "reason"),
    ),
}

CHANGES = {
    "totp_added": "An authenticator app was added to your account",
    "totp_removed": "The authenticator app was removed from your account",
    "passkey_added": "A passkey was added to your account",
    "passkey_removed": "A passkey was removed from your account",
    "recovery_code_used": "A recovery code was used to sign in to your account",
    "codes_refused": "Somebody with your password kept giving wrong codes for your second step",
    "release_started": "Somebody asked us to remove all second factors from your account",
    "released": "All second factors were removed from your account",
    "recovery_codes_renewed": "New recovery codes were made for your account, and the old ones ended",
}
OTHER_CHANGE = "A second factor of your account was changed"

REASONS = {
    "consent_expired": "your permission for Dashtam to read it has come to its end",
    "consent_expiring": "your permission for Dashtam to read it will end soon",
    "revoked_by_user": "the permission was withdrawn at the institution",
    "outcome_unknown": "an answer from the institution was lost on the way, and with it our permission to read",
    "provider_unavailable": "the institution has not answered for a while",
    "rate_limited": "the institution asks us to wait longer than usual",
}
OTHER_REASON = "the institution asks you to sign in again"


def check(name: str, context: Mapping[str, str]) -> None:
    """Raises ValueError when there is no such kind, or its context lacks something: better now than when sending."""
    if name not in KINDS:
        raise ValueError(f"There is no mail of the kind {name!r}.")
    missing = [need for need in KINDS[name].needs if need not in context]
    if missing:
        raise ValueError(f"A mail of the kind {name!r} needs {', '.join(missing)} in its context.")
