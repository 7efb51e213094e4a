"""CAMT files, written for one question each."""

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


def entry(
    amount: str = "12.50",
    direction: str = "DBIT",
    *,
    day: str = "<Dt>2026-03-09</Dt>",
    status: str = "<Sts>BOOK</Sts>",
    more: str = "",
    details: str = "",
    currency: str = "EUR",
) -> str:
    """One Ntry."""
    head = f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{status}'
    booked = f"<BookgDt>{day}</BookgDt>" if day else ""
    inside = f"<NtryDtls>{details}</NtryDtls>" if details else ""
    return f"<Ntry>{head}{booked}{more}{inside}</Ntry>\n"


def balance(
    code: str, amount: str, direction: str = "CRDT", day: str = "2026-03-09", currency: str = "EUR"
) -> str:
    """One Bal."""
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    value = f'<Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
    return f"<Bal>{kind}{value}<Dt><Dt>{day}</Dt></Dt></Bal>"


def statement(*parts: str, iban: str = "DE02100100100006820101", id_: str = "S1", name: str = "Stmt") -> str:
    """One statement, report or notification."""
    account = f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    return f"<{name}><Id>{id_}</Id>{account}{''.join(parts)}</{name}>"


def document(*statements: str, version: str = "02", message: str = "BkToCstmrStmt") -> bytes:
    """A whole file."""
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{version}"><{message}><GrpHdr/>'
    )
    return f"{head}{''.join(statements)}</{message}></Document>".encode()
