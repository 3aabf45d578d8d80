"""Deactivate users and bring them back; users are never deleted."""

from __future__ import annotations

from django.utils import timezone

from stateset.accounts.models import ApiKey, RefreshToken, User
from stateset.lib.journal import business_transaction


def deactivate_user(user: User, *, reason: str) -> User:
    """Lock ``user`` out everywhere: no password, token or key works any more."""
    now = timezone.now()
    with business_transaction(reason=reason):
        user.is_active = False
        user.save(update_fields=["is_active", "updated_at"])
        RefreshToken.objects.filter(user=user, revoked_at__isnull=True).update(
            revoked_at=now, revoke_reason="user_deactivated"
        )
        ApiKey.objects.filter(user=user, revoked_at__isnull=True).update(
            revoked_at=now, revoke_reason=reason[:255] or "user deactivated"
        )
    return user


def activate_user(user: User, *, reason: str) -> User:
    """Let ``user`` log in again; revoked keys and tokens stay revoked."""
    with business_transaction(reason=reason):
        user.is_active = True
        user.save(update_fields=["is_active", "updated_at"])
    return user
