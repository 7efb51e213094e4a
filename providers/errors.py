"""Errors between Dashtam and a provider.

ProviderError
├── ProviderUnavailable    timed out, cut off, 5xx: try again later
│   ├── ProviderUnreachable    no connection: nothing was sent, so nothing can have happened
│   │   ├── OutgoingPaused         this database is a copy, which calls no institution
│   │   ├── ProviderResting        it kept failing, and is left alone for a moment
│   │   └── AddressRefused         an address that we may not call
│   └── AnswerLost             sent, and then silence: what it did is not known
├── ProviderRateLimited    429: try again after `retry_after` seconds
│                          (AskedToWait: what a person or program is told who asks for an update meanwhile)
├── ProviderRefused        another 4xx: asking again in the same way will not help
├── PaymentRequired        the person's plan at the provider does not include this
├── ProviderUnreadable     an answer that is not what the contract says
├── BudgetSpent            more than one run reads: the next one goes on
├── EndlessFeed            many runs did not come to the end of an account's transactions
├── QuotaSpent             the calls that the institution allows are used up
├── ConsentEnded           401 on a fresh token, or invalid_grant: ask the person
│   └── OutcomeUnknown         a refresh may have rotated the token and the answer was lost
└── NotSupported           the provider does not offer this

Linking (RFC 6749 §4.1; those of our own one-time page are in `connections/errors.py`)
├── UnknownProvider, ProviderNotConfigured, ProviderTakesFiles
├── AuthorizationInvalid   the callback does not belong to this browser
├── AuthorizationDenied    the person chose not to
└── AuthorizationFailed    the institution said no

Erasing
└── ConnectionNotEnded     data of a connection that still reads

Messages are made here and carry no URL, token or response body.
"""

import math
from datetime import UTC, datetime

from dashtam.errors import (
    BadRequest,
    Conflict,
    DashtamError,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unprocessable,
)


class ProviderError(DashtamError):
    """The base of all errors of providers."""

    status = 503
    code = "provider_unavailable"
    title = "The institution did not answer as it should."
    detail = "Your data here is safe. Dashtam keeps trying; there is nothing you need to do."
    retry_after: int | None = 60
    provider_request_id = ""


class ProviderUnavailable(ProviderError):
    """No answer, or the provider says the fault is on its side."""


class ProviderUnreachable(ProviderUnavailable):
    """No connection could be made, so nothing was sent."""

    title = "The institution could not be reached."


class OutgoingPaused(ProviderUnreachable):
    """A copy of an installation calls no institution; see `dashtam/installation/identity.py`."""

    code = "outgoing_paused"
    title = "This Dashtam is a copy and does not call institutions."
    detail = "Its administrator can change that (`manage.py resume_outgoing`)."


class ProviderResting(ProviderUnreachable):
    """The calls before this one failed in a row, so we make none for a moment. The provider did not ask for it."""

    title = "The institution kept failing, so we are leaving it alone for a moment."


class AddressRefused(ProviderUnreachable):
    """An address that a person or a grant names: not https, not public, or with more in it than an address."""

    code = "address_refused"
    title = "Dashtam may not call that address."
    detail = "Only public addresses that begin with https:// can be connected."
    retry_after = None


class AnswerLost(ProviderUnavailable):
    """The request went out and no whole answer came back."""


class ProviderRateLimited(ProviderError):
    """The provider asks us to slow down; `retry_after` in seconds, at most an hour."""

    code = "rate_limited"
    title = "The institution asked us to slow down."


class AskedToWait(TooManyRequests):
    """A sync by hand came too early: the provider asked us to wait. It is raised with the code rate_limited."""

    title = "The institution asked us to wait."
    detail = "Try again once `Retry-After` has passed; Dashtam also goes on by itself."


class ProviderRefused(ProviderError):
    """A 4xx that neither waiting nor a new token will change: our request does not fit what it offers."""

    code = "provider_refused"
    title = "The institution did not accept our request."
    detail = "Your data here is safe. If it keeps happening, tell your administrator: the connector may need updating."


