"""URLs of the providers' pages."""

from django.urls import path

from providers.pages import (
    accounts,
    cash_flow,
    connections,
    dashboard,
    imports,
    investments,
    transactions,
)
from providers.pages.acts import accounts as account_acts
from providers.pages.acts import connections as connection_acts
from providers.pages.acts import imports as import_acts
from providers.pages.acts import previews
from providers.pages.acts import transactions as transaction_acts
from providers.pages.linking import catalogue, failures, link
from providers.pages.review import history, reviews, set_aside

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("connections", connections.connections, name="connections"),
    path("connections/calendar.ics", connections.consent_calendar, name="connections-calendar"),
    path("connections/new", catalogue.new, name="connection-new"),
    path("connections/start/<str:token>", link.start, name="connection-start"),
    path("connections/failed/<slug:code>", failures.failed, name="connection-failed"),
    path("connections/<uuid:id>", connections.connection, name="connection"),
    path("connections/<uuid:id>/sync", connections.sync, name="connection-sync"),
    path("connections/<uuid:id>/reconnect", link.reconnect, name="connection-reconnect"),
    path("connections/<uuid:id>/disconnect", connections.disconnect, name="connection-disconnect"),
    path("connections/<uuid:id>/erase", connection_acts.erase, name="connection-erase"),
    path("connections/<uuid:id>/read-again", connection_acts.read_again, name="connection-read-again"),
    path("providers/<slug:slug>/callback", link.callback, name="provider-callback"),
    path("accounts/new", account_acts.new, name="account-new"),
    path("accounts/<uuid:id>", accounts.account, name="account"),
    path("accounts/<uuid:id>/balance", account_acts.balance, name="account-balance"),
    path("accounts/<uuid:id>/settings", account_acts.settings, name="account-settings"),
    path("accounts/<uuid:id>/delete", account_acts.delete, name="account-delete"),
    path("transactions/<uuid:id>", transaction_acts.transaction, name="transaction"),
    path("transactions/<uuid:id>/put-aside", transaction_acts.put_aside, name="transaction-put-aside"),
    path("transactions/<uuid:id>/history", history.history, name="transaction-history"),
    path("transactions/<uuid:id>/history/undo", history.undo, name="transaction-undo"),
    path("transactions/set-aside", set_aside.set_aside, name="transactions-set-aside"),
    path("reviews", reviews.reviews, name="reviews"),
    path("reviews/<uuid:id>", reviews.answer, name="review-answer"),
    path("transactions", transactions.transactions, name="transactions"),
    path("transactions.csv", transactions.transactions_csv, name="transactions-csv"),
    path("cash-flow", cash_flow.cash_flow, name="cash-flow"),
    path("investments", investments.investments, name="investments"),
    path("imports/new", imports.new, name="import-new"),
    path("imports/<uuid:id>", imports.result, name="import"),
    path("imports/<uuid:id>/preview", previews.preview, name="import-preview"),
    path("imports/<uuid:id>/undo", import_acts.undo, name="import-undo"),
]
