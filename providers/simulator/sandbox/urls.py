"""URLs of Sandbox Bank."""

from django.urls import include, path

from providers.simulator import control
from providers.simulator.enable_banking import urls as enable_banking
from providers.simulator.ibkr import urls as ibkr
from providers.simulator.plaid import urls as plaid
from providers.simulator.sandbox import api, authorize, oauth, pages, permissions
from providers.simulator.simplefin import urls as simplefin
from providers.simulator.snaptrade import urls as snaptrade

urlpatterns = [
    path("", permissions.home),
    path("permissions/withdraw", permissions.withdraw),
    path("simulator.css", pages.stylesheet),
    path("simulator.svg", pages.mark),
    path(".well-known/oauth-authorization-server", oauth.metadata),
    path("oauth/authorize", authorize.authorize),
    path("oauth/par", oauth.pushed),
    path("oauth/token", oauth.token),
    path("oauth/revoke", oauth.revoke),
    path("api/v1/customer", api.customer),
    path("api/v1/accounts", api.accounts),
    path("api/v1/accounts/<str:account_id>/transactions", api.transactions),
    path("api/v1/accounts/<str:account_id>/holdings", api.holdings),
    path("api/v1/accounts/<str:account_id>/balances", api.balances),
    path("control/simplefin/", include(simplefin.control)),
    path("control/ibkr/", include(ibkr.control)),
    path("control/plaid/", include(plaid.control)),
    path("control/enable-banking/", include(enable_banking.control)),
    path("control/snaptrade/", include(snaptrade.control)),
    path("control/", include(control.urlpatterns)),
    path("plaid/", include(plaid)),
    path("enable-banking/", include(enable_banking)),
    path("snaptrade/", include(snaptrade)),
    path("simplefin/", include(simplefin)),
    path("ibkr/", include(ibkr)),
]
handler400 = "providers.simulator.sandbox.pages.bad_request"
handler404 = "providers.simulator.sandbox.pages.not_found"
handler500 = "providers.simulator.sandbox.pages.server_error"
