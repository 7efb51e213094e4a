"""What can go wrong between Dashtam and a provider.

ProviderError
├── ProviderUnavailable   refused, timed out, 5xx: try again later
├── ProviderRateLimited   429: try again at `retry_after`
├── ProviderUnreadable    an answer that is not what the contract says
├── ConsentEnded          401 on a fresh token, or invalid_grant: ask the person
├── OutcomeUnknown        a refresh may have rotated the token and the answer was lost
└── NotSupported          the provider does not offer this

Messages are made here and carry no address, token or response body.
"""

from dashtam.errors import DashtamError


class ProviderError(DashtamError):
    """Base of everything a provider can do to us."""

    status = 503
    code = "provider_unavailable"
    title = "The institution did not answer as it should."
    detail = "Your data here is safe. Dashtam keeps trying; you need not do anything."
    retry_after = 60
    provider_request_id = ""


class ProviderUnavailable(ProviderError):
    """No answer, or the provider says the fault is on its side."""


class ProviderRateLimited(ProviderError):
    """The provider asks us to slow down; `retry_after` in seconds, at most an hour."""

    code = "rate_limited"
    title = "The institution asks us to slow down."


class ProviderUnreadable(ProviderError):
    """Truncated, mistyped or contradictory data. The whole page is refused."""

    code = "provider_unreadable"
    title = "The institution sent something we could not read."


class ConsentEnded(ProviderError):
    """The consent is dead; `code` is consent_expired, revoked_by_user or consent_ended."""

    status = 409
    code = "consent_ended"
    title = "The institution ended our access."
    detail = "Reconnect it to go on; everything collected so far stays."
    retry_after = None


class OutcomeUnknown(ConsentEnded):
    """A token may have been replaced at the provider without our learning of it."""

    code = "outcome_unknown"
    title = "We lost touch while renewing access."


class NotSupported(ProviderError):
    """This provider does not offer that."""

    status = 422
    code = "not_supported"
    title = "This institution does not offer that."
    detail = "Look at its capabilities in the catalogue."
    retry_after = None
