"""Issue, check and revoke API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from stateset.accounts import conf
from stateset.accounts.errors import AccountsError, ApiKeyRefusedError
from stateset.accounts.models import ApiKey, User
from stateset.accounts.services.secrets import hash_secret, make_secret
from stateset.lib.journal import business_transaction

LAST_USE_GRAIN = timedelta(minutes=1)
"""``last_used_at`` is written at most this often, not with every request."""


def issue_api_key(
    *,
    user: User,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Return a new key of ``user`` and its secret, which is shown only now.

    Without ``expires_at`` it lives as long as settings say. Raises AccountsError
    for a deactivated user or without scopes.
    """
    if not user.is_active:
        raise AccountsError(
            f"No API key was issued to {user}.",
            why="the user is deactivated",
            fix="activate the user first, or choose another",
        )
    if not scopes:
        raise AccountsError(
            f"No API key was issued to {user}.",
            why="it has no scope, so it would open nothing",
            fix='name at least one scope, such as "metrics:read"',
        )
    prefix = conf.api_key_prefix()
    secret = make_secret(prefix)
    with business_transaction():
        key = ApiKey.objects.create(
            user=user,
            name=name,
            prefix=prefix,
            key_hint=secret[-4:],
            key_hash=hash_secret(secret),
            scopes=sorted(set(scopes)),
            expires_at=expires_at or timezone.now() + conf.lifetimes().api_key,
        )
    return key, secret


def authenticate_api_key(key: str, *, scope: str) -> ApiKey:
    """Return the key that ``key`` is the secret of, if it opens ``scope``.

    A key never opens more than its scopes name. Raises ApiKeyRefusedError.
    """
    now = timezone.now()
    found = (
        ApiKey.objects.usable(now)
        .select_related("user")
        .filter(key_hash=hash_secret(key))
        .first()
    )
    if found is None or scope not in found.scopes:
        raise ApiKeyRefusedError
    ApiKey.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USE_GRAIN),
        pk=found.pk,
    ).update(last_used_at=now)
    return found


def revoke_api_key(key: ApiKey, *, reason: str) -> ApiKey:
    """Make ``key`` open nothing from now on; revoking twice keeps the first time."""
    with business_transaction(reason=reason):
        ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now(), revoke_reason=reason[:255]
        )
    key.refresh_from_db()
    return key