class PaymentRequired(ProviderRefused):
    """A 402, or the provider's own word for it: the person's plan there has ended or does not include this."""

    code = "payment_required"
    title = "The institution wants a paid plan first."
    detail = "Look at your plan there. Everything collected so far stays here."
    retry_after = None


class ProviderUnreadable(ProviderError):
    """Truncated, mistyped or contradictory data. The whole page is refused."""

    code = "provider_unreadable"
    title = "The institution sent something we could not read."


class BudgetSpent(ProviderError):
    """The account has more than one sync run may read; the next run goes on from its cursor."""

    code = "budget_spent"
    title = "There is more to read than one update takes."
    retry_after = None


class EndlessFeed(ProviderError):
    """Many runs in a row did not come to the end of an account's transactions."""

    code = "endless_feed"
    title = "The institution's list of transactions has no end."
    retry_after = None


class QuotaSpent(ProviderError):
    """The calls that the institution allows are used up, by our own count or its headers; the rest is for later."""

    code = "quota_spent"
    title = "The institution allows no more updates for now."
    detail = "Dashtam goes on by itself as soon as it does. Everything collected so far is kept."

    @classmethod
    def until(cls, moment: datetime) -> "QuotaSpent":
        """The error, with the seconds until then."""
        return cls(retry_after=max(1, math.ceil((moment - datetime.now(UTC)).total_seconds())))


class ConsentEnded(ProviderError):
    """The consent is dead; `code` is consent_expired, revoked_by_user or consent_ended."""

    status = 409
    code = "consent_ended"
    title = "The institution ended our access."
    detail = "Reconnect it to continue; everything collected so far stays."
    retry_after = None


class OutcomeUnknown(ConsentEnded):
    """A refresh may have rotated the token, and its answer was lost."""

    code = "outcome_unknown"
    title = "The connection broke off while we renewed access."


class NotSupported(ProviderError):
    """The provider does not offer that."""

    status = 422
    code = "not_supported"
    title = "This institution does not offer that."
    detail = "Look at its capabilities in the catalogue."
    retry_after = None


class UnknownProvider(NotFound):
    """No connector has this slug."""

    code = "unknown_provider"
    title = "We do not know this institution."
    detail = "The catalogue lists those that can be connected."


class ProviderNotConfigured(Unprocessable):
    """The connector exists, but this installation has no client id, secret or URL for it."""

    code = "provider_not_configured"
    title = "This institution is not set up here."
    detail = "The administrator of this Dashtam must add its client id and secret first."


class ProviderTakesFiles(Unprocessable):
    """The provider cannot be linked: its data comes as files."""

    code = "provider_takes_files"
    title = "There is nothing to connect."
    detail = "Download a statement file from the institution and import it here (POST /api/v1/imports)."


class AuthorizationInvalid(BadRequest):
    """The callback does not match a request that this browser, person and provider have under way."""

    code = "authorization_invalid"
    title = "We cannot tell which sign-in this belongs to."
    detail = "Nothing was connected. Start again under Connections, in this same browser."


class AuthorizationDenied(Forbidden):
    """The person declined: access_denied of RFC 6749 §4.1.2.1."""

    code = "access_denied"
    title = "You chose not to connect."
    detail = "Nothing was shared with Dashtam. You can connect at any time under Connections."


class AuthorizationFailed(BadRequest):
    """The authorization server refused for another reason."""

    code = "authorization_failed"
    title = "The institution did not complete the connection."
    detail = "Nothing was connected. Please start again. If it keeps failing, try again tomorrow."


class ConnectionNotEnded(Conflict):
    """Erasing the data of a connection that still reads: the next sync would bring it back."""

    code = "connection_not_ended"
    title = "This connection is still in use."
    detail = "Disconnect it first; then you can erase its data."


class SyncOvertaken(Conflict):
    """Another run has continued from this one's cursor, or this run was given up meanwhile."""

    code = "sync_overtaken"
    title = "Another sync has taken over."
    detail = "Nothing was lost. Wait for it to finish."
