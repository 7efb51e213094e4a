"""The people who use Dashtam."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    """The Django app of people, their sessions and their security."""

    name = "accounts"
    verbose_name = "People"
    default = True

    def ready(self) -> None:
        """Register what each app holds of people, idempotency keys, the paths that hash, and the making of roles."""
        from accounts.audit import stopped_mail
        from accounts.entrance.idempotency import IdempotencyStore
        from accounts.staff.roles import make_roles
        from dashtam.api import idempotency
        from dashtam.web.paths import program_paths
        from notifications.models.suppression import on_stop

        on_stop.append(stopped_mail.note)
        idempotency.register(IdempotencyStore())
        program_paths.hash_for_strangers("/api/v1/auth/tokens", "/api/v1/auth/users")

        autodiscover_modules("personal_data")
        # When it is django.contrib.auth's turn: all permissions are there by then.
        auth = apps.get_app_config("auth")
        post_migrate.connect(make_roles, sender=auth, dispatch_uid="accounts.staff.roles")


class DashtamAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin with our own site."""

    default = False
    default_site = "accounts.staff.site.DashtamAdminSite"
