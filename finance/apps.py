from __future__ import annotations

from django.apps import AppConfig


class FinanceConfig(AppConfig):
    name = "finance"
    label = "finance"
    verbose_name = "Financial"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from finance import receivers
        from orders.signals import (
            order_cancelling,
            order_closing_short,
            order_total_changed,
        )

        order_cancelling.connect(receivers.drop_open_debts)
        order_closing_short.connect(receivers.keep_invoiced_units)
        order_total_changed.connect(receivers.take_from_forgiven)
