"""The people who use Dashtam."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AccountsConfig(AppConfig):
    """Sign-up, sign-in, sessions."""

    name = "accounts"
    verbose_name = "People"
    default = True


class DashtamAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin with our own site."""

    default = False
    default_site = "accounts.admin_site.DashtamAdminSite"
