"""URLs of Enable Banking, below `/enable-banking/`, and its part of the control surface."""

from django.urls import path

from providers.simulator.enable_banking import data, link
from providers.simulator.enable_banking.calls import endpoint

urlpatterns = [
    path("aspsps", endpoint(GET=link.aspsps)),
    path("auth", endpoint(POST=link.authorize)),
    path("applications", link.applications),
    path("bank/<str:id>", link.visit),
    path("sessions", endpoint(POST=link.open_session)),
    path("sessions/<str:id>", endpoint(GET=link.read_session, DELETE=link.end_session)),
    path("accounts/<str:uid>/details", endpoint(GET=data.details)),
    path("accounts/<str:uid>/balances", endpoint(GET=data.balances)),
    path("accounts/<str:uid>/transactions", endpoint(GET=data.transactions)),
]
control = [path("sessions", link.change)]
