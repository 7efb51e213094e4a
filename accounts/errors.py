"""Errors of signing up, signing in and managing an account."""

from typing import TYPE_CHECKING

from dashtam.errors import Conflict, Forbidden, Gone, NotFound, ServiceBusy, Unauthorized

if TYPE_CHECKING:
    from accounts.models import User


class InvalidCredentials(Unauthorized):
    """The account is unknown, unverified or disabled, or the password wrong: the answers do not differ."""

    code = "invalid_credentials"
    title = "We could not sign you in."
    detail = (
        "The email address or the password is not right, or the address is not confirmed yet. "
        "Check both, look for our mail, or set a new password."
    )


class InvalidGrant(Unauthorized):
    """The refresh token no longer counts: invalid_grant of RFC 6749 §5.2."""

    code = "invalid_grant"
    title = "The refresh token is not valid."
    detail = "It has expired, been ended or been used before. Sign in again."


class LinkNotValid(Gone):
    """The mailed link was used, replaced or altered, or is too old."""

    code = "link_not_valid"
    title = "This link does not work any more."
    detail = "It has been used already, or has expired. Ask for a new one."


class SignUpClosed(Forbidden):
    """SIGN_UP is `closed`, and the first person has an account: no one else gets one."""

    code = "sign_up_closed"
    title = "This Dashtam takes no new people."
    detail = "If you have an account, sign in. If not, ask the person who runs it."


class InvitationNeeded(Forbidden):
    """SIGN_UP is `invitation`, and none came with the sign-up."""

    code = "invitation_needed"
    title = "You need an invitation to sign up here."
    detail = (
        "Ask the person who runs this Dashtam to invite you. The invitation is a link that comes by mail."
    )


class SignInProviderRefused(Unauthorized):
    """The sign-in provider's answer does not count: it is late, used, forged, or for another sign-in."""

    code = "sign_in_provider_refused"
    title = "That sign-in did not work."
    detail = "Start again. If it keeps failing, sign in with your password."


class SignInProviderLeft(SignInProviderRefused):
    """The person, or the provider for them, ended the sign-in there (`access_denied`, RFC 6749 §4.1.2.1)."""

    code = "sign_in_provider_left"
    title = "You did not finish signing in there."
    detail = "Try again whenever you like, or sign in with your password."


class SignInProviderAway(ServiceBusy):
    """The sign-in provider does not answer, or not as one."""

    code = "sign_in_provider_away"
    title = "The sign-in provider does not answer at the moment."
    detail = "Try again in a minute, or sign in with your password."


class IdentityUnknown(Unauthorized):
    """No account here is linked with that identity."""

    code = "identity_unknown"
    title = "No account here is linked with that sign-in yet."
    detail = "Sign in with your password, then link it under Settings, Security."


class IdentityTaken(Conflict):
    """The identity is linked with an account, or the account with an identity."""

    code = "identity_taken"
    title = "That cannot be linked."
    detail = "It is linked with an account here already, or your account is linked with another one. Unlink that first."


class SignUpContested(Conflict):
    """The email address was used in several sign-ups: the link alone does not tell which of them is its owner's."""

    code = "sign_up_contested"
    title = "This address was used to sign up more than once."
    detail = (
        "Send the password that you chose as well. If this link does not go with it, use the one in the other "
        "mail, or set a new password."
    )


class ReauthRequired(Forbidden):
    """A sensitive change needs a proof of identity that is a few minutes old at most."""

    code = "reauth_required"
    title = "Please confirm that it is you."
    detail = "It has been a while since you signed in. Confirm that it is you, then send this again."


class TooManyApiKeys(Conflict):
    """The account has as many API keys as it may have."""

    code = "too_many_api_keys"
    title = "You have reached the limit of API keys."
    detail = "End some that you no longer use, then create a new one."


class ExportNotReady(Conflict):
    """The export is still being made."""

    code = "export_not_ready"
    title = "Your data is not ready yet."
    detail = "Ask again in a few seconds."


class ExportGone(Gone):
    """The export was taken already, or is too old."""

    code = "export_gone"
    title = "This export has been taken already, or has expired."
    detail = "Ask for a new one."


class DeletionBegun(Gone):
    """The grace period before the deletion is over."""

    code = "deletion_begun"
    title = "Your account is being deleted."
    detail = "It is too late to keep it. You can sign up again at any time."


class OtpRequired(Unauthorized):
    """The password was right; a second factor is asked for as well."""

    code = "otp_required"
    title = "A code is needed as well."
    detail = "Send the code that your authenticator app shows, or one of your recovery codes, as `otp`."

    def __init__(self, user: "User") -> None:
        self.user = user
        super().__init__()


class OtpInvalid(Unauthorized):
    """The code of a second factor is wrong, too old, or was used before."""

    code = "otp_invalid"
    title = "This code does not work."
    detail = "Each code works once and for about a minute. Wait for the next one, or use a recovery code."


class StepExpired(Gone):
    """Too much time passed between the password and the second factor, or the password changed meanwhile."""

    code = "step_expired"
    title = "That took a little too long."
    detail = "Start again with your password."


class FactorExists(Conflict):
    """The person has an authenticator app already."""

    code = "factor_exists"
    title = "There is an authenticator app already."
    detail = "Remove it first, then add the new one."


class FactorMissing(NotFound):
    """The person has no such second factor."""

    code = "factor_missing"
    title = "There is no such second factor."
    detail = "Set one up first."


class FactorRequired(Conflict):
    """A member of the staff must keep at least one second factor."""

    code = "factor_required"
    title = "Staff need a second factor."
    detail = "Add another one first, then remove this one."


class SecondFactorMissing(Forbidden):
    """A member of the staff has not shown a second factor, or has none."""

    code = "second_factor_missing"
    title = "Staff need a second factor."
    detail = (
        "Set one up or show it first: an authenticator app or a passkey. Everything else opens afterwards."
    )


class PasskeyRefused(Unauthorized):
    """The passkey is unknown, not ours, late, used before or perhaps copied: the answers do not differ."""

    code = "passkey_refused"
    title = "That passkey did not work."
    detail = "Try again. If it keeps failing, use another way to sign in."
