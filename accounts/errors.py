"""What can go wrong between a person and their account."""

from typing import TYPE_CHECKING

from dashtam.errors import Conflict, Forbidden, Gone, NotFound, Unauthorized

if TYPE_CHECKING:
    from accounts.models import User


class InvalidCredentials(Unauthorized):
    """Unknown, wrong, unverified or disabled: outside there is no difference."""

    code = "invalid_credentials"
    title = "We could not sign you in."
    detail = (
        "The email address or the password is not right, or the address is not confirmed yet. "
        "Check both, look for our mail, or set a new password."
    )


class InvalidGrant(Unauthorized):
    """RFC 6749 §5.2 invalid_grant: the refresh token no longer counts."""

    code = "invalid_grant"
    title = "The refresh token is not valid."
    detail = "It has expired, been ended or been used before. Sign in again."


class LinkNotValid(Gone):
    """A mailed link that was used, replaced, altered, or is too old."""

    code = "link_not_valid"
    title = "This link does not work any more."
    detail = "It has been used already, or has expired. Ask for a new one."


class ReauthRequired(Forbidden):
    """A sensitive change asks for a proof that is a few minutes old at most."""

    code = "reauth_required"
    title = "Please confirm that it is you."
    detail = "It has been a while since you signed in. Prove once more who you are, then send this again."


class TooManyApiKeys(Conflict):
    """Nobody looks after that many."""

    code = "too_many_api_keys"
    title = "You have as many API keys as there can be."
    detail = "End some that you no longer use, then create a new one."


class ExportNotReady(Conflict):
    """Still in the making."""

    code = "export_not_ready"
    title = "Your data is not ready yet."
    detail = "Ask again in a few seconds."


class ExportGone(Gone):
    """Taken already, or too old."""

    code = "export_gone"
    title = "This export has been taken already, or has expired."
    detail = "Ask for a new one."


class DeletionBegun(Gone):
    """The days to think again are over."""

    code = "deletion_begun"
    title = "Your account is being deleted."
    detail = "The days to think again are over. You can sign up again at any time."


class OtpRequired(Unauthorized):
    """The password was right; a second factor is asked for as well."""

    code = "otp_required"
    title = "A code is needed as well."
    detail = "Send the code that your authenticator app shows, or one of your recovery codes, as `otp`."

    def __init__(self, user: "User") -> None:
        self.user = user
        super().__init__()


class OtpInvalid(Unauthorized):
    """A second factor that does not count: wrong, too old, or used before."""

    code = "otp_invalid"
    title = "This code does not count."
    detail = "Each code works once and for about a minute. Wait for the next one, or use a recovery code."


class StepExpired(Gone):
    """Too long between the password and the second factor, or something else has changed meanwhile."""

    code = "step_expired"
    title = "That took a little too long."
    detail = "Start again with your password."


class FactorExists(Conflict):
    """One authenticator app for each person."""

    code = "factor_exists"
    title = "There is an authenticator app already."
    detail = "Remove it first, then add the new one."


class FactorMissing(NotFound):
    """No such second factor."""

    code = "factor_missing"
    title = "There is no such second factor."
    detail = "Set one up first."


class FactorRequired(Conflict):
    """Staff keep at least one second factor."""

    code = "factor_required"
    title = "Staff need a second factor."
    detail = "Add another one first, then remove this one."


class PasskeyRefused(Unauthorized):
    """Unknown, not for us, too late, used before, or perhaps copied: outside there is no difference."""

    code = "passkey_refused"
    title = "That passkey did not work."
    detail = "Try again. If it keeps failing, use another way to sign in."
