"""Kinds of Plaid's transactions: by the bank's own code, else by Plaid's category if Plaid is sure of it."""

from providers.connectors.plaid import answers

CODES = {
    "atm": "atm",
    "bank charge": "fee",
    "bill payment": "payment",
    "cash": "atm",
    "cashback": "purchase",
    "cheque": "check",
    "direct debit": "debit",
    "interest": "interest",
    "payment": "payment",
    "purchase": "purchase",
    "refund": "credit",
    "standing order": "payment",
    "transfer": "transfer",
}
DETAILED = {
    "INCOME_INTEREST_EARNED": "interest",
    "INCOME_DIVIDENDS": "dividend",
    "BANK_FEES_INTEREST_CHARGE": "interest",
    "BANK_FEES_INTEREST_CHARGES": "interest",
    "TRANSFER_OUT_WITHDRAWAL": "atm",
    "TRANSFER_IN_DEPOSIT": "deposit",
}
PRIMARY = {
    "INCOME": "deposit",
    "TRANSFER_IN": "transfer",
    "TRANSFER_OUT": "transfer",
    "LOAN_PAYMENTS": "payment",
    "BANK_FEES": "fee",
    "RENT_AND_UTILITIES": "payment",
}
MERCHANTS = (
    "ENTERTAINMENT",
    "FOOD_AND_DRINK",
    "GENERAL_MERCHANDISE",
    "GENERAL_SERVICES",
    "HOME_IMPROVEMENT",
    "MEDICAL",
    "PERSONAL_CARE",
    "TRANSPORTATION",
    "TRAVEL",
)
UNSURE = ("LOW", "UNKNOWN")
REINVESTED = (
    "dividend reinvestment",
    "interest reinvestment",
    "long-term capital gain reinvestment",
    "short-term capital gain reinvestment",
)
OPTIONS = ("assignment", "exercise", "expire")
CASH = {
    "dividend": "dividend",
    "qualified dividend": "dividend",
    "non-qualified dividend": "dividend",
    "long-term capital gain": "capital_gain",
    "short-term capital gain": "capital_gain",
    "unqualified gain": "capital_gain",
    "distribution": "capital_gain",
    "return of principal": "return_of_capital",
    "stock distribution": "dividend",
    "interest": "interest",
    "interest receivable": "interest",
    "margin expense": "interest",
    "tax": "tax",
    "tax withheld": "tax",
    "non-resident tax": "tax",
    "account fee": "fee",
    "fund fee": "fee",
    "legal fee": "fee",
    "management fee": "fee",
    "miscellaneous fee": "fee",
    "transfer fee": "fee",
    "trust fee": "fee",
    "deposit": "cash_in",
    "contribution": "cash_in",
    "withdrawal": "cash_out",
    "loan payment": "payment",
    "transfer": "transfer",
}
TRANSFERS = {
    "transfer": "journal",
    "send": "transfer",
    "request": "transfer",
    "split": "split",
    "merger": "merger",
    "spin off": "merger",
    "stock distribution": "dividend",
}


def kind(row: answers.Transaction) -> str:
    """The kind of a bank account's row."""
    if row.transaction_code in CODES:
        return CODES[row.transaction_code]
    category = row.personal_finance_category
    if row.transaction_code or category is None or category.confidence_level in UNSURE:
        return "unknown"
    if category.detailed in DETAILED:
        return DETAILED[category.detailed]
    if category.primary in MERCHANTS:
        return "purchase" if row.amount > 0 else "credit"
    return PRIMARY.get(category.primary, "unknown")


def activity_kind(type: str, subtype: str) -> str:
    """The kind of an investment account's row. A pair that is not in the tables is unknown."""
    if subtype in OPTIONS:
        return "option"
    if type in ("buy", "sell"):
        return "reinvestment" if subtype in REINVESTED else type
    if type in ("cash", "fee"):
        return CASH.get(subtype, "fee" if type == "fee" else "unknown")
    return TRANSFERS.get(subtype, "unknown") if type == "transfer" else "unknown"
