"""OFX and QFX statement files: bytes in, frozen records out. No Django, no I/O."""

from providers.ofx.errors import (
    NoStatementsError,
    NotAStatementError,
    ProviderStatementError,
    StatementEncodingError,
    StatementError,
    StatementTooDeepError,
    StatementTooLargeError,
    TruncatedStatementError,
)
from providers.ofx.parser import parse_statement_file
from providers.ofx.statement import (
    Institution,
    Kind,
    Notice,
    RejectedRow,
    Security,
    Statement,
    StatementAccount,
    StatementFile,
    StatementPosition,
    StatementTransaction,
)

__all__ = [
    "Institution",
    "Kind",
    "NoStatementsError",
    "NotAStatementError",
    "Notice",
    "ProviderStatementError",
    "RejectedRow",
    "Security",
    "Statement",
    "StatementAccount",
    "StatementEncodingError",
    "StatementError",
    "StatementFile",
    "StatementPosition",
    "StatementTooDeepError",
    "StatementTooLargeError",
    "StatementTransaction",
    "TruncatedStatementError",
    "parse_statement_file",
]
