"""REST addresses of accounts, below /api/v1/events/."""

from django.urls import path

from accounts.api import me

urlpatterns = [path("tickets", me.Tickets.as_view())]
