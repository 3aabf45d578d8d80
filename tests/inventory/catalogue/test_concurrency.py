"""Two at once: a product on sale always has something to sell."""

from __future__ import annotations

from functools import partial

import pytest

from inventory.errors import CatalogueError
from inventory.models import ProductVariant
from inventory.services.catalogue import activate_product, deactivate_variant
from stateset.lib.errors import StatesetError
from tests.inventory.builders import make_product, make_variant
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_last_two_variants_do_not_go_together() -> None:
    product = make_product()
    variants = [make_variant(product=product) for _ in range(2)]

    results = at_once(*(partial(deactivate_variant, each) for each in variants))

    assert refusals(results) == [CatalogueError]
    assert ProductVariant.objects.sellable().count() == 1


def test_a_product_is_not_put_on_sale_as_its_last_variant_goes() -> None:
    product = make_product(status="draft")
    variant = make_variant(product=product)

    results = at_once(
        partial(activate_product, product), partial(deactivate_variant, variant)
    )

    product.refresh_from_db()
    variant.refresh_from_db()
    assert sum(isinstance(result, StatesetError) for result in results) == 1
    assert (product.status == "active") == variant.is_active
