"""API keys: what programs authenticate with; only their hash is kept."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from stateset.lib.constraints import check
from stateset.lib.models import Record


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, at: datetime) -> ApiKeyQuerySet:
        """Return the keys that open something at ``at``: live, owner active."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            revoked_at__isnull=True,
            user__is_active=True,
        )


class ApiKey(Record):
    """One key of one user, narrowed to its scopes; shown once, kept as a hash."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="api_keys"
    )
    name = models.CharField(max_length=255)
    prefix = models.CharField(max_length=16, editable=False)
    key_hint = models.CharField(max_length=4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(
        default=list, help_text='Such as ["metrics:read"]; empty opens nothing.'
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoke_reason = models.CharField(max_length=255, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        db_table = "api_keys"
        db_table_comment = "Keys of programs, as SHA-256 of the whole key"
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=Q(revoked_at__isnull=True),
                name="api_key_user_name_unique",
                violation_error_message="This user has a live key of that name.",
            ),
            check(
                Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="api_key_expires_after_creation",
                message="A key must expire after it was made.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…{self.key_hint})"
