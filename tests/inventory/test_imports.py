"""Locations, suppliers and products as files bring them in, and bring them again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.models import (
    ItemReceipt,
    Location,
    Product,
    ProductVariant,
    StockLevel,
    StockTransaction,
    Supplier,
)
from tests.inventory.builders import make_location, make_product, make_supplier
from tests.stateset.system.importing.builders import import_rows, problems_in

pytestmark = pytest.mark.django_db

COLUMNS = (
    "sku,name,status,price,currency,tax_rate,location,supplier,opening_quantity,"
    "opening_cost,reorder_point"
)


def product(**cells: str) -> str:
    """Return a file with one product, its stock at MAIN from ACME."""
    values = {
        "sku": "CHAI",
        "name": "Chai",
        "status": "active",
        "price": "18.00",
        "currency": "EUR",
        "tax_rate": "0.07",
        "location": "MAIN",
        "supplier": "ACME",
        "opening_quantity": "39",
        "opening_cost": "4.25",
        "reorder_point": "10",
        **cells,
    }
    return f"{COLUMNS}\n{','.join(values[name] for name in COLUMNS.split(','))}\n"


def import_product(**cells: str) -> str:
    return str(import_rows("inventory.product", product(**cells)))


@pytest.fixture(autouse=True)
def _places() -> None:
    make_location(code="MAIN")
    make_location(code="ELSEWHERE")
    make_supplier(code="ACME")
    make_supplier(code="OTHER")


def test_locations_and_suppliers_are_made_and_changed() -> None:
    import_rows(
        "inventory.location", "code,name,kind,country_code\nL1,Store,store,de\n"
    )
    place = Location.objects.get(code="L1")
    assert (place.kind, place.country_code, place.is_active) == ("store", "DE", True)

    text = "code,name,currency,payment_terms_days\nS1,First,eur,14\n"
    import_rows("inventory.supplier", text)
    again = import_rows("inventory.supplier", text.replace("14", "30"))
    assert str(again) == "file.csv: 0 new, 1 changed, 0 there already"
    supplier = Supplier.objects.get(code="S1")
    assert (supplier.currency, supplier.payment_terms_days) == ("EUR", 30)
    assert supplier.version == 2


def test_a_product_comes_with_its_variant_and_its_opening_stock() -> None:
    assert import_product() == "file.csv: 1 new, 0 changed, 0 there already"
    variant = ProductVariant.objects.select_related("product").get()
    assert (variant.sku, variant.name, variant.product.sku) == ("CHAI", "Chai", "CHAI")
    assert (variant.price, variant.currency) == (Decimal("18.00"), "EUR")
    assert (variant.product.status, variant.product.tax_rate) == (
        "active",
        Decimal("0.07"),
    )
    level = StockLevel.objects.get()
    assert (level.on_hand, level.average_cost) == (39, Decimal("4.25"))
    assert (level.reorder_point, level.location.code) == (10, "MAIN")
    receipt = ItemReceipt.objects.select_related("supplier").get()
    assert receipt.supplier is not None
    assert receipt.supplier.code == "ACME"
    assert StockTransaction.objects.get().on_hand_delta == 39


def test_the_same_product_again_changes_nothing() -> None:
    import_product()
    assert import_product() == "file.csv: 0 new, 0 changed, 1 there already"
    assert StockTransaction.objects.count() == 1


def test_a_product_without_stock_gets_no_level() -> None:
    import_product(opening_quantity="0", reorder_point="0")
    import_product(opening_quantity="", reorder_point="")
    assert not StockLevel.objects.exists()
    assert not ItemReceipt.objects.exists()


def test_what_changed_of_a_product_is_changed() -> None:
    import_product()
    said = import_product(
        name="Masala chai", price="19.50", reorder_point="5", status="archived"
    )
    assert said == "file.csv: 0 new, 1 changed, 0 there already"
    variant = ProductVariant.objects.select_related("product").get()
    assert (variant.name, variant.product.name) == ("Masala chai", "Masala chai")
    assert (variant.price, variant.product.status) == (Decimal("19.50"), "archived")
    assert StockLevel.objects.get().reorder_point == 5


def test_a_variant_with_a_name_of_its_own_keeps_it() -> None:
    import_product()
    ProductVariant.objects.update(name="Chai, tin")
    import_product(name="Masala chai")
    assert ProductVariant.objects.get().name == "Chai, tin"


def test_opening_stock_can_follow_later_but_only_once() -> None:
    import_product(opening_quantity="")
    assert import_product() == "file.csv: 0 new, 1 changed, 0 there already"
    assert StockLevel.objects.get().on_hand == 39
    assert problems_in(
        "inventory.product", product(opening_quantity="40", supplier="OTHER")
    ) == [
        (
            "line 2, supplier: 'OTHER' can't replace 'ACME';"
            " this column stays as it is once the row is there"
        ),
        (
            "line 2, opening_quantity: '40' can't replace '39';"
            " this column stays as it is once the row is there"
        ),
    ]
    assert StockLevel.objects.get().on_hand == 39


def test_opening_stock_at_another_location_is_another_one() -> None:
    import_product()
    import_product(location="ELSEWHERE", opening_quantity="3")
    assert {
        level.location.code: level.on_hand for level in StockLevel.objects.all()
    } == {"MAIN": 39, "ELSEWHERE": 3}


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (
            {"opening_quantity": "-3"},
            "opening_quantity: '-3' is too little; write 0 or more",
        ),
        ({"location": ""}, "location: is empty; fill it in"),
        (
            {"location": "NOWHERE"},
            (
                "location: there is no location 'NOWHERE'; import locations first,"
                " or correct it"
            ),
        ),
        (
            {"supplier": "NOBODY"},
            (
                "supplier: there is no supplier 'NOBODY'; import suppliers first,"
                " or correct it"
            ),
        ),
        ({"status": "gone"}, "status: 'gone' is not one of draft, active, archived"),
        ({"price": "free"}, "price: 'free' is no number; write it like 1234.50"),
        ({"name": ""}, "name: is empty; fill it in"),
        ({"sku": "S" * 101}, "sku: is 101 characters long; shorten it to 100"),
    ],
)
def test_a_wrong_product_is_refused(cells: dict[str, str], problem: str) -> None:
    assert problems_in("inventory.product", product(**cells)) == [f"line 2, {problem}"]
    assert not Product.objects.exists()


def test_a_sku_that_is_in_the_file_twice_is_refused() -> None:
    text = product() + product(name="Other").split("\n", 1)[1]
    assert problems_in("inventory.product", text) == [
        "line 3, sku: 'CHAI' is on line 2 already; keep one of the two"
    ]


def test_a_product_does_not_become_a_draft_again() -> None:
    import_product()
    assert problems_in("inventory.product", product(status="draft")) == [
        "line 2, status: 'active' can't become 'draft'; leave it empty"
    ]


def test_a_product_whose_variants_have_other_skus_is_left_alone() -> None:
    make_product(sku="CHAI", name="Chai")
    assert problems_in("inventory.product", product()) == [
        "line 2, sku: 'CHAI' has no variant of that SKU; add it first"
    ]
