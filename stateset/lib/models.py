"""What every table starts from: its key, its times, its version."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from stateset.lib.states import Transitions


class Record(models.Model):
    """A row people own, under a time-ordered UUID made by the application."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Document(Record):
    """A record that several people edit; ``version`` tells them apart.

    Forms and services raise it with every change, so that the second of two
    writers is told instead of winning silently.
    """

    TRANSITIONS: ClassVar[Transitions] = {}

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


def number_field(model: type[models.Model]) -> models.CharField[str, str] | None:
    """Return the column a document is called by, if it has a number of its own."""
    for field in model._meta.concrete_fields:
        if field.unique and isinstance(field, models.CharField):
            return field
    return None


class LogRow(models.Model):
    """A row that is written once, in order, under a bigint identity.

    Triggers refuse to change or delete it (``stateset.system.triggers``).
    """

    id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True
