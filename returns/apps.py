from __future__ import annotations

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    name = "returns"
    label = "returns"
    verbose_name = "Returns"
    default_auto_field = "django.db.models.BigAutoField"
