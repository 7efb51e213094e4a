"""Kinds of rows, from bank transaction codes of ISO 20022; banks' own codes are kept, and unknown."""

from providers.connectors.enable_banking.answers import Code

WORDS = {
    "ATM": "atm",
    "CWDL": "atm",
    "CDPT": "deposit",
    "POSD": "purchase",
    "POSP": "purchase",
    "CCRD": "purchase",
    "MCRD": "purchase",
    "DCCT": "purchase",
    "XBCW": "atm",
    "RCDT": "deposit",
    "ICDT": "payment",
    "RRCT": "deposit",
    "IRCT": "payment",
    "RDDT": "debit",
    "IDDT": "debit",
    "PMDD": "debit",
    "ESDD": "debit",
    "BBDD": "debit",
    "STDO": "payment",
    "SALA": "deposit",
    "BOOK": "transfer",
    "ICHQ": "check",
    "RCHQ": "check",
    "CHRG": "fee",
    "FEES": "fee",
    "COMM": "fee",
    "INTR": "interest",
    "TAXE": "tax",
    "DVCA": "dividend",
    "RPCR": "credit",
    "RPBC": "credit",
    "RIMB": "credit",
    "LOAN": "payment",
    "ZABA": "transfer",
}
LATER_WINS = ("sub_code", "code")  # a sub-family says more than its family


def kind(code: Code | None) -> str:
    """The kind that a code means, its most particular part first."""
    for name in LATER_WINS if code else ():
        for part in reversed((getattr(code, name) or "").upper().replace("/", "-").split("-")):
            if part in WORDS:
                return WORDS[part]
    return "unknown"


def word(code: Code | None) -> str:
    """The bank's own word."""
    if code is None:
        return ""
    return "/".join(part for part in (code.code, code.sub_code) if part) or code.description or ""
