"""URLs of the providers' API, below /api/v1/."""

from django.urls import path

from providers.api import (
    access,
    accounts,
    balances,
    cash_flow,
    connections,
    exchange_rates,
    holdings,
    imports,
    net_worth,
    providers,
    syncs,
    transactions,
)
from providers.api.review import edits, history, proof, reviews

urlpatterns = [
    path("providers", providers.Providers.as_view()),
    path("connections", connections.Connections.as_view()),
    path("connections/calendar", connections.ConsentCalendar.as_view()),
    path("connections/<uuid:id>", connections.ConnectionDetail.as_view()),
    path("connections/<uuid:id>/reauthorizations", access.Reauthorizations.as_view()),
    path("connections/<uuid:id>/data", connections.ConnectionData.as_view()),
    path("connections/<uuid:id>/deleted-accounts", connections.DeletedAccounts.as_view()),
    path("connections/<uuid:id>/steps", access.Steps.as_view()),
    path("connections/<uuid:id>/syncs", syncs.Syncs.as_view()),
    path("accounts", accounts.Accounts.as_view()),
    path("accounts/<uuid:id>", accounts.AccountDetail.as_view()),
    path("accounts/<uuid:id>/transactions", transactions.AccountTransactions.as_view()),
    path("accounts/<uuid:id>/holdings", holdings.AccountHoldings.as_view()),
    path("accounts/<uuid:id>/balances", balances.AccountBalances.as_view()),
    path("accounts/<uuid:id>/proof", proof.AccountProof.as_view()),
    path("accounts/<uuid:id>/completeness", proof.AccountCompleteness.as_view()),
    path("transactions", transactions.Transactions.as_view()),
    path("transactions/set-aside", edits.SetAside.as_view()),
    path("transactions/<uuid:id>", edits.TransactionDetail.as_view()),
    path("transactions/<uuid:id>/restore", edits.TransactionRestore.as_view()),
    path("transactions/<uuid:id>/history", history.TransactionHistory.as_view()),
    path("transactions/<uuid:id>/history/<str:entry>/undo", history.HistoryUndo.as_view()),
    path("reviews", reviews.Reviews.as_view()),
    path("reviews/<uuid:id>/accept", reviews.ReviewAccept.as_view()),
    path("reviews/<uuid:id>/refuse", reviews.ReviewRefuse.as_view()),
    path("reviews/<uuid:id>/undo", reviews.ReviewUndo.as_view()),
    path("holdings", holdings.Holdings.as_view()),
    path("net-worth", net_worth.NetWorthView.as_view()),
    path("cash-flow", cash_flow.CashFlowView.as_view()),
    path("exchange-rates", exchange_rates.ExchangeRates.as_view()),
    path("imports", imports.Imports.as_view()),
    path("imports/<uuid:id>", imports.ImportDetail.as_view()),
]
