"""Entries (Ntry) of a CAMT statement as rows. One booking is one row, whatever details it has.

An institution books a batch as one amount, which is what balances, other formats and feeds tell as well. The payments
in it are named in the description.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from providers.formats.camt.codes import kind_of
from providers.formats.camt.fields import Reader, amount_of, identifier, leaf, plain, signed
from providers.formats.statement import StatementTransaction
from providers.formats.values import MAX_TEXT, BadValueError, clean_text, exact_sum, join_description

MAX_NAMED = 50  # payments of a batch that the description may name
_STATES = {"BOOK": "posted", "": "posted", "PDNG": "pending", "FUTR": "pending"}
_PRECISION = 80
_RARE = frozenset({"AmtDtls", "Chrgs"})
_OTHER_AMOUNTS = ("InstdAmt/Amt", "TxAmt/Amt", "CntrValAmt/Amt")


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
    blocks = reader.every(entry, "NtryDtls") if "NtryDtls" in found else ()
    details = [each for block in blocks for each in reader.every(block, "TxDtls")]
    only = reader.index(details[0]) if len(details) == 1 else {}
    refs = reader.index(only.get("Refs")) if only else {}
    code, family, sub_family = _code(reader, found.get("BkTxCd"), only.get("BkTxCd"))
    fitid = identifier(found.get("AcctSvcrRef")) or identifier(refs.get("AcctSvcrRef"))
    reversal = found.get("RvslInd")
    undone = reversal is not None and leaf(reversal).lower() in {"true", "1"}
    about = plain(found.get("AddtlNtryInf"))
    row = StatementTransaction(
        fitid=fitid or None,
        date=when[0],
        posted_at=when[1],
        amount=amount,
        currency=currency,
        description=_single(reader, only, about, amount)
        if only
        else _several(reader, details, about, amount),
        kind=kind_of(family, sub_family, amount),
        source_code=f"{code} reversal".strip() if undone else code,
        reference=_reference(reader, refs, only.get("RmtInf"))
        or identifier(found.get("NtryRef"))
        or fitid
        or None,
        settled_on=valued[0] if valued and valued[0] != when[0] else None,
        status="pending" if status == "pending" else "posted",
        line=line,
    )
    rare = not _RARE.isdisjoint(found) or not _RARE.isdisjoint(only) or "ChqNb" in refs
    return _with_rare(reader, row, found, only, refs) if rare else row


def _with_rare(
    reader: Reader,
    row: StatementTransaction,
    found: dict[str, Element],
    only: dict[str, Element],
    refs: dict[str, Element],
) -> StatementTransaction:
    """The row with the amount in another currency, its charges and the number of its cheque."""
    amounts = (only.get("AmtDtls"), found.get("AmtDtls"))
    original, rate = _original(reader, amounts, row.amount, row.currency)
    foreign, currency = original or (None, None)
    return replace(
        row,
        original_currency=currency,
        original_amount=foreign,
        exchange_rate=rate,
        check_number=identifier(refs.get("ChqNb")) or None,
        fees=_charges(reader, (found.get("Chrgs"), only.get("Chrgs")), row.currency),
    )


def _status(reader: Reader, element: Element | None) -> str:
    word = ""
    if element is not None:
        word = (reader.text(element, "Cd", "Prtry") if len(element) else "") or clean_text(
            element.text or "", 20
        )
    if word == "INFO":
        raise InformationOnly
    if word not in _STATES:
        raise BadValueError("It does not say if it is booked (Sts).")
    return _STATES[word]


def _code(reader: Reader, *codes: Element | None) -> tuple[str, str, str]:
    """The code as one word, its family and its sub-family; the bank's own word where there is no ISO code."""
    for code in codes:
        if code is None:
            continue
        block = reader.at(code, "Domn")
        domain = reader.text(block, "Cd")
        family, sub = reader.text(block, "Fmly/Cd"), reader.text(block, "Fmly/SubFmlyCd")
        if domain.isalpha():
            return "-".join(part for part in (domain, family, sub) if part)[:50], family, sub
        if own := reader.text(code, "Prtry/Cd"):
            return own[:50], "", ""
    return "", "", ""


