"""Entries (Ntry) of a CAMT statement as rows. One booking is one row, whatever details it has.

An institution books a batch as one amount, which is what balances, other formats and feeds tell as well. The payments
in it are named in the description.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from xml.etree.ElementTree import Element

from providers.formats.camt.codes import kind_of
from providers.formats.camt.fields import Reader, amount_of, leaf, signed
from providers.formats.statement import StatementTransaction
from providers.formats.values import MAX_TEXT, BadValueError, clean_text, join_description

MAX_NAMED = 50  # payments of a batch that the description may name
_STATES = {"BOOK": "posted", "": "posted", "PDNG": "pending", "FUTR": "pending"}
_PRECISION = 80


class InformationOnly(Exception):
    """The entry tells of something that is no movement (status INFO)."""


def read_entry(reader: Reader, entry: Element, line: int) -> StatementTransaction:
    """A row. Raises BadValueError, and InformationOnly."""
    found = reader.children(entry)
    status = _status(reader, found.get("Sts"))
    value, currency = amount_of(found.get("Amt"))
    amount = signed(value, found.get("CdtDbtInd"))
    booked, valued = reader.when(found.get("BookgDt")), reader.when(found.get("ValDt"))
    when = booked or valued
    if when is None:
        raise BadValueError("The day (BookgDt) is missing.")
    details = [each for block in reader.every(entry, "NtryDtls") for each in reader.every(block, "TxDtls")]
    only = details[0] if len(details) == 1 else None
    code, family, sub_family = _code(reader, found.get("BkTxCd"), only)
    own = reader.id(entry, "AcctSvcrRef")
    fitid = own or reader.id(only, "Refs/AcctSvcrRef")
    original, rate = _original(reader, entry, only, amount, currency)
    reversal = found.get("RvslInd")
    undone = reversal is not None and leaf(reversal).lower() in {"true", "1"}
    return StatementTransaction(
        fitid=fitid or None,
        date=when[0],
        posted_at=when[1],
        amount=amount,
        currency=currency,
        original_currency=original[1] if original else None,
        original_amount=original[0] if original else None,
        exchange_rate=rate,
        description=_description(reader, entry, details, amount),
        kind=kind_of(family, sub_family, amount),
        source_code=f"{code} reversal".strip() if undone else code,
        check_number=reader.id(only, "Refs/ChqNb") or None,
        reference=_reference(reader, entry, only, fitid),
        fees=_charges(reader, entry, only, currency),
        settled_on=valued[0] if valued and valued[0] != when[0] else None,
        status="pending" if status == "pending" else "posted",
        line=line,
    )


def _status(reader: Reader, element: Element | None) -> str:
    word = ""
    if element is not None:
        word = reader.text(element, "Cd", "Prtry") or clean_text(element.text or "", 20)
    if word == "INFO":
        raise InformationOnly
    if word not in _STATES:
        raise BadValueError("It does not say if it is booked (Sts).")
    return _STATES[word]


def _code(reader: Reader, element: Element | None, only: Element | None) -> tuple[str, str, str]:
    """The code as one word, its family and its sub-family; the bank's own word where there is no ISO code."""
    for code in (element, reader.at(only, "BkTxCd")):
        domain = reader.text(code, "Domn/Cd")
        family, sub = reader.text(code, "Domn/Fmly/Cd"), reader.text(code, "Domn/Fmly/SubFmlyCd")
        if domain.isalpha():
            return "-".join(part for part in (domain, family, sub) if part)[:50], family, sub
        if own := reader.text(code, "Prtry/Cd"):
            return own[:50], "", ""
    return "", "", ""


def _reference(reader: Reader, entry: Element, only: Element | None, fitid: str) -> str | None:
    """What the payer named it by, else the creditor's reference, the message, or the bank's number of the entry."""
    named = reader.id(
        only,
        "Refs/EndToEndId",
        "RmtInf/Strd/CdtrRefInf/Ref",
        "RmtInf/Strd/CdtrRefInf/CdtrRef",
        "Refs/TxId",
        "Refs/InstrId",
    )
    return named or reader.id(entry, "NtryRef") or fitid or None


