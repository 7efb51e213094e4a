"""A person's holdings over all accounts, added up in one currency."""

from uuid import UUID

from django.db import connection
from django.utils import timezone

from dashtam.bridge.doors import run_db
from providers.ledger.portfolio import Portfolio, Position, portfolio
from providers.rates.conversion import DayRates
from providers.rates.lookup import rates_of_days

# Accounts that are closed, or that their person leaves out, are not among them, as in net worth.
_POSITIONS = """
SELECT account.id, account.name, security.symbol, security.name, security.type, security.cusip, security.isin,
    holding.quantity, holding.price, holding.market_value, holding.cost_basis, holding.currency, holding.as_of,
    link.provider
FROM providers_financialaccount AS account
JOIN providers_connection AS link ON link.id = account.connection_id
LEFT JOIN providers_holding AS holding ON holding.account_id = account.id
LEFT JOIN providers_security AS security ON security.id = holding.security_id
WHERE account.user_id = %(user)s AND account.closed_at IS NULL AND account.in_net_worth
    AND NOT EXISTS (SELECT FROM providers_accountdoor AS door WHERE door.account_id = account.id)
    AND (holding.id IS NOT NULL OR account.type = 'investment')
ORDER BY account.name, account.id, security.name, holding.id
"""


async def investments(user_id: UUID, /, currency: str = "USD") -> Portfolio:
    """All holdings in one currency, at the rates of today or the last ones before."""
    return await run_db(_investments, user_id, currency)


def _investments(user_id: UUID, base: str) -> Portfolio:
    with connection.cursor() as cursor:
        cursor.execute(_POSITIONS, {"user": user_id})
        rows = cursor.fetchall()
    as_of = -2  # its column
    positions = [Position(*row) for row in rows if row[as_of] is not None]
    empty = [row[1] for row in rows if row[as_of] is None]
    units, today = {each.currency for each in positions} - {base}, timezone.now().date()
    rates = rates_of_days([today], {*units, base})[today] if units else DayRates(today)
    return portfolio(positions, rates, base, empty)
