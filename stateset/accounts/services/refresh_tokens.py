"""Refresh tokens: one family a login, each link used once."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from stateset.accounts import conf
from stateset.accounts.errors import ReusedTokenError, TokenRefusedError
from stateset.accounts.models import RefreshToken, User
from stateset.accounts.services.secrets import hash_secret, make_secret
from stateset.lib.journal import business_transaction


def issue_refresh_token(
    user: User, *, parent: RefreshToken | None = None
) -> tuple[RefreshToken, str]:
    """Return a new token and its secret, which is shown only now."""
    secret = make_secret()
    token = RefreshToken(
        user=user,
        token_hash=hash_secret(secret),
        parent=parent,
        expires_at=timezone.now() + conf.lifetimes().refresh_token,
    )
    if parent is not None:
        token.family_id = parent.family_id
    token.save(force_insert=True)
    return token, secret


def rotate_refresh_token(secret: str) -> tuple[RefreshToken, str]:
    """Exchange a live token for its successor, once.

    A spent token that comes back was stolen or replayed: its family is revoked and
    ReusedTokenError raised. Raises TokenRefusedError for any other dead token.
    """
    now = timezone.now()
    found = RefreshToken.objects.filter(token_hash=hash_secret(secret)).first()
    if found is None:
        raise _refused("it is unknown")
    with business_transaction():
        # The update claims the token: of two callers exactly one changes a row.
        claimed = (
            RefreshToken.objects.live(now)
            .filter(pk=found.pk, user__is_active=True)
            .update(used_at=now)
        )
        if claimed:
            return issue_refresh_token(found.user, parent=found)
        found.refresh_from_db()
        if found.used_at is not None:
            revoke_family(found.family_id, reason="reuse_detected")
    if found.used_at is not None:
        raise ReusedTokenError(
            "The login was ended.",
            why="a refresh token was used a second time",
            fix="log in again",
        )
    raise _refused("it is expired or revoked")


def revoke_family(family_id: UUID, *, reason: str) -> int:
    """End every token of one login; return how many were ended."""
    return RefreshToken.objects.filter(
        family_id=family_id, revoked_at__isnull=True
    ).update(revoked_at=timezone.now(), revoke_reason=reason)


def _refused(why: str) -> TokenRefusedError:
    return TokenRefusedError(
        "The refresh token was refused.", why=why, fix="log in again"
    )
