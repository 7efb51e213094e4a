"""URLs of SnapTrade, below `/snaptrade/`, and its part of the control surface."""

from django.urls import path

from providers.simulator.snaptrade import access, data
from providers.simulator.snaptrade.calls import endpoint

urlpatterns = [
    path(".well-known/oauth-authorization-server", access.metadata),
    path("oauth/authorize", access.authorize),
    path("oauth/token", access.token),
    path("oauth/revoke", access.revoke),
    path("api-key", access.api_key),
    path("portal/<str:session>", access.portal),
    path("api/v1/snapTrade/login", endpoint("POST", access.login)),
    path("api/v1/authorizations", endpoint("GET", data.authorizations)),
    path("api/v1/accounts", endpoint("GET", data.accounts)),
    path("api/v1/accounts/<str:id>/balances", endpoint("GET", data.balances)),
    path("api/v1/accounts/<str:id>/positions/all", endpoint("GET", data.positions)),
    path("api/v1/accounts/<str:id>/activities", endpoint("GET", data.activities)),
]
control = [path("key", access.make_key), path("connections", access.disable)]
