"""What must not come back with a restored database: logins, dead keys, old rights.

Of two states the narrower one counts: what was taken away since the backup stays
away, what was given since has to be given again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db.models import F, Manager
from django.utils import timezone

from stateset.accounts.models import (
    ApiKey,
    PasswordResetToken,
    RefreshToken,
    User,
)
from stateset.lib.quarantine import Finding

REASON = "restored from a backup"
CHANGED = "changed since the backup that was restored"
UNKNOWN = "restored; nobody knows whether it was revoked since"
KEY_COLUMNS = ("user_id", "name", "key_hash", "scopes", "expires_at")
SWITCHES = ("is_active", "is_staff", "is_superuser")


def quarantine(restored: str, live: str | None) -> Iterator[Finding]:
    """End logins and links; give keys and users the narrower of both states."""
    now = timezone.now()
    yield from _logins(restored, now)
    if live is None:
        yield _keys_unknown(restored, now)
        return
    yield from _users(restored, live)
    yield from _groups(restored, live)
    yield from _keys(restored, live, now)


def _logins(restored: str, now: datetime) -> Iterator[Finding]:
    # Among them the rows that remember which page of an action was sent.
    deleted, _ = Session.objects.using(restored).all().delete()
    yield Finding("sessions", "deleted", deleted)
    tokens = RefreshToken.objects.using(restored).filter(revoked_at__isnull=True)
    ended = tokens.update(revoked_at=now, revoke_reason=REASON)
    yield Finding("refresh tokens", "revoked", ended)
    links = PasswordResetToken.objects.using(restored).open()
    yield Finding("password links", "ended", links.update(invalidated_at=now))


def _keys_unknown(restored: str, now: datetime) -> Finding:
    keys = ApiKey.objects.using(restored).filter(revoked_at__isnull=True)
    names = tuple(sorted(map(str, keys)))
    count = keys.update(revoked_at=now, revoke_reason=UNKNOWN)
    return Finding("API keys", "off, as nobody knows which were revoked", count, names)


def _keys(restored: str, live: str, now: datetime) -> Iterator[Finding]:
    current = {key.pk: key for key in ApiKey.objects.using(live)}
    dead, changed = [], []
    for key in ApiKey.objects.using(restored).filter(revoked_at__isnull=True):
        as_it_was = current.get(key.pk)
        if as_it_was is not None and as_it_was.revoked_at is not None:
            _turn_off(key, as_it_was.revoked_at, as_it_was.revoke_reason)
            dead.append(str(key))
        elif as_it_was is None or _columns(key) != _columns(as_it_was):
            _turn_off(key, now, CHANGED)
            changed.append(str(key))
    yield _named("API keys revoked since", "stay off", dead)
    yield _named("API keys changed since", "off; issue new ones", changed)
    back = set(ApiKey.objects.using(restored).values_list("pk", flat=True))
    gone = [
        str(key)
        for key in current.values()
        if key.pk not in back and key.revoked_at is None
    ]
    yield _named("API keys issued since", "gone; issue new ones", gone)


def _columns(key: ApiKey) -> tuple[Any, ...]:
    return tuple(getattr(key, name) for name in KEY_COLUMNS)


def _turn_off(key: ApiKey, at: datetime, reason: str) -> None:
    key.revoked_at, key.revoke_reason = at, reason
    key.save(using=key._state.db, update_fields=["revoked_at", "revoke_reason"])


def _users(restored: str, live: str) -> Iterator[Finding]:
    current = {
        user.pk: user
        for user in User.objects.using(live).prefetch_related(
            "groups", "user_permissions__content_type"
        )
    }
    told = []
    for user in User.objects.using(restored).prefetch_related(
        "groups", "user_permissions__content_type"
    ):
        as_it_was = current.pop(user.pk, None)
        if words := [*_narrowed(user, as_it_was), *_rights_taken(user, as_it_was)]:
            told.append(f"{user} ({', '.join(words)})")
    yield _named("users changed since", "narrowed; look at them", told)
    yield _named("users made since", "gone", [str(user) for user in current.values()])


def _narrowed(user: User, as_it_was: User | None) -> list[str]:
    """Take over the switches that went off since, and a password set since."""
    columns: dict[str, Any] = {}
    if as_it_was is None:
        columns = {"is_active": False} if user.is_active else {}
    else:
        columns = {
            name: False
            for name in SWITCHES
            if getattr(user, name) and not getattr(as_it_was, name)
        }
        if user.password != as_it_was.password:
            columns["password"] = as_it_was.password
    if columns:
        User.objects.using(user._state.db).filter(pk=user.pk).update(
            **columns, version=F("version") + 1, updated_at=timezone.now()
        )
    words = {name: f"not {name.removeprefix('is_')}" for name in SWITCHES}
    return [words.get(name, "newer password") for name in columns]


def _rights_taken(user: User, as_it_was: User | None) -> Iterator[str]:
    if as_it_was is None:
        return
    groups = {group.name for group in as_it_was.groups.all()}
    for group in user.groups.all():
        if group.name not in groups:
            user.groups.remove(group)
            yield f"not in {group.name}"
    yield from _permissions_taken(user.user_permissions, as_it_was.user_permissions)


def _groups(restored: str, live: str) -> Iterator[Finding]:
    related = "permissions__content_type"
    current = {
        group.name: group
        for group in Group.objects.using(live).prefetch_related(related)
    }
    told = []
    for group in Group.objects.using(restored).prefetch_related(related):
        as_it_was = current.get(group.name)
        if as_it_was is None:
            continue
        taken = list(_permissions_taken(group.permissions, as_it_was.permissions))
        if taken:
            told.append(f"{group} ({', '.join(taken)})")
    yield _named("groups changed since", "narrowed; look at them", told)


def _permissions_taken(
    restored: Manager[Permission], live: Manager[Permission]
) -> Iterator[str]:
    """Remove what was taken away since; keys differ between the two, names do not."""
    current = {permission.natural_key() for permission in live.all()}
    taken = [each for each in restored.all() if each.natural_key() not in current]
    if taken:
        restored.remove(*taken)  # type: ignore[attr-defined]  # a related manager's
    for permission in taken:
        yield f"no {permission.codename}"


def _named(subject: str, done: str, names: list[str]) -> Finding:
    return Finding(subject, done, len(names), tuple(sorted(names)))
