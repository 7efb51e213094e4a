"""Accounts that people keep by hand: a house, a car, cash, a loan between friends."""

from typing import ClassVar

from providers.connectors.base import Connector
from providers.connectors.contract.facts import Facts, Rhythm
from providers.records import Capability


class ByHandConnector(Connector):
    """No institution: the person writes down what an account is worth."""

    slug = "by-hand"
    name = "Kept by hand"
    description = "A house, a car, cash, a pension or a loan between friends: you enter what it is worth."
    auth = "person"
    capabilities: ClassVar[tuple[Capability, ...]] = ("accounts", "balances")
    # A balance is as of its day, and a newer one comes when its person writes one down.
    facts = Facts(
        needs="Nothing but the number.",
        cost="Nothing.",
        freshness="As of the day you enter.",
        balances_due=Rhythm(None),
        prices_due=Rhythm(None),
    )
