"""Set a password: the one way, with or without a token that is used once."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from stateset.accounts import conf
from stateset.accounts.errors import AccountsError, TokenRefusedError
from stateset.accounts.models import PasswordResetToken, RefreshToken, User
from stateset.accounts.services.secrets import hash_secret, make_secret
from stateset.lib.journal import business_transaction


def request_password_reset(user: User) -> str:
    """Return the secret of a new reset token; an earlier one stops working."""
    now = timezone.now()
    secret = make_secret()
    with business_transaction():
        PasswordResetToken.objects.open().filter(user=user).update(invalidated_at=now)
        PasswordResetToken.objects.create(
            user=user,
            token_hash=hash_secret(secret),
            expires_at=now + conf.lifetimes().password_reset,
        )
    return secret


def find_reset_token(secret: str) -> PasswordResetToken | None:
    """Return the open token of ``secret``, or None when it opens nothing."""
    return (
        PasswordResetToken.objects.open()
        .select_related("user")
        .filter(
            token_hash=hash_secret(secret),
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )


def reset_password(secret: str, password: str) -> User:
    """Set ``password`` for the token's user and end their logins.

    API keys keep working: programs do not know passwords. Raises
    TokenRefusedError, or AccountsError for a password that is too weak.
    """
    token = find_reset_token(secret)
    if token is None:
        raise _refused()
    _require_strong(password, token.user)
    with business_transaction(reason="password reset"):
        claimed = (
            PasswordResetToken.objects.open()
            .filter(pk=token.pk)
            .update(used_at=timezone.now())
        )
        if not claimed:
            raise _refused()
        set_password(user=token.user, password=password)
    return token.user


def set_password(*, user: User, password: str | None, reason: str = "") -> User:
    """Store the hash of ``password``; end the user's logins and open reset links.

    With None nobody logs in with a password any more. Whether it is strong enough was
    asked before: forms and commands show each reason where it was typed.
    """
    now = timezone.now()
    with business_transaction(reason=reason):
        user.set_password(password)
        user.save(update_fields=["password", "updated_at"])
        RefreshToken.objects.filter(user=user, revoked_at__isnull=True).update(
            revoked_at=now, revoke_reason="password_changed"
        )
        PasswordResetToken.objects.open().filter(user=user).update(invalidated_at=now)
    return user


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountsError(
            f"The password of {user} was not changed.",
            why=" ".join(error.messages),
            fix="choose a longer, less common password",
        ) from error


def _refused() -> TokenRefusedError:
    return TokenRefusedError(
        "The password was not changed.",
        why="the link is unknown, expired or used already",
        fix="ask for a new link",
    )
