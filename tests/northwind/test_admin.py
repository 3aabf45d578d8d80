"""Northwind through the import pages: each file with its mapping, the big ones cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fulfillment.models import Shipment
from orders.models import Order, OrderItem
from tests.northwind.builders import commands
from tests.stateset.builders import make_user

ORDERS = 20
LINES = 53
CUT = {"orders.csv": 1 + ORDERS, "order_details.csv": 1 + LINES}
"""How many lines of a file are taken: the first orders, and all lines of theirs."""


@pytest.mark.django_db
@pytest.mark.exhaustive
@pytest.mark.long
def test_northwind_comes_in_through_the_pages(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))
    said = [import_through_pages(client, *arguments) for arguments in commands()]
    assert said == [
        ["Imported locations.csv: 1 new, 0 changed, 0 there already."],
        ["Imported suppliers.csv: 29 new, 0 changed, 0 there already."],
        ["Imported products.csv: 77 new, 0 changed, 0 there already."],
        ["Imported customers.csv: 91 new, 0 changed, 0 there already."],
        ["Imported orders.csv: 20 new, 0 changed, 0 there already."],
        ["Imported order_details.csv: 53 new, 0 changed, 0 there already."],
        ["Imported orders.csv: 20 new, 0 changed, 0 there already."],
    ]
    assert Order.objects.filter(status=Order.Status.DELIVERED).count() == ORDERS
    assert Shipment.objects.count() == ORDERS
    assert OrderItem.objects.count() == LINES


def import_through_pages(client: Client, label: str, file: str, *option: str) -> Any:
    """Check a file, confirm what the page shows; return what is said then."""
    url = f"/admin/{label.replace('.', '/')}/import/"
    files = {"file": upload(file)}
    if option:
        files["mapping"] = upload(option[1])
    page: Any = client.post(url, files)
    assert not page.context["problems"]
    carried = {
        page.context[f"{name}_var"]: page.context[value]
        for name, value in (("upload", "packed"), ("token", "token"))
    }
    response: Any = client.post(url, carried, follow=True)
    return [str(message) for message in response.context["messages"]]


def upload(name: str) -> SimpleUploadedFile:
    path = Path(settings.BASE_DIR, name)
    lines = path.read_bytes().splitlines(keepends=True)
    return SimpleUploadedFile(path.name, b"".join(lines[: CUT.get(path.name)]))
