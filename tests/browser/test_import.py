"""Import as people do it: choose a file and its mapping, look, confirm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import FilePayload, Page, expect

from inventory.models import Supplier
from orders.models import Customer

DATA = "tests/data/northwind"
MAPPINGS = "docs/examples/northwind"


def choose(page: Page, name: str) -> None:
    """Choose a file of Northwind and its mapping, and have them checked."""
    page.get_by_label("File").set_input_files(
        Path(settings.BASE_DIR, DATA, f"{name}.csv")
    )
    page.get_by_label("Mapping").set_input_files(
        Path(settings.BASE_DIR, MAPPINGS, f"{name}.toml")
    )
    page.get_by_role("button", name="Check the file").click()


@pytest.mark.parametrize(
    ("url", "name", "count", "last"),
    [
        ("/admin/inventory/supplier/", "suppliers", 29, "NW-29"),
        ("/admin/orders/customer/", "customers", 91, "WOLZA"),
    ],
)
def test_a_file_and_its_mapping_come_in(
    page: Page,
    axe: Callable[[Page], list[str]],
    url: str,
    name: str,
    count: int,
    last: str,
) -> None:
    page.goto(url)
    page.get_by_role("link", name="Import", exact=True).click()
    assert axe(page) == []
    choose(page, name)
    expect(page.get_by_text(f"This is what {name}.csv would do")).to_be_visible()
    expect(page.get_by_role("cell", name=last, exact=True)).to_be_visible()
    assert axe(page) == []
    assert not Supplier.objects.exists()
    assert not Customer.objects.exists()

    page.get_by_role("button", name="Import", exact=True).click()
    expect(
        page.get_by_text(f"Imported {name}.csv: {count} new, 0 changed")
    ).to_be_visible()
    assert Supplier.objects.count() + Customer.objects.count() == count

    page.goto(f"{url}import/")
    choose(page, name)
    expect(page.get_by_text("All of it is there already")).to_be_visible()


def test_wrong_lines_are_shown_to_be_mended(
    page: Page, axe: Callable[[Page], list[str]]
) -> None:
    page.goto("/admin/inventory/supplier/import/")
    wrong = FilePayload(
        name="wrong.csv", mimeType="text/csv", buffer=b"code,name\nA,First\nB,\n"
    )
    page.get_by_label("File").set_input_files(wrong)
    page.get_by_role("button", name="Check the file").click()
    row = page.get_by_role("row", name="3 name is empty; fill it in")
    expect(row).to_be_visible()
    assert axe(page) == []
    assert not Supplier.objects.exists()
