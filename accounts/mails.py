"""Mails of accounts: links to confirm, warnings about the sign-in, leaving, API keys."""

from itertools import combinations

from accounts.models import ApiKey, OneTimeLink
from accounts.models.admission.invitation import WORKS_FOR
from accounts.models.email_change import WAIT
from notifications.kinds import Kind, Phrases, register

LIFETIME, Purpose = OneTimeLink.LIFETIME, OneTimeLink.Purpose

CHANGES = {
    "totp_added": "An authenticator app was added to your account",
    "totp_removed": "The authenticator app was removed from your account",
    "passkey_added": "A passkey was added to your account",
    "passkey_removed": "A passkey was removed from your account",
    "recovery_code_used": "A recovery code was used to sign in to your account",
    "codes_refused": "Wrong codes were entered again and again, after your correct password",
    "release_started": "The removal of all second factors from your account was asked for",
    "released": "All second factors were removed from your account",
    "recovery_codes_renewed": "New recovery codes were made for your account, and the old ones ended",
}
IDENTITY_CHANGES = {
    "linked": "Your account was linked with a sign-in provider, through which you can sign in from now on",
    "unlinked": "The link of your account with a sign-in provider was removed",
}
OTHER_CHANGE = "A second factor of your account was changed"
SCOPES = sorted(ApiKey.Scope.values)
KEY_MAY = {
    ", ".join(some): ApiKey.Scope.in_words(some)
    for count in range(1, len(SCOPES) + 1)
    for some in combinations(SCOPES, count)
}

register(
    {
        "verify_email": Kind(
            "Confirm my address",
            "/verify-email?token={token}",
            needs=("link_id",),
            link_lifetime=LIFETIME[Purpose.VERIFY_EMAIL],
        ),
        "reset_password": Kind(
            "Set a new password",
            "/reset-password?token={token}",
            needs=("link_id",),
            link_lifetime=LIFETIME[Purpose.RESET_PASSWORD],
        ),
        "invitation": Kind(
            "Create my account",
            "/invitation?token={token}",
            needs=("link_id", "inviter", "when"),
            link_lifetime=WORKS_FOR,
        ),
        "invitation_known": Kind("Sign in", "/sign-in", needs=("inviter",)),
        "address_known": Kind("Sign in", "/sign-in"),
        "password_changed": Kind("I did not do this", "/forgot-password", needs=("when", "ip")),
        "api_key_created": Kind(
            "See your API keys",
            "/settings/api-keys",
            needs=("when", "key_name", "may", "expires"),
            phrases={"may": Phrases("may", KEY_MAY, "do what you allowed it")},
        ),
        "api_key_expiring": Kind("Create a new key", "/settings/api-keys", needs=("when", "key_name")),
        "refresh_token_reused": Kind(
            "See where you are signed in", "/settings/sessions", needs=("when", "ip", "device")
        ),
        "confirm_new_email": Kind(
            "Confirm this address",
            "/confirm-new-email?token={token}",
            needs=("link_id",),
            link_lifetime=WAIT,
        ),
        "email_change_taken": Kind("Sign in", "/sign-in"),
        "email_change_asked": Kind(
            "Agree or stop it",
            "/email-change?token={token}",
            needs=("link_id", "new"),
            link_lifetime=WAIT,
        ),
        "email_change_waiting": Kind(
            "Agree or stop it",
            "/email-change?token={token}",
            needs=("link_id", "new", "when"),
            link_lifetime=WAIT,
        ),
        "email_changed": Kind("I did not do this", "/forgot-password", needs=("when", "old", "new")),
        "export_ready": Kind("Save my data", "/settings/data", needs=("when",)),
        "account_leaving": Kind("Keep my account", "/sign-in", needs=("when",)),
        "account_deleted": Kind("Visit Dashtam", "/sign-up", needs=("when",), keep=False),
        "sign_in_locked": Kind("Set a new password", "/forgot-password"),
        "superuser_made": Kind("Look at the account", "/admin/accounts/user/", needs=("when", "email")),
        "second_factor_changed": Kind(
            "Look at my security settings",
            "/settings/security",
            needs=("change", "when", "network"),
            phrases={"change": Phrases("change", CHANGES, OTHER_CHANGE)},
        ),
        "identity_changed": Kind(
            "Look at my security settings",
            "/settings/security",
            needs=("change", "when", "network"),
            phrases={"change": Phrases("change", IDENTITY_CHANGES, OTHER_CHANGE)},
        ),
        "new_device": Kind("I did not do this", "/forgot-password", needs=("when", "device", "network")),
    }
)
