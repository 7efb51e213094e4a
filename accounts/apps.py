"""The people who use Dashtam."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Sign-up, sign-in, sessions."""

    name = "accounts"
    verbose_name = "People"
    default = True

    def ready(self) -> None:
        """Say where idempotency keys are kept; make the staff's roles when it is django.contrib.auth's turn.

        All permissions are there by then.
        """
        from accounts.entrance.idempotency import IdempotencyStore
        from accounts.staff.roles import make_roles
        from dashtam.api import idempotency

        idempotency.register(IdempotencyStore())

        auth = apps.get_app_config("auth")
        post_migrate.connect(make_roles, sender=auth, dispatch_uid="accounts.staff.roles")


class DashtamAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin with our own site."""

    default = False
    default_site = "accounts.staff.site.DashtamAdminSite"
