"""Products and variants, from a draft to the archive."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.errors import CatalogueError
from inventory.models import Product, ProductVariant
from inventory.services.catalogue import (
    activate_product,
    activate_variant,
    add_variant,
    archive_product,
    create_product,
    deactivate_variant,
)
from stateset.lib.states import InvalidTransitionError
from stateset.system.models import Event
from tests.inventory.builders import make_product, make_variant

pytestmark = pytest.mark.django_db


def happened(row: Product | ProductVariant) -> list[str]:
    events = Event.objects.filter(aggregate_id=row.pk).order_by("id")
    return list(events.values_list("event_type", flat=True))


def test_a_product_begins_as_a_draft_with_a_variant() -> None:
    product = create_product(
        sku="MUG", name="Mug", variant={"price": Decimal(9)}, category="Kitchen"
    )

    variant = product.variants.get()
    assert (product.status, product.category) == ("draft", "Kitchen")
    assert (variant.sku, variant.name, variant.price) == ("MUG", "Mug", Decimal(9))
    assert not ProductVariant.objects.sellable().exists()
    assert happened(product) == ["product.created"]
    assert happened(variant) == ["variant.created"]


def test_the_first_variant_may_have_a_name_of_its_own() -> None:
    product = create_product(
        sku="MUG", name="Mug", variant={"sku": "MUG-BLUE", "name": "Mug, blue"}
    )

    variant = product.variants.get()
    assert (variant.sku, variant.name) == ("MUG-BLUE", "Mug, blue")


def test_a_style_number_is_given_once() -> None:
    make_product(sku="MUG")

    with pytest.raises(CatalogueError) as refusal:
        create_product(sku="MUG", name="Mug", variant={})

    assert str(refusal.value) == (
        "MUG was not added to the catalogue.\n"
        "  why: the style number is taken\n"
        "  fix: choose another, or edit the one that has it"
    )


def test_a_sku_is_given_once_and_nothing_half_made_stays() -> None:
    make_variant(sku="MUG-BLUE")

    with pytest.raises(CatalogueError) as refusal:
        create_product(sku="MUG", name="Mug", variant={"sku": "MUG-BLUE"})

    assert refusal.value.why == "the SKU is taken"
    assert not Product.objects.filter(sku="MUG").exists()


def test_a_product_goes_on_sale_and_off_and_on_again() -> None:
    product = create_product(sku="MUG", name="Mug", variant={})

    activate_product(product)
    assert ProductVariant.objects.sellable().count() == 1
    archive_product(product)
    assert not ProductVariant.objects.sellable().exists()
    activate_product(product)

    assert ProductVariant.objects.sellable().count() == 1
    assert happened(product) == [
        "product.created",
        "product.activated",
        "product.archived",
        "product.activated",
    ]


def test_a_product_without_an_active_variant_is_not_sold() -> None:
    product = make_product(status="draft", sku="MUG")
    make_variant(product=product, is_active=False)

    with pytest.raises(CatalogueError) as refusal:
        activate_product(product)

    assert str(refusal.value) == (
        "Product MUG was not put on sale.\n"
        "  why: it has no active variant\n"
        "  fix: add a variant, or activate one"
    )
    product.refresh_from_db()
    assert product.status == "draft"


def test_a_draft_is_not_archived() -> None:
    with pytest.raises(InvalidTransitionError):
        archive_product(make_product(status="draft"))


def test_one_of_two_variants_goes_off_sale_and_comes_back() -> None:
    product = make_product()
    variant = make_variant(product=product)
    add_variant(product, sku="OTHER")

    deactivate_variant(variant)
    assert [v.sku for v in ProductVariant.objects.sellable()] == ["OTHER"]
    activate_variant(variant)

    assert ProductVariant.objects.sellable().count() == 2
    assert happened(variant) == ["variant.deactivated", "variant.activated"]


def test_the_last_variant_on_sale_stays() -> None:
    variant = make_variant(product=make_product(sku="MUG"), sku="MUG-1")
    make_variant(product=variant.product, is_active=False)

    with pytest.raises(CatalogueError) as refusal:
        deactivate_variant(variant)

    assert str(refusal.value) == (
        "Variant MUG-1 was not deactivated.\n"
        "  why: it is the last active one of MUG, which is on sale\n"
        "  fix: archive the product instead"
    )
    variant.refresh_from_db()
    assert variant.is_active


def test_the_last_variant_of_a_draft_may_go() -> None:
    variant = make_variant(product=make_product(status="draft"))

    deactivate_variant(variant)

    assert not variant.is_active
