"""Roles of staff who are no superusers. Each app permits the least that a role needs of its own."""

from typing import Any

SUPPORT, OPERATIONS = "Support", "Operations"
ROLES: dict[str, list[str]] = {SUPPORT: [], OPERATIONS: []}


def permit(role: str, *permissions: str) -> None:
    """Add permissions of an app (`<app>.<codename>`) to a role."""
    ROLES[role].extend(permissions)


def make_roles(using: str = "default", **_: Any) -> None:
    """After each migration, give each role what it has here and nothing else."""
    from django.contrib.auth.models import Group, Permission

    permissions = Permission.objects.using(using).select_related("content_type")
    known = {f"{one.content_type.app_label}.{one.codename}": one for one in permissions}
    for name, wanted in ROLES.items():
        group, _created = Group.objects.using(using).get_or_create(name=name)
        group.permissions.set([known[one] for one in wanted if one in known])
