"""Errors of files that cannot be read as a statement.

StatementError                the base; every failure of `parse_statement_file` is one of these
├── NotAStatementError        another kind of file: a PDF, a picture, a sign-in page, nothing at all …
├── StatementDamagedError     the file does not keep to its own format, so nothing of it is certain
├── StatementUncertainError   the file can be read in two ways, and only its person knows which is right
├── StatementTooLargeError    more bytes or more rows than we are willing to read
├── StatementTooDeepError     elements nested beyond anything OFX knows
├── TruncatedStatementError   the file ends before the statement does
├── NoStatementsError         a file of a known format, but without a statement in it
├── ProviderStatementError    the institution answered with an error instead of a statement
├── StatementTooSlowError     reading takes more time than we are willing to give
├── StatementTooHungryError   reading takes more memory than we are willing to give
└── StatementEncodingError    the bytes do not match any character set the file could mean

`code` is the stable contract, `title` the short headline, `str(error)` the sentence for the reader. No
message quotes the file.
"""

from __future__ import annotations

from typing import ClassVar


class StatementError(Exception):
    """A file that cannot be read as a statement."""

    code: ClassVar[str] = "statement_error"
    title: ClassVar[str] = "This file could not be read"


class NotAStatementError(StatementError):
    """The file is something else; `reason` names what it looks like."""

    code = "not_a_statement"
    title = "This is not a statement file that we can read"

    # Extra facts are keywords with defaults: an exception that crosses processes is rebuilt from its `args`.
    def __init__(self, message: str, *, reason: str = "unknown") -> None:
        super().__init__(message)
        self.reason = reason


class StatementDamagedError(StatementError):
    """The file breaks the rules of its format in a place that matters."""

    code = "damaged"
    title = "This file is damaged"


class StatementUncertainError(StatementError):
    """The file has two readings; `question` names what has to be chosen."""

    code = "uncertain"
    title = "This file can be read in two ways"

    def __init__(self, message: str, *, question: str = "") -> None:
        super().__init__(message)
        self.question = question


class StatementTooLargeError(StatementError):
    """The file has more bytes or rows than we hold in memory."""

    code = "too_large"
    title = "This file is too large"


class StatementTooDeepError(StatementError):
    """Elements are nested deeper than in any statement."""

    code = "too_deep"
    title = "This file is nested too deeply"


class StatementTooSlowError(StatementError):
    """Reading the file takes more time than any statement should."""

    code = "too_slow"
    title = "This file takes too long to read"

    def __init__(self) -> None:
        super().__init__("Nothing of it was imported. Download a shorter period, or one account at a time.")


class StatementTooHungryError(StatementError):
    """Reading the file takes more memory than any statement should."""

    code = "too_much_memory"
    title = "This file takes too much memory to read"

    def __init__(self) -> None:
        super().__init__("Nothing of it was imported. Download a shorter period, or one account at a time.")


class TruncatedStatementError(StatementError):
    """The end of the file is missing, so rows may be missing too."""

    code = "truncated"
    title = "This file is incomplete"


class NoStatementsError(StatementError):
    """The file is well-formed and has no statement to import."""

    code = "no_statements"
    title = "There is no statement in this file"


class ProviderStatementError(StatementError):
    """The institution reports an error of its own; `status_code` is the OFX STATUS code."""

    code = "provider_error"
    title = "The institution reported an error"

    def __init__(self, message: str, *, status_code: str = "") -> None:
        super().__init__(message)
        self.status_code = status_code


class StatementEncodingError(StatementError):
    """The text is in a character set that we cannot tell."""

    code = "encoding"
    title = "The text of this file cannot be read"
