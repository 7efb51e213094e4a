"""Small statement files, written for one question each."""

HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"


def row(fitid: str, amount: str = "-4.50", more: str = "", kind: str = "POS", day: str = "20260309") -> str:
    return f"<STMTTRN><TRNTYPE>{kind}<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{fitid}<NAME>CAFE{more}</STMTTRN>"


def signon(name: str = "Hill Bank", fid: str = "1") -> str:
    organisation = f"<FI><ORG>{name}<FID>{fid}</FI>" if name else ""
    return f"<SIGNONMSGSRSV1><SONRS><DTSERVER>20260310{organisation}</SONRS></SIGNONMSGSRSV1>"


def bank(
    *rows: str,
    account: str = "<BANKID>123<ACCTID>00012345678<ACCTTYPE>CHECKING",
    balances: str = "<LEDGERBAL><BALAMT>100.00<DTASOF>20260310</LEDGERBAL>",
    currency: str = "USD",
    end: str = "20260310",
) -> str:
    """One bank account's statement."""
    curdef = f"<CURDEF>{currency}" if currency else ""
    period = f"<DTSTART>20260301<DTEND>{end}"
    listed = f"<BANKTRANLIST>{period}{''.join(rows)}</BANKTRANLIST>{balances}"
    statement = f"<STMTRS>{curdef}<BANKACCTFROM>{account}</BANKACCTFROM>{listed}</STMTRS>"
    return f"<BANKMSGSRSV1><STMTTRNRS>{statement}</STMTTRNRS></BANKMSGSRSV1>"


def position(security: str, value: str, more: str = "") -> str:
    id_ = f"<SECID><UNIQUEID>{security}<UNIQUEIDTYPE>CUSIP</SECID>"
    worth = f"<MKTVAL>{value}" if value else ""
    return f"<POSMF><INVPOS>{id_}<UNITS>10{worth}{more}</INVPOS></POSMF>"


def brokerage(*parts: str, as_of: str = "20260131") -> str:
    """One investment account's statement."""
    head = f"<DTASOF>{as_of}<CURDEF>USD<INVACCTFROM><BROKERID>b<ACCTID>3001</INVACCTFROM>"
    statement = f"<INVSTMTRS>{head}{''.join(parts)}</INVSTMTRS>"
    return f"<INVSTMTMSGSRSV1><INVSTMTTRNRS>{statement}</INVSTMTTRNRS></INVSTMTMSGSRSV1>"


def positions(*listed: str) -> str:
    return f"<INVPOSLIST>{''.join(listed)}</INVPOSLIST>"


def cash(amount: str) -> str:
    return f"<INVBAL><AVAILCASH>{amount}<MARGINBALANCE>0<SHORTBALANCE>0</INVBAL>"


def file(*parts: str, name: str = "Hill Bank", fid: str = "1") -> bytes:
    """A whole file, signed by one institution."""
    return f"{HEADER}<OFX>{signon(name, fid)}{''.join(parts)}</OFX>".encode()
