"""The project package as an app: static files, template tags, system checks."""

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from dashtam.staff_roles import make_roles


class DashtamConfig(AppConfig):
    """What every other app may import."""

    name = "dashtam"

    def ready(self) -> None:
        """Roles are made when it is django.contrib.auth's turn: the apps before it have their permissions by then."""
        auth = apps.get_app_config("auth")
        post_migrate.connect(make_roles, sender=auth, dispatch_uid="dashtam.staff_roles")
        from dashtam import metrics, stock

        metrics.stocks.append(stock.jobs)
