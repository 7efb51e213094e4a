"""URLs of Plaid, below `/plaid/`, and its part of the control surface."""

from django.urls import path

from providers.simulator.plaid import data, investments, items, link, webhooks

urlpatterns = [
    path("link/token/create", link.create),
    path("link/token/get", link.get),
    path("hosted/<str:token>", link.hosted),
    path("item/public_token/exchange", link.exchange),
    path("item/get", items.get),
    path("item/remove", items.remove),
    path("institutions/search", link.search),
    path("accounts/get", items.accounts),
    path("transactions/sync", data.sync),
    path("investments/holdings/get", investments.holdings),
    path("investments/transactions/get", investments.activities),
    path("webhook_verification_key/get", webhooks.key),
    path("sandbox/public_token/create", link.sandbox_public_token),
    path("sandbox/item/reset_login", items.reset_login),
    path("sandbox/item/fire_webhook", webhooks.fire),
]
control = [
    path("webhook", webhooks.message),
    path("items", items.break_items),
    path("logins", items.break_logins),
]
