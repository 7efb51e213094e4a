"""The customers, their accounts and habits. Every name, number and company is invented."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from providers.simulator.books.dice import digest


class Kind(StrEnum):
    """The bank's own account kinds."""

    CHECKING = "CHECKING"
    SAVINGS = "SAVINGS"
    CREDIT_CARD = "CREDIT_CARD"
    MORTGAGE = "MORTGAGE"
    BROKERAGE = "BROKERAGE"


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `opening` follows the bank's convention, so a debt opens as a positive amount owed."""

    id: str
    kind: Kind
    nickname: str
    official_name: str
    last4: str
    subkind: str
    currency: str
    opening: Decimal
    limit: Decimal | None = None

    @property
    def owed(self) -> bool:
        """True where the balance is a debt."""
        return self.kind in (Kind.CREDIT_CARD, Kind.MORTGAGE)


@dataclass(frozen=True, slots=True)
class Habits:
    """A customer's regular payments, in cents. `purchases`: possible numbers of card purchases a day."""

    employer: str
    salary: int
    landlord: str
    rent: int
    purchases: tuple[int, ...]
    to_savings: int = 0
    to_brokerage: int = 0
    mortgage_payment: int = 0


@dataclass(frozen=True, slots=True)
class Customer:
    """A person who banks here; without habits nothing ever happens."""

    id: str
    name: str
    note: str
    accounts: tuple[Account, ...]
    habits: Habits | None = None

    def account(self, kind: Kind) -> Account | None:
        """The account of that kind, if any; no customer has two."""
        return next((account for account in self.accounts if account.kind is kind), None)


def _account(
    customer: str,
    kind: Kind,
    nickname: str,
    official_name: str,
    last4: str,
    subkind: str,
    opening: str,
    *,
    currency: str = "USD",
    limit: str | None = None,
) -> Account:
    return Account(
        id=f"acct_{digest(customer, kind, size=6)}",
        kind=kind,
        nickname=nickname,
        official_name=official_name,
        last4=last4,
        subkind=subkind,
        currency=currency,
        opening=Decimal(opening),
        limit=Decimal(limit) if limit else None,
    )


_LONG = "Rainy-day fund, the new roof, a year abroad for Lena (please leave alone until the festival)"

ANA = Customer(
    id="ana",
    name="Ana Castellanos",
    note="five accounts, two years of daily life",
    accounts=(
        _account("ana", Kind.CHECKING, "Everyday", "Harbour Checking", "4417", "EVERYDAY", "3214.88"),
        _account("ana", Kind.SAVINGS, _LONG, "Tide Savings Plus", "9020", "HIGH_YIELD", "8150.00"),
        _account(
            "ana",
            Kind.CREDIT_CARD,
            "Blue card",
            "Pebble Rewards Card",
            "7781",
            "REWARDS",
            "642.19",
            limit="9000.00",
        ),
        _account("ana", Kind.MORTGAGE, "Home", "Cornerstone Home Loan", "0356", "FIXED_30", "286400.00"),
        _account(
            "ana", Kind.BROKERAGE, "Investing", "Lighthouse Brokerage", "5562", "INDIVIDUAL", "31500.00"
        ),
    ),
    habits=Habits(
        employer="Northwind Cartography",
        salary=352_600,
        landlord="Ropewalk Studios",
        rent=39_500,
        purchases=(0, 1, 1, 2, 2, 3),
        to_savings=65_000,
        to_brokerage=80_000,
        mortgage_payment=168_420,
    ),
)
BEN = Customer(
    id="ben",
    name="Ben Okonjo-Lindqvist",
    note="three accounts, one of them in euros",
    accounts=(
        _account("ben", Kind.CHECKING, "Main account", "Harbour Checking", "2093", "EVERYDAY", "2180.10"),
        _account(
            "ben",
            Kind.SAVINGS,
            "Euro pot",
            "Tide Euro Savings",
            "6617",
            "FOREIGN_CURRENCY",
            "4200.00",
            currency="EUR",
        ),
        _account(
            "ben", Kind.CREDIT_CARD, "Card", "Pebble Basic Card", "1140", "BASIC", "0.00", limit="2500.00"
        ),
    ),
    habits=Habits(
        employer="Fern & Ferrule Bicycles",
        salary=179_000,
        landlord="Millrace Housing Co-operative",
        rent=115_000,
        purchases=(0, 0, 1, 1, 2),
    ),
)
ZOE = Customer(
    id="zoe",
    name="Zoë Amari",
    note="a new, empty portfolio",
    accounts=(
        _account("zoe", Kind.BROKERAGE, "First steps", "Lighthouse Brokerage", "8804", "INDIVIDUAL", "0.00"),
    ),
)
CUSTOMERS = {customer.id: customer for customer in (ANA, BEN, ZOE)}
