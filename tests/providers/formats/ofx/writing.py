"""Writes statement files the way banks do, with the liberties they take."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

FILES = Path(__file__).parent / "files"
HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n\n"
XML_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="220"?>\n'


def bank_file(rows: str, *, balance: str = "0", header: str = HEADER) -> bytes:
    """A file with one bank account and those rows."""
    account = "<BANKACCTFROM><BANKID>1<ACCTID>2<ACCTTYPE>CHECKING</BANKACCTFROM>"
    ledger = f"<LEDGERBAL><BALAMT>{balance}<DTASOF>20260131</LEDGERBAL>"
    statement = f"<STMTRS><CURDEF>USD{account}<BANKTRANLIST>{rows}</BANKTRANLIST>{ledger}</STMTRS>"
    return f"{header}<OFX><BANKMSGSRSV1><STMTTRNRS>{statement}</STMTTRNRS></BANKMSGSRSV1></OFX>".encode()


def row(
    amount: str = "-1.00", date: str = "20260115", fitid: str = "A", name: str = "Shop", rest: str = ""
) -> str:
    """One STMTTRN without end tags for its leaves."""
    leaves = f"<TRNTYPE>DEBIT<DTPOSTED>{date}<TRNAMT>{amount}<FITID>{fitid}<NAME>{name}"
    return f"<STMTTRN>{leaves}{rest}</STMTTRN>"


@dataclass(frozen=True)
class Row:
    """The values of a generated row."""

    date: dt.date
    amount: Decimal
    fitid: str
    name: str


class Writer:
    """Spells the same statement differently for each seed."""

    def __init__(self, seed: int, *, xml: bool = False) -> None:
        self._random = Random(seed)  # noqa: S311 no secret
        self._xml = xml
        self._lower = self._random.random() < 0.3
        self._newline = self._random.choice(["\n", "\r\n", "\r", ""])
        self._closing = 1.0 if xml else self._random.choice([0.0, 0.5, 1.0])

    def document(self, rows: list[Row], balance: Decimal) -> str:
        """The whole file as text."""
        body = "".join(self._row(row) for row in rows)
        account = self._leaf("BANKID", "1") + self._leaf("ACCTID", "2") + self._leaf("ACCTTYPE", "CHECKING")
        statement = (
            self._leaf("CURDEF", "EUR")
            + self._aggregate("BANKACCTFROM", account)
            + self._aggregate("BANKTRANLIST", self._leaf("DTSTART", "20260101") + body)
            + self._aggregate(
                "LEDGERBAL", self._leaf("BALAMT", str(balance)) + self._leaf("DTASOF", "20260131")
            )
        )
        for tag in ("STMTRS", "STMTTRNRS", "BANKMSGSRSV1", "OFX"):
            statement = self._aggregate(tag, statement)
        return (XML_HEADER if self._xml else HEADER) + statement

    def _row(self, row: Row) -> str:
        leaves = [
            ("TRNTYPE", "DEBIT"),
            ("DTPOSTED", f"{row.date:%Y%m%d}"),
            ("TRNAMT", self._amount(row.amount)),
        ]
        leaves += [("FITID", row.fitid), ("NAME", row.name)]
        self._random.shuffle(leaves)
        inside = "".join(self._leaf(tag, value) for tag, value in leaves)
        if self._random.random() < 0.3:
            inside += self._aggregate("BANK.EXTRA", self._leaf("NAME", "not this") + self._leaf("ODD", "x"))
        return self._aggregate("STMTTRN", inside)

    def _amount(self, amount: Decimal) -> str:
        text = f"{amount:f}"
        return f"+{text}" if amount > 0 and self._random.random() < 0.3 else text

    def _aggregate(self, tag: str, inside: str) -> str:
        space = self._space()
        return f"<{self._case(tag)}>{space}{inside}</{self._case(tag)}>{space}"

    def _leaf(self, tag: str, value: str) -> str:
        end = f"</{self._case(tag)}>" if self._random.random() < self._closing else ""
        return f"<{self._case(tag)}>{self._space()}{escape(value)}{end}{self._space()}"

    def _case(self, tag: str) -> str:
        return tag.lower() if self._lower and not self._xml else tag

    def _space(self) -> str:
        return self._newline + self._random.choice(["", "", "  ", "\t"])
