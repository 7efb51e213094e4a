"""The words of a Flex document, and what they are here. A word that is in no table stays raw, and is counted."""

import re

from providers.records import Kind

CASH_TYPES = {
    "dividends": Kind.DIVIDEND,
    "payment in lieu of dividends": Kind.DIVIDEND,
    "withholding tax": Kind.TAX,
    "871(m) withholding": Kind.TAX,
    "broker interest paid": Kind.INTEREST,
    "broker interest received": Kind.INTEREST,
    "bond interest paid": Kind.INTEREST,
    "bond interest received": Kind.INTEREST,
    "bond interest": Kind.INTEREST,
    "other fees": Kind.FEE,
    "broker fees": Kind.FEE,
    "advisor fees": Kind.FEE,
    "client fees": Kind.FEE,
    "commission adjustments": Kind.FEE,
    "deposits & withdrawals": Kind.CASH_IN,  # or out: the amount's sign says which
    "deposits/withdrawals": Kind.CASH_IN,
    "deposits and withdrawals": Kind.CASH_IN,
}
DIVIDEND_WORDS = (  # what IBKR writes in brackets behind a dividend that is none
    (re.compile(r"\(return of capital\)", re.IGNORECASE), Kind.RETURN_OF_CAPITAL),
    (re.compile(r"\((long|short) term capital gain\)", re.IGNORECASE), Kind.CAPITAL_GAIN),
)

BOUGHT = {"BUY": 1, "SELL": -1, "BUY (Ca.)": -1, "SELL (Ca.)": 1}  # the sign of the change in units
TRADE_TYPES = frozenset(
    ["ExchTrade", "TradeCancel", "FracShare", "FracShareCancel", "TradeCorrect", "BookTrade", "DvpTrade"]
)
OPTIONS = frozenset({"OPT", "FOP", "FSFOP", "FSOPT", "WAR", "IOPT"})
OPTION_ENDS = frozenset({"A", "AEx", "Ep", "Ex", "MEx"})  # assigned, expired, exercised
REINVESTED = "R"
PAID_IN_FULL = {
    **dict.fromkeys(("STK", "FUND", "CRYPTO", "CMDTY"), True),
    **dict.fromkeys(("OPT", "FOP", "WAR", "IOPT"), False),
}
"""Assets whose price times units is what they cost; True where a unit is one share, whatever the multiplier says."""
PAID_BY_PERCENT = frozenset({"BOND", "BILL"})
"""Assets that are paid for as well, with a price that is a part of their nominal value."""
ON_MARGIN = {"FUT": False, "FSFOP": False, "FSOPT": False, "CFD": True, "FXCFD": True}
"""Assets that are not paid for; True where the gain stays in the position, False where each day settles it in cash."""

ACTIONS = {
    **dict.fromkeys(("FS", "RS", "FI", "CS", "CC"), Kind.SPLIT),
    **dict.fromkeys(("SD", "HI", "DI", "HD"), Kind.DIVIDEND),
    **dict.fromkeys(("CD", "CH"), Kind.DIVIDEND),
    **dict.fromkeys(("CP",), Kind.INTEREST),
    **dict.fromkeys(("BM", "TM", "CT", "DW"), Kind.SELL),
    **dict.fromkeys(("TC", "SO", "CO", "IC", "TI", "TO", "OR", "PI", "BC", "CI", "CA"), Kind.MERGER),
    **dict.fromkeys(("RI", "SR", "ED", "GV"), Kind.MERGER),
    **dict.fromkeys(("FA",), Kind.FEE),
    **dict.fromkeys(("PV",), Kind.JOURNAL),
}
ACTION_WORDS = (
    (re.compile(r"\bSPLIT \d"), Kind.SPLIT),
    (re.compile(r"\b(STOCK DIVIDEND|CASH DIVIDEND|DIVIDEND)\b"), Kind.DIVIDEND),
    (re.compile(r"\b(COUPON PAYMENT)\b"), Kind.INTEREST),
    (re.compile(r"\b(MATURITY|MATURED|DELISTED|WORTHLESS|REDEMPTION|(FULL|PARTIAL) CALL)\b"), Kind.SELL),
    (re.compile(r"\b(MERGED|TENDERED|SPINOFF|ACQUISITION|RIGHTS ISSUE|SUBSCRIBES?|EXCHANGE)\b"), Kind.MERGER),
    (re.compile(r"\b(CUSIP/ISIN CHANGE|SYMBOL CHANGE|NAME CHANGE|CONVERTED)\b"), Kind.MERGER),
)
SPLIT = re.compile(r"\bSPLIT (\d+(?:\.\d+)?) FOR (\d+(?:\.\d+)?)\b")

SECURITY_TYPES = {
    "STK": "equity",
    "FUND": "mutual_fund",
    "OPT": "option",
    "FOP": "option",
    "FSFOP": "option",
    "FSOPT": "option",
    "WAR": "warrant",
    "BOND": "bond",
    "BILL": "bill",
    "FUT": "future",
    "CFD": "cfd",
    "FXCFD": "cfd",
    "CRYPTO": "crypto",
    "IOPT": "structured_product",
    "CMDTY": "metal",
}
SHARE_TYPES = {"ETF": "etf", "ADR": "adr", "REIT": "reit", "PREFERRED": "preferred"}

ACTIVITIES = {  # codes of the Statement of Funds
    **dict.fromkeys(("BUY", "SELL", "FOREX", "ASSIGN", "EXE", "EXP"), "Trades"),
    **dict.fromkeys(("DIV", "PIL", "FRTAX", "WHTAX", "871M"), "CashTransactions"),
    **dict.fromkeys(("CINT", "DINT", "INTP", "INTR", "SLBINT"), "CashTransactions"),
    **dict.fromkeys(("OFEE", "ADVFEE", "CLIENTFEE", "COMMADJ", "DEP", "WITH"), "CashTransactions"),
    **dict.fromkeys(("STAX",), "SalesTaxes"),
    **dict.fromkeys(("CORP",), "CorporateActions"),
    **dict.fromkeys(("DEBITCARD", "BILLPAY"), "DebitCardActivities"),
    **dict.fromkeys(("ACATS", "TRAN", "INTT"), "Transfers"),
}
ACTIVITY_KINDS = {
    **dict.fromkeys(("DIV", "PIL"), Kind.DIVIDEND),
    **dict.fromkeys(("FRTAX", "WHTAX", "871M", "STAX"), Kind.TAX),
    **dict.fromkeys(("CINT", "DINT", "INTP", "INTR", "SLBINT"), Kind.INTEREST),
    **dict.fromkeys(("OFEE", "ADVFEE", "CLIENTFEE", "COMMADJ"), Kind.FEE),
    **dict.fromkeys(("ACATS", "TRAN", "INTT"), Kind.TRANSFER),
    **dict.fromkeys(("ASSIGN", "EXE", "EXP"), Kind.OPTION),
    **dict.fromkeys(("DEBITCARD",), Kind.PURCHASE),
    "BUY": Kind.BUY,
    "SELL": Kind.SELL,
    "FOREX": Kind.JOURNAL,
    "CORP": Kind.MERGER,
    "DEP": Kind.CASH_IN,
    "WITH": Kind.CASH_OUT,
    "BILLPAY": Kind.CASH_OUT,
}
