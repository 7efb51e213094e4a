"""Errors of sending mail, and of feedback on it.

MailDelayed     503  tried again later, for about a day
├── MailThrottled        the mail service asks us to slow down
└── MailUnavailable      it is away, broken, slow, or does not let this installation send
MailRejected    422  will never go out: retrying gives the same answer
└── MailboxGone          there is no such mailbox
FeedbackRefused 403  not signed for our topic
FeedbackNotNow  503  the certificate of the signature cannot be had at the moment
"""

from dashtam.errors import Forbidden, ServiceBusy, Unprocessable


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


class MailboxGone(MailRejected):
    """There is no such mailbox: no mail will ever arrive there."""

    code = "mailbox_gone"


class FeedbackRefused(Forbidden):
    """The message is not signed for the one topic that is listened to."""

    code = "feedback_refused"
    title = "This message is not taken."
    detail = "It is not signed by the mail service for this Dashtam."


class FeedbackNotNow(ServiceBusy):
    """The certificate of the signature cannot be had at the moment: the mail service tries again."""

    code = "feedback_not_now"
    title = "The message cannot be checked at the moment."
