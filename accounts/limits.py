"""How often people and strangers may try what, all in one place. Asked before anything is hashed or mailed.

A burst passes at once; what is used up comes back evenly. What a limit is counted by stands in its name: the
network address (all of an IPv6 /64 is one customer), the account (by the email address that was typed,
whether anybody has it or not), both together, a device somebody has signed in from, a session, or a person.
"""

from dashtam.limits import Limit
from dashtam.web.visitor import customer_of, request_ip

# Signing in. A success makes up for the failures, but not for the first: it bounds what one address makes us hash.
SIGN_IN_BY_ADDRESS = Limit("sign-in by address", 30, 60, told=True)
FAILED_BY_ADDRESS = Limit("failed sign-in by address", 10, 60)
FAILED_BY_ACCOUNT = Limit("failed sign-in by account", 10, 300)
FAILED_BY_BOTH = Limit("failed sign-in by account and address", 5, 300)
FAILED_BY_DEVICE = Limit("failed sign-in by device", 5, 300)

# Signing up: each costs a hash and a mail.
SIGN_UP_BY_ADDRESS = Limit("sign-up by address", 20, 3600, told=True)
SIGN_UP_BY_ACCOUNT = Limit("sign-up by account", 3, 900)

# Mails that anybody can make us send. The second one comes back as often as a link to reset runs out, so that
# somebody who floods a mailbox cannot keep its owner from having a link that works.
MAIL_BY_ADDRESS = Limit("mail by address", 20, 3600, told=True)
RESEND_BY_ACCOUNT = Limit("confirmation mail by account", 1, 180)
RESET_BY_ACCOUNT = Limit("reset mail by account", 1, 180)
MAIL_BY_ACCOUNT = Limit("mail by account", 6, 6 * 1800)

# Setting a password by link, a second factor after the password, and proving again who one is.
RESET_BY_LINK = Limit("reset by link", 10, 600)
PASSKEY_BY_ADDRESS = Limit("passkey by address", 60, 60)
CODE_BY_ACCOUNT = Limit("second factor by account", 10, 600)
PROOF_BY_SESSION = Limit("failed proof by session", 5, 300)

# Tokens that are not ours cost a little, and nobody needs to send many.
FORGED_BY_ADDRESS = Limit("forged token by address", 30, 60)
REFRESH_BY_SESSION = Limit("refresh by session", 60, 60, told=True)

# What people ask for themselves.
EMAIL_CHANGE_BY_PERSON = Limit("email change by person", 5, 86_400, told=True)
EMAIL_CHANGE_TO_ADDRESS = Limit("email change to address", 3, 86_400)
EXPORT_BY_PERSON = Limit("export by person", 5, 86_400, told=True)


def here() -> str:
    """What the request's network address counts as."""
    return customer_of(request_ip.get())
