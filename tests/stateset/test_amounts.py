"""Numbers of too many digits: refused where they are typed, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db import DataError, connection
from django.test import RequestFactory

from inventory.errors import InvalidQuantityError
from orders.errors import LineRefusedError
from orders.models import Order
from orders.services import OrderLine, recalculate_order
from stateset.lib.admin.guided import ActionForm
from stateset.lib.admin.refusals import sentences
from stateset.lib.fields import MOST_MONEY, MOST_UNITS, TooLargeError
from stateset.lib.invariants import named_invariants, violations
from tests.inventory.builders import make_level
from tests.inventory.procurement.builders import make_purchase_order
from tests.orders.builders import make_order, make_variant
from tests.pages import act, staff
from tests.stateset.builders import make_user

WHOLE_DIGITS = 15


def action_forms(kind: type[ActionForm] = ActionForm) -> Iterator[type[ActionForm]]:
    """Yield the form of every action and page there is."""
    for form in kind.__subclasses__():
        yield form
        yield from action_forms(form)


def is_unbounded(field: forms.Field) -> bool:
    """Return whether a field takes a number that no column keeps."""
    most: Any = getattr(field, "max_value", None)
    if isinstance(field, forms.DecimalField):
        if most is not None:
            return bool(most >= MOST_MONEY)
        if field.max_digits is None or field.decimal_places is None:
            return True
        return field.max_digits - field.decimal_places > WHOLE_DIGITS
    if isinstance(field, forms.IntegerField):
        return most is None or bool(most > MOST_UNITS)
    return False


def test_what_an_action_asks_for_fits_a_column() -> None:
    admin.autodiscover()
    unbounded = [
        f"{form.__module__}.{form.__name__}.{name}"
        for form in action_forms()
        for name, field in form.base_fields.items()
        if is_unbounded(field)
    ]
    assert unbounded == []


@pytest.mark.django_db
def test_an_amount_that_a_form_asks_for_fits_its_column() -> None:
    """Whole numbers are bounded by the validators of the model's column."""
    request = RequestFactory().get("/")
    request.user = make_user(is_superuser=True)
    unbounded = []
    for page in admin.site._registry.values():
        made = [page.get_form(request)]
        for inline in page.get_inline_instances(request):
            made.append(inline.get_formset(request).form)
        unbounded += [
            f"{page.opts.label}: {form.__name__}.{name}"
            for form in made
            for name, field in form.base_fields.items()
            if isinstance(field, forms.DecimalField) and is_unbounded(field)
        ]
    assert unbounded == []


@pytest.mark.django_db
def test_a_service_refuses_more_money_than_a_column_holds() -> None:
    order = make_order()
    with pytest.raises(LineRefusedError, match="The order was not taken"):
        recalculate_order(order, shipping_total=Decimal(MOST_MONEY - 1))
    dear = [
        OrderLine(make_variant(), 1, unit_price=Decimal(MOST_MONEY - 1))
        for _ in range(2)
    ]
    with pytest.raises(LineRefusedError, match="it would cost 1,999,999,999,999,998"):
        make_order(lines=dear)


@pytest.mark.django_db
def test_a_purchase_of_more_money_than_a_column_holds_is_refused() -> None:
    with pytest.raises(InvalidQuantityError, match="it would cost 1,999,999,999,999"):
        make_purchase_order(200, unit_cost=Decimal(9_999_999_999_999))


@pytest.mark.django_db
def test_nothing_is_set_aside_past_the_last_day_there_is() -> None:
    level = make_level(on_hand=10)

    page = act(
        staff(), level, "hold", quantity="1", until="9999-12-31", reason="a fair"
    )

    assert page.status_code == 409
    assert "9999-12-31 is the last day there is" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [Decimal(MOST_MONEY), Decimal("NaN"), -MOST_MONEY])
def test_a_column_refuses_what_it_can_not_be_read_back_with(amount: Decimal) -> None:
    order = make_order()
    order.amount_paid = amount
    with pytest.raises(TooLargeError) as refused:
        order.save()
    assert "amount paid would be" in sentences(refused.value)
    with pytest.raises(TooLargeError):
        Order.objects.update(amount_paid=amount)


@pytest.mark.django_db
@pytest.mark.sqlite
def test_an_amount_that_can_not_be_read_back_is_named() -> None:
    order = make_order()
    (rule,) = rules = named_invariants(["system.amounts"])
    assert list(rule.find()) == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET shipping_total = 99999999999999999")

    (found,) = [str(violation) for _, violation in violations(rules)]

    assert found.startswith(
        f"order {order.pk}: shipping total is 1,000,000,000,000,000"
    )


@pytest.mark.postgresql
@pytest.mark.django_db
def test_an_amount_that_is_no_number_is_named() -> None:
    order = make_order()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET shipping_total = 'NaN'")
    rules = named_invariants(["system.amounts"])
    found = [str(violation) for _, violation in violations(rules)]
    assert any(each.startswith(f"order {order.pk}: shipping total") for each in found)


@pytest.mark.postgresql
@pytest.mark.django_db
def test_what_the_database_finds_too_long_is_told_in_words() -> None:
    with pytest.raises(DataError) as refused, connection.cursor() as cursor:
        cursor.execute("SELECT 99999999999::integer")
    assert sentences(refused.value).startswith(
        "Nothing was saved. Why: a number, date or text does not fit its column."
    )
