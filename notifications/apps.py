"""Telling people and machines."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Mail and live events."""

    name = "notifications"
