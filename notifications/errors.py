"""Errors of sending mail.

MailDelayed     503  tried again later, for about a day
├── MailThrottled        the mail service asks us to slow down
└── MailUnavailable      it is away, broken, slow, or does not let this installation send
MailRejected    422  will never go out: retrying gives the same answer
"""

from dashtam.errors import ServiceBusy, Unprocessable


class MailDelayed(ServiceBusy):
    """Not sent now, but perhaps later."""

    code = "mail_delayed"
    title = "The mail could not be sent yet."
    detail = "It is tried again by itself."


class MailThrottled(MailDelayed):
    """The mail service asks us to slow down."""

    code = "mail_throttled"


class MailUnavailable(MailDelayed):
    """The mail service is away or does not let this installation send, which its owner can mend."""

    code = "mail_unavailable"


class MailRejected(Unprocessable):
    """The mail service will never take this mail."""

    code = "mail_rejected"
    title = "The mail was refused."
    detail = "Check the address, then send it again."
