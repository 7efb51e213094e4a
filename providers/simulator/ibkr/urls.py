"""URLs of the Flex Web Service, below `/ibkr/`, and its part of the control surface."""

from django.urls import path

from providers.simulator.ibkr import api

SERVICE = "AccountManagement/FlexWebService"
urlpatterns = [
    path("portal", api.portal),
    path(f"{SERVICE}/SendRequest", api.send_request),
    path(f"{SERVICE}/GetStatement", api.get_statement),
]
control = [path("desk", api.order)]
