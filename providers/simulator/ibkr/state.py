"""The service as it runs: tokens of customers, what their queries leave out, and statements on their way."""

from dataclasses import dataclass, field
from datetime import date

from django.http import HttpRequest

from providers.simulator.bank import Bank, bank_of
from providers.simulator.books.customers import CUSTOMERS, Account, Customer, Kind
from providers.simulator.books.dice import digest
from providers.simulator.vendor import minted


@dataclass(slots=True)
class Desk:
    """A customer's token and query. `error` is answered in place of a statement, `polls` times "in progress" first.

    `without` names sections, and fields as `Trade.transactionID`, that the query leaves out.
    """

    customer_id: str
    token: str = field(default_factory=lambda: str(int(digest(minted("t")), 16)))
    query: str = "1117042"
    error: str = ""
    polls: int = 0
    without: list[str] = field(default_factory=list)

    @property
    def customer(self) -> Customer:
        """The person."""
        return CUSTOMERS[self.customer_id]


@dataclass(slots=True)
class Ibkr:
    """The vendor's state. Statements under way are by reference: whose token, how often to wait, and which days."""

    desks: dict[str, Desk] = field(default_factory=dict)
    making: dict[str, tuple[str, int, tuple[date, date]]] = field(default_factory=dict)

    def desk(self, customer: Customer) -> Desk:
        """A customer's token and query, made when they are first asked for."""
        return self.desks.setdefault(customer.id, Desk(customer.id))

    def known(self, token: str) -> Desk | None:
        """The desk with this token."""
        return next((each for each in self.desks.values() if each.token == token), None)


def endpoint(path: list[str]) -> tuple[str, str | None]:
    """The name a path has in faults and in the log."""
    names = {"SendRequest": "token", "GetStatement": "transactions"}
    return names.get(path[-1] if path else "", "pages"), None


def state(bank: Bank) -> Ibkr:
    """The vendor beside this bank."""
    return bank.vendor("ibkr", Ibkr)


def ibkr_of(request: HttpRequest) -> Ibkr:
    """The vendor that serves this request."""
    return state(bank_of(request))


def portfolio(customer: Customer) -> Account | None:
    """The customer's account here."""
    return customer.account(Kind.BROKERAGE)


def account_id(account: Account) -> str:
    """IBKR's number of an account."""
    return f"U{int(digest('ibkr', account.id), 16) % 10**7:07d}"


def customer_named(name: str) -> Customer:
    """The customer of that id, or the first one."""
    return CUSTOMERS.get(name, CUSTOMERS["ana"])
