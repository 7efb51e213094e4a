"""The people who use Dashtam."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Sign-up, sign-in, sessions."""

    name = "accounts"
