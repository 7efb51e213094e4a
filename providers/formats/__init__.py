"""OFX and QFX statement files: bytes in, frozen records out. No Django, no I/O."""

from providers.formats.errors import (
    NoStatementsError,
    NotAStatementError,
    ProviderStatementError,
    StatementEncodingError,
    StatementError,
    StatementTooDeepError,
    StatementTooHungryError,
    StatementTooLargeError,
    StatementTooSlowError,
    TruncatedStatementError,
)
from providers.formats.ofx.parser import parse_statement_file
from providers.formats.statement import (
    Institution,
    Notice,
    RejectedRow,
    Security,
    Statement,
    StatementAccount,
    StatementFile,
    StatementHolding,
    StatementTransaction,
)
from providers.records import Kind

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
    "StatementHolding",
    "StatementTooDeepError",
    "StatementTooHungryError",
    "StatementTooLargeError",
    "StatementTooSlowError",
    "StatementTransaction",
    "TruncatedStatementError",
    "parse_statement_file",
]
