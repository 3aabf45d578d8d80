"""Walk over every page of the admin and name what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.services.manufacturing import OperationPlan
from inventory.services.procurement import announce_shipping_notice
from orders.services import set_cart_item
from orders.services.erasing import erase_customer
from stateset.demo.seeding import seed_demo
from stateset.system.sealing.flow import seal_log
from stateset.system.services.proving import prove_books
from tests.dbops.recovery.builders import make_request
from tests.dbops.scheduling.builders import make_pause, make_run, make_sample
from tests.filled import filled_by
from tests.inventory.manufacturing.builders import make_running_order
from tests.inventory.procurement.builders import line_ids, make_sent_order
from tests.orders.builders import make_cart, make_customer, make_stocked_variant
from tests.stateset.builders import make_user

OUR_APPS = {
    "accounts",
    "system",
    "inventory",
    "orders",
    "fulfillment",
    "finance",
    "returns",
    "dbops",
}
# At another time of the day other work is still waiting, and other tables empty.
NOON = datetime(2026, 6, 17, 12, tzinfo=UTC)
LIST_QUERIES = 14
FORM_QUERIES = 40
PAGE_BYTES = 500_000
SMALL_TABLES = {"auth.Permission", "contenttypes.ContentType"}


def our_models() -> list[type[Model]]:
    """Return every model that needs pages."""
    return [model for model in apps.get_models() if model._meta.app_label in OUR_APPS]


def our_admins() -> list[Any]:
    """Return the declarations of every page, those of Django's own models too."""
    return list(admin.site._registry.values())


def fill_tables() -> None:
    """Put rows into every table, before anything else is there; see ``filled_by``."""
    filled_by(live_and_add)


def live_and_add() -> None:
    """Make the demo data, and what so few orders don't need."""
    seed_demo(orders=15, seed=2, now=NOON)
    make_running_order(operations=(OperationPlan("Roast", "Drum 1", 30),))
    order = make_sent_order()
    set_cart_item(make_cart(), variant=make_stocked_variant(3), quantity=1)
    announce_shipping_notice(order, quantities={line_ids(order)[0]: 1})
    make_run()
    make_pause()
    seal_log()
    prove_books()
    make_sample()
    make_request(make_user())
    erase_customer(customer=make_customer(), reason="request")


def walk(client: Client, model_admin: Any) -> Iterator[str]:
    """Open list, add page and the form of one row; yield each fault."""
    options = model_admin.opts
    base = f"/admin/{options.app_label}/{options.model_name}/"
    yield from faults_of_page(client, base, LIST_QUERIES)
    first = options.model._base_manager.first()
    if first is not None:
        url = f"{base}{first.pk}/change/"
        yield from faults_of_page(client, url, FORM_QUERIES)
    adding = client.get(f"{base}add/")
    if adding.status_code == 200:
        yield from faults_of_page(client, f"{base}add/", FORM_QUERIES)
    elif adding.status_code != 403:
        yield f"{base}add/ answers {adding.status_code}"
    for preset in getattr(model_admin, "presets", ()):
        yield from faults_of_page(client, f"{base}?preset={preset.name}", LIST_QUERIES)
    if model_admin.get_search_fields(None):
        yield from faults_of_page(client, f"{base}?q=Anything-1", LIST_QUERIES)


def faults_of_page(client: Client, url: str, budget: int) -> Iterator[str]:
    """Yield what is wrong with one page."""
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    if response.status_code != 200:
        yield f"{url} answers {response.status_code}"
        return
    if len(queries) > budget:
        yield f"{url} asks {len(queries)} times, {budget} allowed"
    if len(response.content) > PAGE_BYTES:
        yield f"{url} has {len(response.content):,} bytes"
    for query in queries:
        sql = query["sql"]
        if sql.startswith("SELECT COUNT(") and "LIMIT" not in sql:
            yield f"{url} counts without an end: {sql[:200]}"
    for name in plain_selects(response):
        yield f"{url} has a plain select over a big table: {name}"


def plain_selects(response: Any) -> Iterator[str]:
    """Yield the fields of a page's forms that list a whole table to choose from."""
    context = response.context or {}
    made = [context["adminform"].form] if "adminform" in context else []
    for inline in context.get("inline_admin_formsets", ()):
        made.append(inline.formset.empty_form)
    for form in made:
        for name, field in form.fields.items():
            if isinstance(field, forms.ModelChoiceField) and is_plain_select(field):
                yield name


def is_plain_select(field: Any) -> bool:
    """Return whether a field lists a table that is not marked small."""
    widget = field.widget
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget = widget.widget
    if isinstance(widget, AutocompleteSelect) or hasattr(widget, "get_url"):
        return False
    if widget.is_hidden or not isinstance(widget, forms.Select):
        return False
    model = field.queryset.model
    registered = admin.site._registry.get(model)
    is_small = getattr(registered, "is_small", False)
    return not is_small and model._meta.label not in SMALL_TABLES
