"""The people who use Dashtam."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """The Django app of people, their sessions and their security."""

    name = "accounts"
    verbose_name = "People"
    default = True

    def ready(self) -> None:
        """Make the staff's roles after django.contrib.auth has migrated: all permissions exist by then."""
        from accounts.staff.roles import make_roles

        auth = apps.get_app_config("auth")
        post_migrate.connect(make_roles, sender=auth, dispatch_uid="accounts.staff.roles")


class DashtamAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin with our own site."""

    default = False
    default_site = "accounts.staff.site.DashtamAdminSite"
