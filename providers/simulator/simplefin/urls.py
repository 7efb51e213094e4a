"""URLs of the SimpleFIN bridge, below `/simplefin/`, and its part of the control surface."""

from django.urls import path

from providers.simulator.simplefin import api

urlpatterns = [
    path("create", api.create),
    path("claim/<str:code>", api.claim),
    path("accounts", api.accounts),
]
control = [path("scenario", api.order), path("token", api.token)]
