"""REST addresses of notifications."""

from django.urls import path

from notifications.api import feedback

urlpatterns = [path("mail/sns", feedback.SnsFeedback.as_view())]
