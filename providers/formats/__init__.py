"""Statement files of institutions and programs: bytes in, frozen records out. No Django, no I/O."""

from providers.formats.errors import (
    NoStatementsError,
    NotAStatementError,
    ProviderStatementError,
    StatementDamagedError,
    StatementEncodingError,
    StatementError,
    StatementTooDeepError,
    StatementTooHungryError,
    StatementTooLargeError,
    StatementTooSlowError,
    StatementUncertainError,
    TruncatedStatementError,
)
from providers.formats.options import ReadOptions
from providers.formats.reading import parse_statement_file
from providers.formats.statement import (
    DayBalance,
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
    "DayBalance",
    "Institution",
    "Kind",
    "NoStatementsError",
    "NotAStatementError",
    "Notice",
    "ProviderStatementError",
    "ReadOptions",
    "RejectedRow",
    "Security",
    "Statement",
    "StatementAccount",
    "StatementDamagedError",
    "StatementEncodingError",
    "StatementError",
    "StatementFile",
    "StatementHolding",
    "StatementTooDeepError",
    "StatementTooHungryError",
    "StatementTooLargeError",
    "StatementTooSlowError",
    "StatementTransaction",
    "StatementUncertainError",
    "TruncatedStatementError",
    "parse_statement_file",
]
