"""The groups a company starts with, and what each may do.

Permissions are granted when they come into being, never again: what staff add to
a group stays, and what they take away does not come back with the next migrate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import connections

ALL = "view add change delete"
WORK = "view add change"
READ = "view"
EVERYTHING = "everything"

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Support": {
        "orders": WORK,
        "returns": f"{WORK} approve_return receive_return",
        "fulfillment": READ,
        "finance": READ,
        "inventory": READ,
    },
    "Warehouse": {
        "fulfillment": WORK,
        "inventory": WORK,
        "orders": READ,
        "returns": f"{READ} receive_return",
    },
    "Buyer": {"inventory": f"{WORK} approve_purchaseorder", "finance": READ},
    "Production": {"inventory": WORK},
    "Finance": {"finance": WORK, "orders": READ, "inventory": READ, "returns": READ},
    "Manager": {
        "orders": ALL,
        "returns": f"{ALL} approve receive",
        "fulfillment": ALL,
        "finance": ALL,
        "inventory": f"{ALL} approve",
        "accounts": READ,
        "system": READ,
        "dbops": READ,
    },
    "Auditor": {
        "orders": READ,
        "returns": READ,
        "fulfillment": READ,
        "finance": READ,
        "inventory": READ,
        "accounts": READ,
        "system": READ,
        "dbops": READ,
    },
    "Administrator": dict.fromkeys(
        (
            "orders",
            "returns",
            "fulfillment",
            "finance",
            "inventory",
            "accounts",
            "auth",
            "system",
            "dbops",
        ),
        EVERYTHING,
    ),
}
"""Group, app label, actions on every model of that app, or codenames in full.

An Administrator may do all there is, break-glass included, without being a superuser,
whom no permission could be taken from.
"""


@dataclass
class _Seen:
    """What was there before the running migrate, by database alias."""

    newest_permission: dict[str, int] = field(default_factory=dict)
    new_groups: dict[str, set[str]] = field(default_factory=dict)


_seen = _Seen()


def note_permissions(using: str, **_: Any) -> None:
    """Remember which permissions are there before migrations make more."""
    _seen.newest_permission[using] = 0
    _seen.new_groups[using] = set()
    with connections[using].cursor() as cursor:
        tables = connections[using].introspection.table_names(cursor)
    if Permission._meta.db_table in tables:
        newest = Permission.objects.using(using).order_by("-pk").first()
        _seen.newest_permission[using] = newest.pk if newest else 0


def grant_permissions(sender: AppConfig, using: str, **_: Any) -> None:
    """Make the groups, and grant each what came into being for ``sender``'s app.

    Runs once an app, in that app's turn.
    """
    actions = {
        name: rights[sender.label].split()
        for name, rights in GROUPS.items()
        if sender.label in rights
    }
    if not actions:
        return
    # Django's own receiver may come after this one; making them twice is harmless.
    create_permissions(sender, using=using, verbosity=0)
    permissions = list(
        Permission.objects.using(using).filter(content_type__app_label=sender.label)
    )
    grant = Group.permissions.through
    grant._base_manager.using(using).bulk_create(
        [
            grant(group_id=group.pk, permission_id=permission.pk)
            for group, since in _groups(actions, using)
            for permission in permissions
            if permission.pk > since and _is_meant(permission, actions[group.name])
        ],
        ignore_conflicts=True,
    )


def _groups(names: Iterable[str], using: str) -> Iterator[tuple[Group, int]]:
    """Yield each group, made if need be, and the newest permission not to grant it."""
    groups = Group.objects.using(using)
    existing = {group.name: group for group in groups.filter(name__in=names)}
    new_groups = _seen.new_groups.setdefault(using, set())
    for name in names:
        group = existing.get(name)
        if group is None:
            group = groups.create(name=name)
            new_groups.add(name)
        is_new = name in new_groups
        yield group, 0 if is_new else _seen.newest_permission.get(using, 0)


def _is_meant(permission: Permission, actions: Collection[str]) -> bool:
    if EVERYTHING in actions:
        return True
    verb = permission.codename.partition("_")[0]
    return verb in actions or permission.codename in actions
