"""REST addresses of providers."""

from django.urls import path

from providers.api import connections, providers

urlpatterns = [
    path("providers", providers.Providers.as_view()),
    path("connections", connections.Connections.as_view()),
    path("connections/<uuid:id>", connections.ConnectionDetail.as_view()),
    path("connections/<uuid:id>/reauthorizations", connections.Reauthorizations.as_view()),
]
