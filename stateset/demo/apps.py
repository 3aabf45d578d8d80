from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """A small company that sells coffee gear, lived through service by service."""

    name = "stateset.demo"
    label = "demo"
    verbose_name = "Demo data"