def _reference(reader: Reader, refs: dict[str, Element], purpose: Element | None) -> str:
    """The name that the payer gave it, else the creditor's reference, or the number of the payment."""
    return (
        identifier(refs.get("EndToEndId"))
        or reader.id(reader.at(purpose, "Strd/CdtrRefInf"), "Ref", "CdtrRef")
        or identifier(refs.get("TxId"))
        or identifier(refs.get("InstrId"))
    )


def _single(reader: Reader, only: dict[str, Element], about: str, amount: Decimal) -> str:
    """Name and purpose of one payment."""
    more = plain(only.get("AddtlTxInf"))
    name = counterparty(reader, only.get("RltdPties"), amount)
    return join_description(name, remittance(reader, only.get("RmtInf")) or more) or about


def _several(reader: Reader, details: list[Element], about: str, amount: Decimal) -> str:
    """The payments of a batch, each with its name and amount."""
    if not details:
        return about
    named = []
    for each in details[:MAX_NAMED]:
        name = counterparty(reader, reader.at(each, "RltdPties"), amount)
        named.append(" ".join(word for word in (name, _detail_amount(reader, each)) if word))
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


def counterparty(reader: Reader, parties: Element | None, amount: Decimal) -> str:
    """The name of the other side: whom the money went to, or whom it is from."""
    if parties is None or not len(parties):
        return ""
    for role in ("Cdtr", "UltmtCdtr") if amount < 0 else ("Dbtr", "UltmtDbtr"):
        if name := reader.text(reader.at(parties, role), "Nm", "Pty/Nm"):
            return name
    return ""


def remittance(reader: Reader, block: Element | None) -> str:
    """The purpose, as it was written."""
    if block is None:
        return ""
    lines = [clean_text(each.text) for each in reader.every(block, "Ustrd") if each.text]
    if not any(lines):
        lines = [reader.text(each, "AddtlRmtInf") for each in reader.every(block, "Strd")]
    return " ".join(line for line in lines if line)[:MAX_TEXT]


def _original(
    reader: Reader, sources: tuple[Element | None, ...], amount: Decimal, currency: str | None
) -> tuple[tuple[Decimal, str] | None, Decimal | None]:
    """The amount in the other currency, signed as the row, and the rate if it is that of the account's currency."""
    for source in sources:
        for name in _OTHER_AMOUNTS if source is not None else ():
            element = reader.at(source, name)
            if element is None or element.get("Ccy") in {None, currency}:
                continue
            try:
                value, other = amount_of(element)
            except BadValueError:
                continue
            if value and other:
                value = value.copy_negate() if amount < 0 else value
                return (value, other), _rate(reader, source, value, amount)
    return None, None


def _rate(reader: Reader, source: Element | None, value: Decimal, amount: Decimal) -> Decimal | None:
    """The rate that turns the other amount into that of the row; None if what is written is another one."""
    for name in ("InstdAmt", "TxAmt", "CntrValAmt"):
        text = reader.text(source, f"{name}/CcyXchg/XchgRate")
        if text and text.replace(".", "", 1).isdigit() and len(text) < 30:
            rate = Decimal(text)
            with localcontext(prec=_PRECISION):
                if rate and abs(value * rate - amount) <= abs(amount) / 100:
                    return rate
    return None


def _charges(reader: Reader, blocks: tuple[Element | None, ...], currency: str | None) -> Decimal | None:
    """The charges in the row's own currency, as far as they are told."""
    for block in blocks:
        if block is None:
            continue
        total = reader.at(block, "TtlChrgsAndTaxAmt")
        records = (block, *reader.every(block, "Rcrd"))
        found = [total] if total is not None else [reader.at(record, "Amt") for record in records]
        try:
            amounts = [amount_of(each) for each in found if each is not None]
        except BadValueError:
            continue
        if amounts and all(named in {None, currency} for _, named in amounts):
            return exact_sum(value for value, _ in amounts) or None
    return None
