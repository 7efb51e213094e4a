"""Errors of linking a person to an institution: of our one-time page, of its callback, and of who may link."""

from dashtam.errors import Conflict, Forbidden, Gone, NotFound


class EmailUnverified(Forbidden):
    """A person whose email is not confirmed cannot collect bank data."""

    code = "email_unverified"
    title = "Confirm your email address first."
    detail = "Open the link in the mail we sent you, then connect the institution."


class LinkUnknown(NotFound):
    """The one-time link was not made by this installation, or was cut short."""

    code = "link_unknown"
    title = "This link does not work."
    detail = "It may have been cut short. Start again under Connections."


class LinkNotYours(Forbidden):
    """Another person asked for this link; opening it must not give them this person's accounts."""

    code = "link_not_yours"
    title = "This link was not made for you."
    detail = "Nothing was connected. If you were sent this link, stop here, and tell your administrator."


class LinkUsed(Gone):
    """The one-time link has been used or has expired."""

    code = "link_used"
    title = "This link has been used already, or has expired."
    detail = "Start again under Connections to get a new one."


class AuthorizationUsed(Gone):
    """The callback came twice, or too late."""

    code = "authorization_used"
    title = "This sign-in at the institution is over."
    detail = "If it does not show under Connections, start again there."


class TooManyConnections(Conflict):
    """The person has as many connections as there can be, among them those that have ended."""

    code = "too_many_connections"
    title = "You have reached the limit of connections."
    detail = "Renew one that you have instead of adding another one."


class DifferentCustomer(Conflict):
    """Renewing a connection with another customer's sign-in would mix two people's accounts."""

    code = "different_customer"
    title = "You signed in to the institution as another customer."
    detail = "Nothing was changed. Reconnect with the same customer, or add this one as a new connection."


class AlreadyConnected(Conflict):
    """The new consent is for a login that a working connection of the person has; it was ended again."""

    code = "already_connected"
    title = "This institution is connected already."
    detail = "It is the same sign-in, so nothing was added. To add accounts or to repair it, renew that connection."
