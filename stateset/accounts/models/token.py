"""Tokens with a short life: refresh tokens and password resets, as hashes."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from stateset.lib.constraints import check
from stateset.lib.models import Record


class RefreshTokenQuerySet(models.QuerySet["RefreshToken"]):
    def live(self, at: datetime) -> RefreshTokenQuerySet:
        """Return the tokens that may still be exchanged at ``at``."""
        return self.filter(
            used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=at
        )


class RefreshToken(Record):
    """One link in the chain of a login; using a spent one ends the family."""

    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        related_name="refresh_tokens",
    )
    token_hash = models.CharField(max_length=64, unique=True)
    family_id = models.UUIDField(default=uuid7)
    parent = models.OneToOneField(
        "self", on_delete=models.CASCADE, null=True, related_name="successor"
    )
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=32, blank=True)

    objects = RefreshTokenQuerySet.as_manager()

    class Meta:
        db_table = "refresh_tokens"
        db_table_comment = "Refresh tokens, as SHA-256; one family a login"
        indexes = [
            models.Index(
                fields=["family_id"],
                condition=Q(revoked_at__isnull=True),
                # Read when a spent token comes back and its family is revoked.
                name="idx_refresh_tokens_family",
            ),
            models.Index(fields=["expires_at"], name="idx_refresh_tokens_expires"),
        ]
        constraints = [
            check(
                Q(expires_at__gt=F("created_at")),
                name="refresh_token_expires_after_creation",
                message="A token must expire after it was made.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"


class PasswordResetTokenQuerySet(models.QuerySet["PasswordResetToken"]):
    def open(self) -> PasswordResetTokenQuerySet:
        """Return the tokens that were neither used nor replaced."""
        return self.filter(used_at__isnull=True, invalidated_at__isnull=True)


class PasswordResetToken(Record):
    """One request to set a new password; used once, or replaced, or expired."""

    user = models.ForeignKey(
        "accounts.User",
        on_delete=models.CASCADE,
        related_name="password_reset_tokens",
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    invalidated_at = models.DateTimeField(null=True)

    objects = PasswordResetTokenQuerySet.as_manager()

    class Meta:
        db_table = "password_reset_tokens"
        db_table_comment = "Requests to set a new password, as SHA-256"
        indexes = [
            models.Index(fields=["expires_at"], name="idx_reset_tokens_expires"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(used_at__isnull=True, invalidated_at__isnull=True),
                name="password_reset_token_one_open",
                violation_error_message="An earlier reset token is still open.",
            ),
            check(
                Q(expires_at__gt=F("created_at")),
                name="password_reset_token_expires_later",
                message="A token must expire after it was made.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"
