"""Rate limits of everything that people and strangers may try, in one place, checked before any hash or mail.

A burst passes at once; what is used up comes back evenly. The name of a limit says what it is counted by: the
network (an IPv4 address, or the /64 of an IPv6 address, which is one customer's), the account (the email address
that was typed, whether or not it has an account), both together, a known device, a session, or a person.
"""

from uuid import UUID

from dashtam import limits
from dashtam.limits import Limit
from dashtam.web.visitor import customer_of, request_ip

# Signing in. A success makes up for the failures, but not for the first: it bounds what one network makes us hash.
SIGN_IN_BY_NETWORK = Limit("sign-in by network", 30, 60, told=True)
FAILED_BY_NETWORK = Limit("failed sign-in by network", 10, 60)
FAILED_BY_ACCOUNT = Limit("failed sign-in by account", 10, 300)
FAILED_BY_ACCOUNT_AND_NETWORK = Limit("failed sign-in by account and network", 5, 300)
FAILED_BY_DEVICE = Limit("failed sign-in by device", 5, 300)

# Signing up: each costs a hash and a mail.
SIGN_UP_BY_NETWORK = Limit("sign-up by network", 20, 3600, told=True)
SIGN_UP_BY_ACCOUNT = Limit("sign-up by account", 3, 900)

# Mails that a stranger can make us send. All of MAIL_BY_ACCOUNT's six come back while six reset links run out, so
# an attacker who floods a mailbox cannot keep its owner from having a link that works.
MAIL_BY_NETWORK = Limit("mail by network", 20, 3600, told=True)
RESEND_BY_ACCOUNT = Limit("confirmation mail by account", 1, 180)
RESET_BY_ACCOUNT = Limit("reset mail by account", 1, 180)
MAIL_BY_ACCOUNT = Limit("mail by account", 6, 6 * 1800)

# A password that comes with a mailed link, a second factor after the password, and proving again who one is.
PASSWORD_BY_LINK = Limit("password by link", 10, 600)
PASSKEY_BY_NETWORK = Limit("passkey by network", 60, 60)
PROVIDER_BY_NETWORK = Limit("sign-in provider by network", 60, 60)
CODE_BY_ACCOUNT = Limit("second factor by account", 10, 600)
PROOF_BY_SESSION = Limit("failed proof by session", 5, 300)

# Tokens that are not ours cost a little, and no honest client sends many.
FORGED_BY_NETWORK = Limit("forged token by network", 30, 60)
REFRESH_BY_SESSION = Limit("refresh by session", 60, 60, told=True)

# What people ask for themselves.
EMAIL_CHANGE_BY_PERSON = Limit("email change by person", 5, 86_400, told=True)
EMAIL_CHANGE_TO_EMAIL = Limit("email change to email", 3, 86_400)
INVITE_BY_PERSON = Limit("invitation by person", 50, 86_400, told=True)
RESUME_BY_PERSON = Limit("mail let out again by person", 3, 86_400, told=True)
EXPORT_BY_PERSON = Limit("export by person", 5, 86_400, told=True)

API_KEY_BY_PERSON = Limit("API key by person", 30, 86_400, told=True)
FACTOR_BY_PERSON = Limit("second factor by person", 30, 86_400, told=True)

# Everything else that a right credential can write: sessions, audit events, rows. What one session or API key uses
# up takes nothing from the others: who has stolen one must not keep its owner from ending it.
SESSION_BY_PERSON = Limit("session by person", 300, 3600)
PROOF_AGAIN_BY_SESSION = Limit("proof by session", 30, 3600)
CHANGE_BY_CREDENTIAL = Limit("change by session or key", 240, 600)
CHANGE_BY_CREDENTIAL_A_DAY = Limit("change by session or key and day", 4_000, 86_400)
LINK_BY_NETWORK = Limit("mailed link by network", 60, 600)

READS = frozenset({"GET", "HEAD", "OPTIONS"})


async def require_change(method: str | None, credential: UUID) -> None:
    """Count a request that may change something. Raises TooManyRequests."""
    if method not in READS:
        await limits.require((CHANGE_BY_CREDENTIAL, credential), (CHANGE_BY_CREDENTIAL_A_DAY, credential))


def network_here() -> str:
    """The key of the request's network in a limit."""
    return customer_of(request_ip.get())
