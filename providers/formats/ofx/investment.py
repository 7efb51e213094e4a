"""Investment statements: INVSTMTRS with its transactions, holdings and cash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from providers.formats.identity import with_identities
from providers.formats.ofx.bank import read_bank_row
from providers.formats.ofx.currencies import row_currencies, with_currency
from providers.formats.ofx.fields import Fields
from providers.formats.ofx.findings import OfxFindings
from providers.formats.ofx.securities import find_security
from providers.formats.ofx.tags import ACTIVITIES, HOLDINGS
from providers.formats.statement import (
    Security,
    Statement,
    StatementAccount,
    StatementHolding,
    StatementTransaction,
)
from providers.formats.values import BadValueError, exact_sum, join_description
from providers.records import Kind

Securities = Mapping[str, Security]

_KINDS = {
    "REINVEST": Kind.REINVESTMENT,
    "RETOFCAP": Kind.RETURN_OF_CAPITAL,
    "SPLIT": Kind.SPLIT,
    "TRANSFER": Kind.TRANSFER,
    "JRNLFUND": Kind.JOURNAL,
    "JRNLSEC": Kind.JOURNAL,
    "MARGININTEREST": Kind.INTEREST,
    "INVEXPENSE": Kind.FEE,
    "CLOSUREOPT": Kind.OPTION,
}
_INCOME = {
    "DIV": Kind.DIVIDEND,
    "INTEREST": Kind.INTEREST,
    "CGLONG": Kind.CAPITAL_GAIN,
    "CGSHORT": Kind.CAPITAL_GAIN,
}
# The words that refine the element: BUYOPT BUYTOOPEN, INCOME DIV, TRANSFER OUT …
_REFINEMENTS = ("BUYTYPE", "SELLTYPE", "OPTBUYTYPE", "OPTSELLTYPE", "INCOMETYPE", "OPTACTION", "TFERACTION")
_BANK_KINDS_KEPT = frozenset({Kind.INTEREST, Kind.DIVIDEND, Kind.FEE})
_SECTIONS = frozenset({"INVACCTFROM", "INVTRANLIST", "BANKTRANLIST", "INVPOSLIST", "INVBAL", "INV401KBAL"})
_WITHOUT_CASH = frozenset({"SPLIT", "TRANSFER", "JRNLSEC", "CLOSUREOPT"})


def read_investment_statement(fields: Fields, securities: Securities, findings: OfxFindings) -> Statement:
    """An INVSTMTRS. `balance_as_of` is the day of the whole statement (DTASOF)."""
    account = _account(fields, findings)
    currency = account.currency
    fields = replace(fields, currency_code=currency or "")
    period = fields.within("INVTRANLIST")
    findings.sections(fields.node, _SECTIONS)
    transactions = findings.rows(
        fields.below("INVTRANLIST", "BANKTRANLIST"), lambda row: _transaction(row, currency, securities)
    )
    lists_holdings, rejected = fields.node.child("INVPOSLIST") is not None, findings.rejected_count
    holdings = findings.rows(fields.below("INVPOSLIST"), lambda row: _holding(row, currency, securities))
    start = findings.value(period, "DTSTART", period.maybe_when)
    end = findings.value(period, "DTEND", period.maybe_when)
    as_of = findings.value(fields, "DTASOF", fields.maybe_when)
    plan = fields.within("INV401KBAL")
    cash = fields.within("INVBAL")
    findings.sections(cash.node, frozenset())
    cash_balance = findings.value(cash, "AVAILCASH", cash.maybe_amount)
    if cash_balance is None:
        cash_balance = findings.value(plan, "CASHBAL", plan.maybe_amount)
    return Statement(
        account=with_currency(account, [*transactions, *holdings], fields, findings),
        start=start[0] if start else None,
        end=end[0] if end else None,
        balance_date=as_of[0] if as_of else None,
        balance_as_of=as_of[1] if as_of else None,
        transactions=with_identities(transactions),
        holdings=tuple(holdings),
        lists_holdings=lists_holdings,
        unread_holdings=findings.rejected_count - rejected,
        stated_value=findings.value(plan, "TOTAL", plan.maybe_amount),
        cash_balance=cash_balance,
        margin_balance=findings.value(cash, "MARGINBALANCE", cash.maybe_amount),
        short_balance=findings.value(cash, "SHORTBALANCE", cash.maybe_amount),
    )


def _account(fields: Fields, findings: OfxFindings) -> StatementAccount:
    source = fields.within("INVACCTFROM")
    return StatementAccount(
        account_id=findings.value(source, "ACCTID", source.id) or "",
        bank_id=findings.value(source, "BROKERID", source.id),
        type="investment",
        subtype="brokerage",
        currency=fields.currency("CURDEF"),
    )


def _transaction(fields: Fields, currency: str | None, securities: Securities) -> StatementTransaction:
    """One element of INVTRANLIST. Raises BadValueError."""
    tag = fields.node.tag
    if tag == "INVBANKTRAN":
        return _cash_transaction(fields, currency)
    if tag == "STMTTRN":
        return read_bank_row(fields, currency)
    if tag not in ACTIVITIES:
        raise BadValueError(f"We do not know this kind of investment activity ({tag[:40]}).")
    body = _body(fields)
    details = body.within("INVTRAN")
    day, moment = details.when("DTTRADE")
    settled = details.maybe_when("DTSETTLE")
    row_currency, original, rate = row_currencies(body, currency)
    reversal = details.id("REVERSALFITID")
    security = find_security(body, securities)
    return StatementTransaction(
        fitid=details.id("FITID"),
        date=day,
        posted_at=moment,
        amount=_amount(tag, body, is_reversal=reversal is not None),
        currency=row_currency,
        original_currency=original,
        exchange_rate=rate,
        description=join_description(security.name or "" if security else "", details.text("MEMO")),
        kind=_kind(fields),
        source_code=_source_code(fields),
        security=security,
        quantity=_quantity(tag, body, is_reversal=reversal is not None),
        price=body.maybe_amount("UNITPRICE"),
        fees=body.total("COMMISSION", "FEES", "LOAD"),
        taxes=body.total("TAXES", "WITHHOLDING", "STATEWITHHOLDING", "PENALTY"),
        split=_split(body),
        settled_on=settled[0] if settled else None,
        sub_account=body.word("SUBACCTFUND") or body.word("SUBACCTSEC") or None,
        reversal_fitid=reversal,
        line=fields.node.line,
    )


def _body(fields: Fields) -> Fields:
    """The aggregate with the details: buys and sells have it one level deeper than other activities."""
    for inner in ("INVBUY", "INVSELL"):
        if fields.node.child(inner):
            return fields.within(inner)
    return fields


def _cash_transaction(fields: Fields, currency: str | None) -> StatementTransaction:
    if not fields.node.child("STMTTRN"):
        raise BadValueError("This cash movement (INVBANKTRAN) has no content.")
    row = read_bank_row(fields.within("STMTTRN"), currency)
    kind = row.kind
    if kind not in _BANK_KINDS_KEPT:
        kind = Kind.CASH_OUT if row.amount < 0 else Kind.CASH_IN
    sub_account = fields.word("SUBACCTFUND") or None
    return structs.replace(row, kind=kind, sub_account=sub_account, line=fields.node.line)


def _kind(fields: Fields) -> Kind:
    tag = fields.node.tag
    if tag.startswith("BUY"):
        return Kind.BUY
    if tag.startswith("SELL"):
        return Kind.SELL
    if tag == "INCOME":
        return _INCOME.get(fields.word("INCOMETYPE"), Kind.UNKNOWN)
    return _KINDS[tag]


def _source_code(fields: Fields) -> str:
    words = (fields.word(tag) for tag in _REFINEMENTS)
    return " ".join([fields.node.tag, *(word for word in words if word)])


def _amount(tag: str, body: Fields, *, is_reversal: bool) -> Decimal:
    """Effect on the cash. Brokers who write the cost of a purchase or expense unsigned mean money out."""
    if tag == "SPLIT":
        return body.maybe_amount("FRACCASH") or Decimal(0)
    if tag in _WITHOUT_CASH:
        return Decimal(0)
    amount = body.amount("TOTAL")
    costs = tag.startswith("BUY") or tag in {"MARGININTEREST", "INVEXPENSE", "REINVEST"}
    return amount.copy_negate() if costs and amount > 0 and not is_reversal else amount


def _quantity(tag: str, body: Fields, *, is_reversal: bool) -> Decimal | None:
    """Change in units: what is sold, delivered or comes off is negative, signed so in the file or not."""
    if tag == "SPLIT":
        old, new = body.maybe_amount("OLDUNITS"), body.maybe_amount("NEWUNITS")
        return exact_sum([new, old.copy_negate()]) if old is not None and new is not None else None
    units = body.maybe_amount("UNITS")
    if units is None or is_reversal:
        return units
    if tag.startswith("BUY") or tag == "REINVEST" or body.word("TFERACTION") == "IN":
        return units.copy_abs()
    if tag.startswith("SELL") or body.word("TFERACTION") == "OUT":
        return units.copy_abs().copy_negate()
    return units


def _split(body: Fields) -> tuple[Decimal, Decimal] | None:
    numerator, denominator = body.maybe_amount("NUMERATOR"), body.maybe_amount("DENOMINATOR")
    return (numerator, denominator) if numerator and denominator else None


def _holding(fields: Fields, currency: str | None, securities: Securities) -> StatementHolding:
    """One element of INVPOSLIST. Raises BadValueError."""
    if fields.node.tag not in HOLDINGS:
        raise BadValueError(f"We do not know this kind of holding ({fields.node.tag[:40]}).")
    body = fields.within("INVPOS")
    security = find_security(body, securities)
    if security is None:
        raise BadValueError("This holding does not say of which security (SECID).")
    quantity, value = body.amount("UNITS"), body.maybe_amount("MKTVAL")
    if body.word("POSTYPE") == "SHORT":
        quantity = quantity.copy_abs().copy_negate()  # unlike the minus sign, it never rounds
        value = None if value is None else value.copy_abs().copy_negate()
    as_of = body.maybe_when("DTPRICEASOF")
    own, _, rate = row_currencies(body, currency)
    return StatementHolding(
        security=security,
        quantity=quantity,
        price=body.maybe_amount("UNITPRICE"),
        market_value=value,
        average_cost=body.maybe_amount("AVGCOSTBASIS"),
        currency=own,
        exchange_rate=rate,
        price_as_of=as_of[1] if as_of else None,
        sub_account=body.word("HELDINACCT") or None,
        line=fields.node.line,
    )
