"""Currencies (ISO 4217): the codes a person may choose, and how amounts in them are written."""

_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
    GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""

CODES = tuple(_CODES.split())

# Exponents that are not 2, also of units of account, which institutions report but no person chooses.
_MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip

# Coins whose names have the form of ISO 4217.
_COINS = frozenset(
    ["BTC", "ETH", "LTC", "XRP", "ADA", "DOT", "SOL", "BCH", "BNB", "TRX", "XLM", "XMR", "UNI"]
)

# Symbols that name one currency only; every other currency shows its code.
SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$", "MXN": "MX$",
    "BRL": "R$", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫", "NGN": "₦", "UAH": "₴",
}  # fmt: skip

# Plural names for screen readers; every other currency is spoken by its code.
NAMES = {
    "USD": "US dollars", "EUR": "euros", "GBP": "pounds sterling", "JPY": "Japanese yen",
    "CAD": "Canadian dollars", "AUD": "Australian dollars", "NZD": "New Zealand dollars",
    "CHF": "Swiss francs", "SEK": "Swedish kronor", "NOK": "Norwegian kroner", "DKK": "Danish kroner",
    "PLN": "Polish zloty", "INR": "Indian rupees", "KRW": "South Korean won", "BRL": "Brazilian reais",
    "MXN": "Mexican pesos",
}  # fmt: skip


def is_currency(unit: str) -> bool:
    """True for the form of ISO 4217; other units are coins, tokens and points."""
    return len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper() and unit not in _COINS


def minor_units(currency: str) -> int:
    """The number of decimals of a currency (ISO 4217), 2 for an unknown one; none for another unit."""
    return _MINOR_UNITS.get(currency, 2 if is_currency(currency) else 0)
