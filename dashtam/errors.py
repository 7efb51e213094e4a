"""The errors that people and programs outside see.

DashtamError
├── BadRequest            400   ├── Gone                 410
├── Unauthorized          401   ├── PayloadTooLarge      413
├── Forbidden             403   ├── UnsupportedMedia     415
├── NotFound              404   ├── Unprocessable        422
├── MethodNotAllowed      405   ├── TooManyRequests      429
├── Conflict              409   ├── UpgradeRequired      426
├── DecryptionFailed      500   └── ServiceBusy          503
└── (the apps' own errors derive from these)

A `code` is a stable contract; `title` says what happened and `detail` what to do next. No message ever
carries a token, an address with secrets, an account number or another party's response body.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """The problem with one field of the input."""

    field: str
    code: str
    detail: str


class DashtamError(Exception):
    """An error with an answer: status, stable code, and words for the person."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    title: str = "Something went wrong on our side."
    detail: str = "Please try again. If it keeps happening, tell your administrator the request id."
    retry_after: int | None = None
    challenge: str = ""  # for WWW-Authenticate

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
    ) -> None:
        self.detail = detail or self.detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.retry_after = retry_after if retry_after is not None else self.retry_after
        super().__init__(f"{self.code}: {self.detail}")


class BadRequest(DashtamError):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"
    title = "We could not understand the request."
    detail = "Check the request against the documentation and send it again."


class ValidationFailed(BadRequest):
    """One or more fields are wrong; `errors` names each."""

    code = "validation_failed"
    title = "Some fields need your attention."
    detail = "Correct the fields listed and send the request again."


class Unauthorized(DashtamError):
    """No valid credentials."""

    status = 401
    code = "not_authenticated"
    title = "You are not signed in."
    detail = "Sign in, then send the request with your access token."
    challenge = "Bearer"


class InvalidToken(Unauthorized):
    """RFC 6750 §3.1 invalid_token."""

    code = "invalid_token"
    title = "The access token is not valid."
    detail = "It may have expired or been ended. Refresh it, or sign in again."
    challenge = 'Bearer error="invalid_token"'


class Forbidden(DashtamError):
    """Known, but not allowed."""

    status = 403
    code = "forbidden"
    title = "This is not allowed."
    detail = "Your account may not do this."


class InsufficientScope(Forbidden):
    """RFC 6750 §3.1 insufficient_scope: the API key was not made for this."""

    code = "insufficient_scope"
    title = "This API key may not do that."
    detail = "Use a key with the scope named in WWW-Authenticate, or sign in instead."
    challenge = 'Bearer error="insufficient_scope"'

    def __init__(self, scope: str | None) -> None:
        super().__init__("" if scope else "No API key may do this. Sign in and use an access token instead.")
        if scope:
            self.challenge += f', scope="{scope}"'


class NotFound(DashtamError):
    """No such thing, or not yours: outside there is no difference."""

    status = 404
    code = "not_found"
    title = "There is nothing here."
    detail = "Check the address, or go back to where you came from."


class MethodNotAllowed(DashtamError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"
    title = "This address does not take that method."
    detail = "The Allow header lists the methods it takes."


class Conflict(DashtamError):
    """The thing is in a state that does not allow this."""

    status = 409
    code = "conflict"
    title = "This cannot be done right now."
    detail = "Its state has changed. Load it again and decide again."


class Gone(DashtamError):
    """Existed once, and has been used or has expired."""

    status = 410
    code = "gone"
    title = "This has been used already, or has expired."
    detail = "Start again to get a new one."


class PayloadTooLarge(DashtamError):
    """The body exceeds the cap."""

    status = 413
    code = "payload_too_large"
    title = "That is too large."
    detail = "Send less at once."


class UnsupportedMedia(DashtamError):
    """The body's media type is not one we read."""

    status = 415
    code = "unsupported_media_type"
    title = "We cannot read this kind of content."
    detail = "Send application/json, or multipart/form-data for files."


class Unprocessable(DashtamError):
    """Well-formed, but it cannot be carried out."""

    status = 422
    code = "unprocessable"
    title = "This cannot be processed."
    detail = "Check the content and try again."


class UpgradeRequired(DashtamError):
    """The address speaks another protocol."""

    status = 426
    code = "upgrade_required"
    title = "This address is for live events."
    detail = "Open it as a WebSocket."


class TooManyRequests(DashtamError):
    """A limit was reached. Retry-After says when to come back."""

    status = 429
    code = "too_many_requests"
    title = "Too many tries in a short time."
    detail = "Wait a moment, then try again."
    retry_after = 30


class ServiceBusy(DashtamError):
    """We cannot do this now, but soon can. Retry-After says when."""

    status = 503
    code = "service_busy"
    title = "Dashtam is busy right now."
    detail = "Nothing was lost. Please try again in a few seconds."
    retry_after = 5


class DecryptionFailed(DashtamError):
    """`code` is key_unknown (its key is not configured) or envelope_invalid (altered, or moved elsewhere)."""

    code = "envelope_invalid"
    title = "We cannot open what is stored encrypted."
    detail = "Reconnect it or set it up again to go on. Everything else stays."
