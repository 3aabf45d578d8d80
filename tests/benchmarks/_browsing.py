"""One process of ``admin.py``: it shows pages of ours, or of a plain Django admin."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from time import perf_counter, process_time
from types import ModuleType
from typing import Any

import django
from django.test.client import Client

EMAIL = "benchmark@example.com"


@dataclass(frozen=True)
class Shown:
    """What one page took, of it our own process, and how large it was."""

    milliseconds: float
    processor: float
    kilobytes: float
    queries: int
    status: int


def configure(url: str, theme: str) -> None:
    """Have the project work on the benchmark's database."""
    os.environ["APP__ENVIRONMENT"] = "test"
    os.environ["APP__DATABASE_URL"] = url
    os.environ["APP__ADMIN_THEME"] = theme
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stateset.settings")
    django.setup()


_clients: list[Client] = []


def open_browser(url: str, way: str) -> None:
    """Prepare the process, once: ``ours`` as delivered, ``plain`` as a newcomer's."""
    configure(url, "unfold" if way == "ours" else "plain")
    if way == "plain":
        from django.test.utils import override_settings

        sys.modules["plain_urls"] = plain_urls()
        override_settings(ROOT_URLCONF="plain_urls").enable()
    from stateset.accounts.models import User

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(email=EMAIL))
    _clients.append(client)


def show(address: str, *, is_counted: bool = False) -> Shown:
    """Ask for a page; counting its queries costs time, so it is not both at once."""
    from django.db import connection

    connection.force_debug_cursor = is_counted
    before = len(connection.queries_log)
    begun, worked = perf_counter(), process_time()
    answer = _clients[0].get(address)
    taken, worked = perf_counter() - begun, process_time() - worked
    queries = len(connection.queries_log) - before
    connection.queries_log.clear()
    return Shown(
        milliseconds=taken * 1000,
        processor=worked * 1000,
        kilobytes=len(answer.content) / 1000,
        queries=queries,
        status=int(answer.status_code),
    )


def plain_urls() -> ModuleType:
    """Return the addresses of a Django admin as its tutorial would have it."""
    from django.contrib import admin
    from django.urls import path

    from orders.models import Order, OrderItem

    class Lines(admin.TabularInline):
        model = OrderItem

    class OrderPage(admin.ModelAdmin):
        list_display = (
            "order_number",
            "customer",
            "order_date",
            "status",
            "payment_status",
            "fulfillment_status",
            "total_amount",
            "promised_at",
        )
        list_filter = (
            "status",
            "payment_status",
            "fulfillment_status",
            "channel",
            "order_date",
        )
        search_fields = (
            "order_number",
            "customer_email",
            "customer__first_name",
            "customer__last_name",
            "customer__company",
        )
        date_hierarchy = "order_date"
        ordering = ("-order_date",)
        inlines = (Lines,)

    class LinePage(admin.ModelAdmin):
        list_display = ("order", "sku", "name", "quantity", "total_price")
        search_fields = ("sku", "order__order_number")

    site = admin.AdminSite()
    site.register(Order, OrderPage)
    site.register(OrderItem, LinePage)
    module: Any = ModuleType("plain_urls")
    module.urlpatterns = [path("admin/", site.urls)]
    return module  # type: ignore[no-any-return]  # made a line above
