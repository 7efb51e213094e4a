"""One rule for every door: without a second factor, members of the staff reach only what sets one up or signs out.

The cookie of pages, bearer tokens and API keys, and WebSockets all ask here. The admin has a gate of its own.
"""

from accounts.errors import SecondFactorMissing
from accounts.principal import Principal

# Where a factor is set up or shown, and what is open to people who are not signed in at all.
API = ("/api/v1/auth/mfa/", "/api/v1/auth/reauthentications")
PAGES = (
    *(
        "/settings/security",
        "/reauthenticate",
        "/passkeys/options/",
        "/admin/",
        "/csp-reports",
        "/favicon.ico",
    ),
    *("/sign-in", "/sign-out", "/sign-up", "/check-your-mail", "/verify-email"),
    *("/invitation", "/forgot-password", "/reset-password", "/confirm-new-email", "/email-change"),
)


def require(principal: Principal, path: str) -> None:
    """Raises SecondFactorMissing for a path that is closed to this principal until there is a second factor."""
    if principal.needs_mfa and not path.startswith((*API, *PAGES)):
        raise SecondFactorMissing
