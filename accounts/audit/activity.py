"""Audit events in words for the person they are about."""

from typing import Any

# By action; `{name}` is filled from what the event holds. Who did it and from where is said beside it.
WORDS = {
    "account.registered": "Somebody signed up with your address",
    "account.sign_up_repeated": "Somebody tried to sign up with your address again",
    "account.deletion_requested": "You asked for your account to be deleted",
    "account.deletion_cancelled": "You kept your account after all",
    "account.deleted": "The account was deleted",
    "admin.entered": "You entered the admin",
    "api_key.created": "An API key was created",
    "api_key.ended": "An API key ended",
    "connection.started": "You started to connect {provider}",
    "connection.renewal_started": "You started to renew the connection to {provider}",
    "connection.linked": "{provider} was connected",
    "connection.refused": "Connecting {provider} did not work out",
    "connection.stopped": "The connection to {provider} stopped and needs you",
    "connection.disconnected": "{provider} was disconnected",
    "connection_token.refused": "Stored access to an institution could not be opened, and was not used",
    "email.changed": "Your email address was changed",
    "email_change.requested": "You asked for another email address",
    "email_change.stopped": "The change of your email address was stopped",
    "email.verified": "You confirmed your email address",
    "export.requested": "You asked for a copy of your data",
    "export.taken": "A copy of your data was saved",
    "mfa.code_refused": "A code for the second step was refused",
    "mfa.codes_refused": "Many codes for the second step were refused in a row, each after your right password",
    "mfa.passkey_added": "You added a passkey",
    "mfa.passkey_refused": "A passkey was refused, because there may be a copy of it",
    "mfa.passkey_removed": "You removed a passkey",
    "mfa.recovery_code_used": "A recovery code was used",
    "mfa.recovery_codes_renewed": "You made new recovery codes",
    "mfa.release_started": "The removal of your second factors was begun",
    "mfa.released": "All your second factors were removed",
    "mfa.totp_added": "You added an authenticator app",
    "mfa.totp_removed": "You removed the authenticator app",
    "password.changed": "Your password was changed",
    "password.reset": "Your password was set anew, by a mailed link",
    "refresh_token.reused": "A program's session was used twice, perhaps by somebody else, and was ended",
    "reset_password.requested": "A link to set a new password was asked for",
    "session.opened": "A new sign-in",
    "session.ended": "A session ended",
    "session.reauthenticated": "You confirmed that it is you",
    "sign_in.locked": "Too many wrong passwords in a row: new devices need a new password now",
    "sign_in.refused": "A sign-in was refused",
    "staff.reset_mailed": "Support mailed you a link to set a new password",
    "staff.verification_mailed": "Support mailed you a link to confirm your address",
    "staff.sessions_ended": "Support signed you out everywhere",
    "staff.disabled": "Support disabled your account",
    "staff.enabled": "Support enabled your account again",
    "staff.mail_sent_again": "Support had a mail sent to you again",
    "staff.roles_set": "Your roles in this Dashtam were set",
    "superuser.made": "You became a superuser of this Dashtam",
    "values.opened": "Support gave a reason to see your numbers",
    "values.seen": "Support looked at your {page}",
    "verify_email.requested": "A link to confirm your address was asked for",
}
PAGES = {"financialaccount": "accounts", "balancesnapshot": "balances", "transaction": "transactions"}
ENDED = {
    "signed_out": "You signed out",
    "ended_by_user": "You ended a session",
    "ended_by_staff": "Support ended a session of yours",
    "email_changed": "A device was signed out, because your email address changed",
    "password_changed": "A device was signed out, because your password changed",
    "refresh_token_reused": "A session was ended, because it was used twice",
    "account_leaving": "A device was signed out, because you asked for your account to be deleted",
}


def describe(action: str, detail: dict[str, Any]) -> str:
    """What happened, in a few words. An action without words of its own is named as it is."""
    if action == "session.ended" and detail.get("reason") in ENDED:
        return ENDED[detail["reason"]]
    values = {
        "provider": str(detail.get("provider", "an institution")).replace("-", " ").capitalize(),
        "page": PAGES.get(str(detail.get("page")), "data"),
    }
    words = WORDS.get(action) or action.replace("_", " ").replace(".", ": ").capitalize()
    return words.format(**values)
