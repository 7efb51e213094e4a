"""Kinds of SnapTrade's activities. Its list of types is open: what is not in it is unknown, and kept as it came."""

KINDS = {
    "BUY": "buy",
    "SELL": "sell",
    "DIVIDEND": "dividend",
    "SUBSTITUTE_DIVIDEND": "dividend",
    "STOCK_DIVIDEND": "dividend",
    "DISTRIBUTION": "capital_gain",
    "REI": "reinvestment",
    "RETURN_OF_CAPITAL": "return_of_capital",
    "INTEREST": "interest",
    "TAX": "tax",
    "FEE": "fee",
    "REBATE": "fee",
    "CONTRIBUTION": "cash_in",
    "WITHDRAWAL": "cash_out",
    "TRANSFER": "transfer",
    "EXTERNAL_ASSET_TRANSFER_IN": "transfer",
    "EXTERNAL_ASSET_TRANSFER_OUT": "transfer",
    "INTERNAL_CASH_TRANSFER_IN": "journal",
    "INTERNAL_CASH_TRANSFER_OUT": "journal",
    "INTERNAL_ASSET_TRANSFER_IN": "journal",
    "INTERNAL_ASSET_TRANSFER_OUT": "journal",
    "SPLIT": "split",
    "REVERSE_SPLIT": "split",
    "SPINOFF": "merger",
    "STOCK_MERGER": "merger",
    "OPTIONEXPIRATION": "option",
    "OPTIONASSIGNMENT": "option",
    "OPTIONEXERCISE": "option",
}
WITHOUT_CASH = {
    "SPLIT",
    "REVERSE_SPLIT",
    "STOCK_DIVIDEND",
    "SPINOFF",
    "STOCK_MERGER",
    "OPTIONEXPIRATION",
    "OPTIONASSIGNMENT",
    "OPTIONEXERCISE",
    "EXTERNAL_ASSET_TRANSFER_IN",
    "EXTERNAL_ASSET_TRANSFER_OUT",
    "INTERNAL_ASSET_TRANSFER_IN",
    "INTERNAL_ASSET_TRANSFER_OUT",
}


def kind(type: str) -> str:
    """The kind of an activity's type."""
    return KINDS.get(type.upper(), "unknown")
