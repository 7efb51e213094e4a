"""Errors of the steps of access; those of an institution itself are in `providers/errors.py`."""

from dashtam.errors import Conflict, FieldError, Unprocessable


class CredentialsRefused(Unprocessable):
    """The institution does not accept what the person typed in; `errors` name the fields that are wrong, if known."""

    code = "credentials_refused"
    title = "The institution did not accept that."
    detail = "Check that it was copied whole, and that it has not been used or withdrawn."

    @classmethod
    def of(cls, field: str, words: str) -> "CredentialsRefused":
        """The refusal of one field, in words for the person."""
        return cls(errors=[FieldError(field, "invalid", words)])


class InstallationRefused(Unprocessable):
    """The institution refuses before the person has given anything that could be wrong: a key of the installation."""

    code = "installation_refused"
    title = "The institution does not accept the access of this Dashtam."
    detail = "Nothing that you chose is the cause. Tell your administrator: its key or its settings there need a look."


class NothingAsked(Conflict):
    """Answers came, and this connection waits for none."""

    code = "nothing_asked"
    title = "This connection is not waiting for an answer."
    detail = "Look at its state: it may be connected already, or its start has expired."


class StillWaiting(Conflict):
    """The person has come back, and the institution says that they have not finished."""

    code = "still_waiting"
    title = "The institution says that this is not finished yet."
    detail = "Finish on its page. Dashtam keeps looking, and shows the connection as soon as it is there."
