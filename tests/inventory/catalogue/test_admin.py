"""The pages of the catalogue: what staff type, press and read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.models import Product, ProductVariant
from stateset.system.models import Event
from tests.inventory.builders import make_level, make_product, make_variant
from tests.inventory.pages import buttons, listed, mistakes
from tests.pages import (
    act,
    add_url,
    change_url,
    delete_url,
    list_url,
    refusals,
    save,
    shown,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def test_a_product_is_added_with_its_variants() -> None:
    response = save(
        staff(),
        add_url(Product),
        sku="MUG",
        name="Mug",
        tax_rate="0.08",
        variants__0__sku="MUG-BLUE",
        variants__0__name="Mug, blue",
        variants__0__price="9.50",
        variants__0__currency="USD",
        variants__0__uom="EA",
        variants__0__is_stocked="on",
    )

    product = Product.objects.get()
    assert response.redirect_chain, refusals(response)
    assert (product.status, product.sku) == ("draft", "MUG")
    variant = product.variants.get()
    assert (variant.sku, variant.price) == ("MUG-BLUE", Decimal("9.5"))
    assert (variant.is_active, variant.is_stocked) == (True, True)
    assert set(Event.objects.values_list("event_type", flat=True)) == {
        "product.created",
        "variant.created",
    }


def test_a_sku_that_is_taken_is_told_at_its_box() -> None:
    make_variant(sku="MUG-BLUE")

    response = save(
        staff(),
        add_url(Product),
        sku="MUG",
        name="Mug",
        tax_rate="0",
        variants__0__sku="MUG-BLUE",
        variants__0__name="Mug, blue",
        variants__0__price="9.50",
        variants__0__currency="USD",
        variants__0__uom="EA",
    )

    assert mistakes(response) == ["Variant with this SKU already exists."]
    assert not Product.objects.filter(sku="MUG").exists()


def test_a_product_goes_on_sale_by_a_button() -> None:
    product = make_product(status="draft")
    make_variant(product=product)
    client = staff()

    assert buttons(client.get(change_url(product))) == ["Put on sale"]
    assert told(act(client, product, "activate")) == [f"{product} is on sale."]

    product.refresh_from_db()
    assert product.status == "active"
    assert buttons(client.get(change_url(product))) == ["Take off sale"]


def test_a_product_without_variants_says_what_it_lacks() -> None:
    product = make_product(status="draft")

    response = act(staff(), product, "activate")

    assert "it has no active variant" in response.content.decode()
    product.refresh_from_db()
    assert product.status == "draft"


def test_a_variant_goes_off_sale_by_a_button() -> None:
    variant = make_variant()
    make_variant(product=variant.product)
    client = staff()

    assert told(act(client, variant, "deactivate")) == [
        f"{variant} can't be ordered any more."
    ]

    variant.refresh_from_db()
    assert not variant.is_active
    assert buttons(client.get(change_url(variant))) == ["Activate"]


def test_how_stock_is_counted_is_fixed_once_there_is_some() -> None:
    variant = make_level(on_hand=1).variant
    client = staff()
    typed = shown(client, change_url(variant))
    del typed["is_stocked"]

    response = client.post(change_url(variant), {**typed, "uom_decimals": "3"})

    assert (
        mistakes(response)
        == ["This can't change any more: there are stock levels of it."] * 2
    )
    variant.refresh_from_db()
    assert (variant.is_stocked, variant.uom_decimals) == (True, 0)


def test_the_rest_of_a_stocked_variant_may_change() -> None:
    variant = make_level(on_hand=1).variant

    response = save(staff(), change_url(variant), price="12")

    assert response.redirect_chain, refusals(response)
    variant.refresh_from_db()
    assert variant.price == Decimal(12)


def test_a_draft_is_deleted_and_what_was_on_sale_is_kept() -> None:
    draft, sold = make_product(status="draft"), make_variant()
    client = staff()

    client.post(delete_url(draft), {"post": "yes"})

    assert not Product.objects.filter(pk=draft.pk).exists()
    assert client.post(delete_url(sold), {"post": "yes"}).status_code == 403
    assert client.post(delete_url(sold.product), {"post": "yes"}).status_code == 403
    assert ProductVariant.objects.get() == sold


def test_products_are_found_by_the_sku_of_a_variant() -> None:
    variant = make_variant(sku="MUG-BLUE")
    make_variant()

    response = staff().get(list_url(Product), {"q": "mug-blue"})

    assert listed(response) == [str(variant.product)]
