"""What the database refuses is told in the words of the constraint it names."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from fulfillment.models import FulfillmentOrder
from orders.models import Order
from stateset.lib.constraints import broken_rule
from tests.fulfillment.builders import make_released
from tests.orders.builders import make_order

pytestmark = pytest.mark.django_db


def test_a_constraint_is_found_by_its_whole_name() -> None:
    row = make_released()

    with pytest.raises(IntegrityError) as refused:
        FulfillmentOrder.objects.filter(pk=row.pk).update(status="lost")

    assert broken_rule(refused.value) == message_of("fulfillment_order_status_known")


def test_a_constraint_whose_name_is_part_of_others_is_found_too() -> None:
    order = make_order()

    with pytest.raises(IntegrityError) as refused:
        Order.objects.filter(pk=order.pk).update(status="lost")

    assert broken_rule(refused.value) == message_of("order_status_known")


def message_of(name: str) -> str:
    (constraint,) = (
        each
        for model in (Order, FulfillmentOrder)
        for each in model._meta.constraints
        if each.name == name
    )
    return str(constraint.get_violation_error_message())
