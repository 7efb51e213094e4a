"""Types and units of accounts, of which SimpleFIN says little."""

import hashlib
import re
from typing import Any
from urllib.parse import urlsplit

from providers.connectors.simplefin.values import Misread
from providers.records import AccountType

LONGEST_UNIT = 32
_CODE = re.compile(r"[A-Z]{3}")
_WORDS: tuple[tuple[str, AccountType, str], ...] = (  # the bank's own names for what it sells
    (r"credit card|visa|mastercard|amex|american express|card", "credit", "credit_card"),
    (r"line of credit|heloc", "loan", "line_of_credit"),
    (r"mortgage|home loan", "loan", "mortgage"),
    (r"auto loan|student loan|personal loan|loan", "loan", "loan"),
    (r"brokerage|ira|roth|401k|401\(k\)|403b|529|investments?|portfolio", "investment", "brokerage"),
    (r"checking", "depository", "checking"),
    (r"savings?|money market|certificate of deposit", "depository", "savings"),
)
_TYPES = [(re.compile(rf"(?<!\w)(?:{words})(?!\w)"), type_, sub) for words, type_, sub in _WORDS]


def type_of(name: str, *, invests: bool) -> tuple[AccountType, str]:
    """The type that an account's name says; `other` where it says none, or more than one.

    The feed has no type. An account with holdings is an investment whatever it is called.
    """
    said = [(type_, sub) for form, type_, sub in _TYPES if form.search(name.lower())]
    if invests:
        return "investment", next((sub for type_, sub in said if type_ == "investment"), "")
    return said[0] if len({type_ for type_, _ in said}) == 1 else ("other", "")


def unit_of(value: Any) -> str:
    """A currency code, or for points and miles a short name of the URL that defines them. Raises Misread."""
    if isinstance(value, str) and _CODE.fullmatch(code := value.strip().upper()):
        return code
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise Misread("currency")
    parts = urlsplit(value)
    last = re.sub(r"[^A-Za-z0-9.-]", "", parts.path.rstrip("/").rpartition("/")[2]).lstrip(".-") or "unit"
    mark = hashlib.sha256(value.encode()).hexdigest()[:6]
    return f"{last[: LONGEST_UNIT - 7]}:{mark}"
