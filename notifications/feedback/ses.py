"""Bounces and complaints, as Amazon SES tells of them.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, and event-publishing-retrieving-sns-contents.html
for those of configuration sets, which differ in one name.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Annotated

import msgspec

from notifications.models.suppression import Suppression, spelling_of

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Recipient(msgspec.Struct, rename={"address": "emailAddress"}):
    address: str
    status: str = ""


class _Bounce(
    msgspec.Struct,
    rename={"kind": "bounceType", "sort": "bounceSubType", "recipients": "bouncedRecipients"},
):
    timestamp: Moment
    kind: str = ""
    sort: str = ""
    recipients: list[_Recipient] = []


class _Complaint(
    msgspec.Struct, rename={"recipients": "complainedRecipients", "kind": "complaintFeedbackType"}
):
    timestamp: Moment
    recipients: list[_Recipient] = []
    kind: str | None = None


class _Mail(msgspec.Struct, rename={"id": "messageId"}):
    id: str = ""


class _Notice(msgspec.Struct, rename={"kind": "notificationType", "event": "eventType"}):
    kind: str = ""
    event: str = ""
    mail: _Mail = msgspec.field(default_factory=_Mail)
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """An address that shall get no more mail, and why."""

    address: str
    reason: Suppression.Reason
    detail: str
    happened_at: datetime
    message_id: str


def stops_in(text: str) -> list[Stop]:
    """The addresses to stop mail to; none for transient bounces, deliveries, and what is no notice of SES."""
    try:
        notice = msgspec.json.decode(text, type=_Notice)
    except (msgspec.MsgspecError, RecursionError):
        return []
    kind = notice.kind or notice.event
    if kind == "Bounce" and notice.bounce and notice.bounce.kind == "Permanent":
        bounce, why = notice.bounce, Suppression.Reason.BOUNCE
        return [
            _stop(notice, one, why, one.status or bounce.sort, bounce.timestamp) for one in bounce.recipients
        ]
    # `not-spam` takes a complaint back (RFC 5965 §7.3.2).
    if kind == "Complaint" and notice.complaint and notice.complaint.kind != "not-spam":
        complaint, why = notice.complaint, Suppression.Reason.COMPLAINT
        detail = complaint.kind or ""
        return [_stop(notice, one, why, detail, complaint.timestamp) for one in complaint.recipients]
    return []


def _stop(notice: _Notice, one: _Recipient, why: Suppression.Reason, detail: str, when: datetime) -> Stop:
    address = spelling_of(parseaddr(one.address)[1] or one.address)
    return Stop(address, why, detail, when, notice.mail.id)
