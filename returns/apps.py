from __future__ import annotations

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """Returns, warranties and claims."""

    name = "returns"
    verbose_name = "Returns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from orders.signals import order_delivered
        from returns import receivers

        order_delivered.connect(receivers.on_order_delivered)
