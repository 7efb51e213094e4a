"""What support staff may do without being superusers: two roles, each with the least it needs."""

from typing import Any

ROLES: dict[str, tuple[str, ...]] = {
    "Support": (
        "accounts.view_user",
        "accounts.view_session",
        "accounts.help_user",
        "providers.view_connection",
        "providers.view_syncrun",
        "providers.view_authorizationrequest",
        "providers.view_financialaccount",
        "providers.view_balancesnapshot",
        "providers.view_transaction",
        "notifications.view_email",
        "notifications.change_email",  # to send one again that failed; nothing in it can be changed
    ),
    "Operations": (
        "accounts.see_operations",
        "procrastinate.view_procrastinatejob",
        "procrastinate.view_procrastinateevent",
    ),
}


def make_roles(using: str = "default", **_: Any) -> None:
    """After each migration, give each role what it has here and nothing else."""
    from django.contrib.auth.models import Group, Permission

    permissions = Permission.objects.using(using).select_related("content_type")
    known = {f"{one.content_type.app_label}.{one.codename}": one for one in permissions}
    for name, wanted in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set([known[one] for one in wanted if one in known])
