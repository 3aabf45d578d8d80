"""The areas of the back office, as the guide lists them: one list for all menus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.text import capfirst

from stateset.lib.admin.addresses import page_url
from stateset.lib.admin.pages import site_pages


@dataclass(frozen=True)
class Area:
    """A part of the menu; ``models`` in the order people need them."""

    title: str
    icon: str
    models: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """Return the name of its place on the home page."""
        return self.title.lower()


AREAS = (
    Area("Orders", "shopping_bag", ("orders.Order", "orders.OrderItem")),
    Area(
        "Inventory",
        "inventory_2",
        (
            "inventory.StockLevel",
            "inventory.StockReservation",
            "inventory.StockAllocation",
            "inventory.StockTransaction",
            "inventory.Location",
        ),
    ),
    Area(
        "Returns",
        "assignment_return",
        (
            "returns.ReturnRequest",
            "returns.ReturnItem",
            "returns.ReturnApproval",
        ),
    ),
    Area(
        "Shipments",
        "local_shipping",
        (
            "fulfillment.FulfillmentOrder",
            "fulfillment.Shipment",
            "fulfillment.ShipmentItem",
            "fulfillment.TrackingEvent",
        ),
    ),
    Area("Warranties", "verified", ("returns.Warranty", "returns.WarrantyClaim")),
    Area(
        "Manufacturing",
        "precision_manufacturing",
        (
            "inventory.BillOfMaterials",
            "inventory.BomLineItem",
            "inventory.WorkOrder",
            "inventory.WorkOrderOperation",
        ),
    ),
    Area(
        "Procurement",
        "handshake",
        (
            "inventory.PurchaseOrder",
            "inventory.PurchaseOrderItem",
            "inventory.ShippingNotice",
            "inventory.ShippingNoticeItem",
            "inventory.ItemReceipt",
            "inventory.Supplier",
        ),
    ),
    Area(
        "Financial",
        "payments",
        (
            "finance.Invoice",
            "finance.InvoiceLine",
            "finance.Payment",
            "finance.PaymentApplication",
            "finance.CashSale",
        ),
    ),
    Area(
        "Commerce",
        "storefront",
        (
            "inventory.Product",
            "inventory.ProductVariant",
            "orders.Customer",
            "orders.Address",
            "orders.Cart",
            "orders.CartItem",
        ),
    ),
    Area(
        "Accounts",
        "group",
        (
            "accounts.User",
            "auth.Group",
            "accounts.ApiKey",
            "accounts.RefreshToken",
            "accounts.PasswordResetToken",
        ),
    ),
    Area(
        "System",
        "history",
        (
            "system.Event",
            "system.OutboxMessage",
            "system.AuditEntry",
            "system.NumberSequence",
            "system.IntegrityRun",
            "system.Seal",
            "system.Erasure",
        ),
    ),
    Area(
        "Database",
        "database",
        (
            "dbops.ScheduledRun",
            "dbops.SchedulePause",
            "dbops.HealthSample",
            "dbops.RestoreRequest",
        ),
    ),
)


def area_models(area: Area) -> Iterator[type[Model]]:
    """Yield the registered models of ``area``."""
    for label in area.models:
        model = apps.get_model(label)
        if admin.site.is_registered(model):
            yield model


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the areas with what this user may see, as Django's list of apps."""
    # The page and its theme both ask, and half a hundred tables have to be looked up.
    if request not in _menus:
        _menus[request] = _read_menu(request)
    return _menus[request]


_menus: WeakKeyDictionary[HttpRequest, list[dict[str, Any]]] = WeakKeyDictionary()


def _read_menu(request: HttpRequest) -> list[dict[str, Any]]:
    entries = []
    for area in AREAS:
        models = _pages(request, area) + [
            entry for model in area_models(area) if (entry := _entry(request, model))
        ]
        if models:
            entries.append(
                {
                    "name": area.title,
                    "app_label": area.anchor,
                    "app_url": f"{page_url('index')}#{area.anchor}",
                    "has_module_perms": True,
                    "icon": area.icon,
                    "models": models,
                }
            )
    return entries


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the same areas as the theme's sidebar wants them; named in UNFOLD."""
    home = {"title": "Home", "icon": "home", "link": page_url("index")}
    groups: list[dict[str, Any]] = [{"title": "", "items": [home]}]
    for area in menu(request):
        items = [
            {"title": model["name"], "link": model["admin_url"], "icon": ""}
            for model in area["models"]
        ]
        groups.append({"title": area["name"], "items": items})
    return groups


def _pages(request: HttpRequest, area: Area) -> list[dict[str, Any]]:
    """Return the pages of an area that are no table's, shaped as its tables are."""
    return [
        {
            "name": page.title,
            "object_name": page.slug,
            "perms": {"view": True},
            "admin_url": page.url,
            "add_url": None,
            "view_only": True,
        }
        for page in site_pages()
        if page.area == area.title and request.user.has_perm(page.permission)
    ]


def _entry(request: HttpRequest, model: type[Model]) -> dict[str, Any] | None:
    model_admin = admin.site._registry[model]
    permissions = model_admin.get_model_perms(request)
    if not (permissions["view"] or permissions["change"]):
        return None
    options = model._meta
    name = f"{options.app_label}_{options.model_name}"
    try:
        add_url = page_url(f"{name}_add") if permissions["add"] else None
        admin_url = page_url(f"{name}_changelist")
    except NoReverseMatch:
        return None
    return {
        "model": model,
        "name": str(capfirst(options.verbose_name_plural)),
        "object_name": options.object_name,
        "perms": permissions,
        "admin_url": admin_url,
        "add_url": add_url,
        "view_only": not permissions["change"],
    }