def _description(reader: Reader, entry: Element, details: list[Element], amount: Decimal) -> str:
    about = reader.text(entry, "AddtlNtryInf")
    if not details:
        return about
    if len(details) == 1:
        told = join_description(counterparty(reader, details[0], amount), remittance(reader, details[0]))
        return told or about or reader.text(details[0], "AddtlTxInf")
    named = []
    for each in details[:MAX_NAMED]:
        sum_ = _detail_amount(reader, each)
        named.append(" ".join(word for word in (counterparty(reader, each, amount), sum_) if word))
    parties = "; ".join(name for name in named if name)
    told = f"{len(details)} payments{': ' if parties else ''}{parties}"
    return join_description(about, told)[:MAX_TEXT]


def _detail_amount(reader: Reader, detail: Element) -> str:
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        element = reader.at(detail, path)
        if element is not None:
            try:
                value, currency = amount_of(element)
            except BadValueError:
                return ""
            return f"{value:f} {currency or ''}".strip()
    return ""


def counterparty(reader: Reader, detail: Element, amount: Decimal) -> str:
    """The name of the other side: whom the money went to, or whom it is from."""
    parties = reader.at(detail, "RltdPties")
    if parties is None:
        return ""
    roles = ("Cdtr", "UltmtCdtr") if amount < 0 else ("Dbtr", "UltmtDbtr")
    paths = [path for role in roles for path in (f"{role}/Nm", f"{role}/Pty/Nm")]
    return reader.text(parties, *paths)


def remittance(reader: Reader, detail: Element) -> str:
    """The purpose, as it was written."""
    block = reader.at(detail, "RmtInf")
    if block is None:
        return reader.text(detail, "AddtlTxInf")
    lines = [clean_text(each.text) for each in reader.every(block, "Ustrd") if each.text]
    if not any(lines):
        lines = [reader.text(each, "AddtlRmtInf") for each in reader.every(block, "Strd")]
    return " ".join(line for line in lines if line)[:MAX_TEXT] or reader.text(detail, "AddtlTxInf")


def _original(
    reader: Reader, entry: Element, only: Element | None, amount: Decimal, currency: str | None
) -> tuple[tuple[Decimal, str] | None, Decimal | None]:
    """The amount in the other currency, signed as the row, and the rate if it is that of the account's currency."""
    for source in (only, entry):
        for name in ("InstdAmt", "TxAmt", "CntrValAmt"):
            block = reader.at(source, f"AmtDtls/{name}")
            element = reader.at(block, "Amt")
            if element is None:
                continue
            try:
                value, other = amount_of(element)
            except BadValueError:
                continue
            if value and other and other != currency:
                value = value.copy_negate() if amount < 0 else value
                return (value, other), _rate(reader, source, other, value, amount)
    return None, None


def _rate(
    reader: Reader, source: Element | None, other: str, value: Decimal, amount: Decimal
) -> Decimal | None:
    """The rate that turns the other amount into that of the row; None if what is written is another one."""
    for name in ("InstdAmt", "TxAmt", "CntrValAmt"):
        text = reader.text(source, f"AmtDtls/{name}/CcyXchg/XchgRate")
        if text and text.replace(".", "", 1).isdigit() and len(text) < 30 and value:
            rate = Decimal(text)
            with localcontext(prec=_PRECISION):
                if rate and abs(value * rate - amount) <= abs(amount) / 100:
                    return rate
    return None


def _charges(reader: Reader, entry: Element, only: Element | None, currency: str | None) -> Decimal | None:
    """The charges in the row's own currency, as far as they are told."""
    for source in (entry, only):
        block = reader.at(source, "Chrgs")
        if block is None:
            continue
        total = reader.at(block, "TtlChrgsAndTaxAmt")
        found = (
            [total]
            if total is not None
            else [
                each
                for record in (block, *reader.every(block, "Rcrd"))
                if (each := reader.at(record, "Amt")) is not None
            ]
        )
        try:
            amounts = [amount_of(each) for each in found]
        except BadValueError:
            continue
        if amounts and all(named in {None, currency} for _, named in amounts):
            return sum((value for value, _ in amounts), Decimal(0)) or None
    return None
