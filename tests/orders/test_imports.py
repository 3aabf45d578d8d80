"""Customers, orders and their lines as files bring them in, and bring them again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from inventory.models import StockReservation
from orders.models import Address, Customer, Order, OrderItem
from orders.services import confirm_order
from stateset.system.models import Event
from tests.orders.builders import make_location, make_variant, stock
from tests.stateset.system.importing.builders import import_rows, problems_in

pytestmark = pytest.mark.django_db

CUSTOMER = (
    "customer_number,email,last_name,company,line1,city,postal_code,country_code\n"
    "ALFKI,Maria@Example.com,Anders,Alfreds,Obere Str. 57,Berlin,12209,DE\n"
)
ORDER = (
    "order_number,customer,location,order_date,shipping_total,notes,"
    "ship_line1,ship_city,ship_country_code\n"
    "O1,ALFKI,MAIN,1996-07-04,32.38,,Obere Str. 57,Berlin,DE\n"
)


def import_order() -> Order:
    """Import a customer and an order without lines."""
    make_location(code="MAIN")
    make_location(code="ELSEWHERE")
    import_rows("orders.customer", CUSTOMER)
    import_rows("orders.order", ORDER)
    return Order.objects.get()


def import_lines(*lines: str) -> str:
    text = "order_number,sku,quantity,unit_price,discount_rate\n" + "\n".join(lines)
    return str(import_rows("orders.orderitem", text))


def test_a_customer_comes_with_an_address() -> None:
    import_rows("orders.customer", CUSTOMER)
    customer = Customer.objects.get()
    assert (customer.email, customer.company) == ("maria@example.com", "Alfreds")
    address = customer.addresses.get()
    assert (address.line1, address.company) == ("Obere Str. 57", "Alfreds")
    assert (address.is_default_shipping, address.is_default_billing) == (True, True)


def test_what_changed_of_a_customer_is_changed() -> None:
    import_rows("orders.customer", CUSTOMER)
    again = CUSTOMER.replace("Berlin", "Bern").replace("DE\n", "CH\n")
    outcome = import_rows("orders.customer", again)
    assert [(c.column, c.before, c.after) for c in outcome.rows[0].changes] == [
        ("city", "Berlin", "Bern"),
        ("country_code", "DE", "CH"),
    ]
    customer = Customer.objects.get()
    # Only the address: the customer is as it was.
    assert customer.version == 1
    assert Address.objects.get().city == "Bern"
    import_rows("orders.customer", again.replace("Alfreds", "Futterkiste"))
    assert Customer.objects.get().company == "Futterkiste"
    assert Address.objects.get().company == "Futterkiste"


def test_customers_need_no_e_mail_and_no_address() -> None:
    text = "customer_number,email,company,line1\nA,,First,\nB,,Second,\n"
    import_rows("orders.customer", text)
    assert set(Customer.objects.values_list("email", flat=True)) == {None}
    assert not Address.objects.exists()


@pytest.mark.parametrize(
    ("was", "put", "problem"),
    [
        (
            "Maria@Example.com",
            "maria",
            "line 2, email: 'maria': Enter a valid email address.",
        ),
        ("Obere Str. 57", "", "line 2, line1: is empty; fill it in"),
        (
            "DE\n",
            "Germany\n",
            (
                "line 2, country_code: 'Germany' is no country code;"
                " write it like DE (ISO 3166)"
            ),
        ),
        (
            "Anders,Alfreds",
            ",",
            (
                "line 2: The customer was not created: there is neither a last name"
                " nor a company; give one of the two"
            ),
        ),
    ],
)
def test_a_wrong_customer_is_refused(was: str, put: str, problem: str) -> None:
    assert problems_in("orders.customer", CUSTOMER.replace(was, put)) == [problem]
    assert not Customer.objects.exists()


def test_two_customers_with_one_e_mail_are_refused() -> None:
    import_rows("orders.customer", CUSTOMER)
    assert problems_in("orders.customer", CUSTOMER.replace("ALFKI", "OTHER")) == [
        (
            "line 2, email: 'Maria@Example.com': There is a customer with this e-mail"
            " already."
        )
    ]


def test_an_order_of_the_past_is_written_down_as_it_was() -> None:
    order = import_order()
    assert order.order_date == datetime(1996, 7, 4, tzinfo=UTC)
    assert (order.status, order.channel) == ("pending", "import")
    assert order.customer_email == "maria@example.com"
    assert (order.shipping_total, order.total_amount) == (Decimal("32.38"),) * 2
    assert order.shipping_address["city"] == "Berlin"
    assert order.billing_address == order.shipping_address
    assert Event.objects.get(event_type="order.imported").occurred_at == (
        order.order_date
    )


def test_lines_of_the_past_add_up_and_move_no_stock() -> None:
    order = import_order()
    chai, chang = make_variant(), make_variant()
    stock(chai, 5)
    said = import_lines(f"O1,{chai.sku},12,14.00,0", f"O1,{chang.sku},10,9.80,0.15")
    assert said == "file.csv: 2 new, 0 changed, 0 there already"
    items = list(order.items.order_by("line_number"))
    assert [item.line_number for item in items] == [1, 2]
    assert [item.total_price for item in items] == [Decimal(168), Decimal("83.30")]
    order.refresh_from_db()
    assert order.total_amount == Decimal("283.68")
    assert not StockReservation.objects.exists()
    # Reckoned once, however many lines came.
    assert Event.objects.filter(event_type="order.changed").count() == 1


def test_a_line_again_takes_the_place_of_the_first() -> None:
    order = import_order()
    chai, chang = make_variant(), make_variant()
    import_lines(f"O1,{chai.sku},12,14.00,0")
    said = import_lines(f"O1,{chang.sku},1,2.00,", f"O1,{chai.sku},10,14.00,0")
    assert said == "file.csv: 1 new, 1 changed, 0 there already"
    quantities = order.items.order_by("line_number").values_list("sku", "quantity")
    assert list(quantities) == [(chai.sku, 10), (chang.sku, 1)]
    order.refresh_from_db()
    assert order.total_amount == Decimal("174.38")


def test_price_and_tax_of_a_new_line_are_those_of_the_catalogue_if_not_given() -> None:
    import_order()
    chai = make_variant(tax_rate=Decimal("0.07"))
    import_rows("orders.orderitem", f"order_number,sku,quantity\nO1,{chai.sku},2\n")
    item = OrderItem.objects.get()
    assert (item.unit_price, item.tax_rate) == (Decimal(10), Decimal("0.07"))
    # They stay when only the quantity is imported again.
    OrderItem.objects.update(unit_price=8)
    import_rows("orders.orderitem", f"order_number,sku,quantity\nO1,{chai.sku},3\n")
    assert OrderItem.objects.get().unit_price == 8


def test_lines_of_a_confirmed_order_are_refused() -> None:
    order = import_order()
    chai = make_variant()
    import_lines(f"O1,{chai.sku},1,14.00,")
    stock(chai, 5, location=order.location)
    order.refresh_from_db()
    confirm_order(order)
    text = f"order_number,sku,quantity\nO1,{chai.sku},2\n"
    assert problems_in("orders.orderitem", text) == [
        (
            "line 2: The lines of order O1 were not changed: it is confirmed;"
            " leave its lines as they are"
        )
    ]


def test_what_may_change_of_an_order_is_changed() -> None:
    import_order()
    again = (
        ORDER.replace("32.38,", "40,paid in cash")
        .replace("MAIN", "ELSEWHERE")
        .replace("Berlin", "Bern")
    )
    outcome = import_rows("orders.order", again)
    assert str(outcome) == "file.csv: 0 new, 1 changed, 0 there already"
    order = Order.objects.select_related("location").get()
    assert (order.notes, order.total_amount) == ("paid in cash", Decimal(40))
    assert order.location.code == "ELSEWHERE"
    assert order.shipping_address["city"] == "Bern"
    assert order.billing_address["city"] == "Bern"


def test_whose_order_it_is_and_when_it_was_placed_stay() -> None:
    import_order()
    import_rows("orders.customer", CUSTOMER.replace("ALFKI,Maria", "OTHER,Ana"))
    again = ORDER.replace("ALFKI", "OTHER").replace("1996-07-04", "1996-07-05")
    assert problems_in("orders.order", again) == [
        (
            "line 2, customer: 'OTHER' can't replace 'ALFKI';"
            " this column stays as it is once the row is there"
        ),
        (
            "line 2, order_date: '1996-07-05 00:00' can't replace '1996-07-04 00:00';"
            " this column stays as it is once the row is there"
        ),
    ]


def test_an_order_without_a_location_takes_the_default_one() -> None:
    import_rows("orders.customer", CUSTOMER)
    text = "order_number,customer\nO1,ALFKI\n"
    assert problems_in("orders.order", text) == [
        (
            "line 2: The order has no location to ship from: none was given and no"
            " location is the default; name a location, or make one the default"
        )
    ]
    place = make_location()
    import_rows("orders.order", text)
    assert Order.objects.get().location == place
