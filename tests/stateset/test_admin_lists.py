"""Lists of the base classes: counts with an end, tabs, filters, search."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Customer, Order
from stateset.lib.admin.columns import money_text, time_tag
from stateset.lib.admin.paging import CappedPaginator
from stateset.lib.admin.search import split_words
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import CUSTOMERS, ORDERS, make_customer, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stateset.sample_admin")]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def listed(client: Client, url: str, **params: str) -> list[str]:
    response = client.get(url, params)
    assert response.status_code == 200, response.headers.get("Location")
    return [str(row) for row in response.context["cl"].result_list]


def said(client: Client, url: str, **params: str) -> list[str]:
    return [str(message) for message in client.get(url, params).context["messages"]]


def test_a_count_ends_at_the_cap() -> None:
    for number in range(1, 5):
        make_customer(number)
    paginator = CappedPaginator(Customer.objects.order_by("pk"), 2)
    paginator.cap = 3

    with CaptureQueriesContext(connection) as queries:
        assert str(paginator.count) == "3+"

    assert "LIMIT 4" in queries.captured_queries[0]["sql"]
    assert isinstance(paginator, Paginator)


def test_a_count_below_the_cap_is_exact() -> None:
    make_customer(1)
    assert str(CappedPaginator(Customer.objects.order_by("pk"), 2).count) == "1"


def test_a_deep_page_fetches_keys_before_rows() -> None:
    customer = make_customer(1)
    for number in range(1, 6):
        make_order(number, customer)
    rows = Order.objects.select_related("customer").order_by("order_number")

    with CaptureQueriesContext(connection) as queries:
        page = CappedPaginator(rows, 2).page(2)
        assert [str(row) for row in page] == ["ORD-2026-000003", "ORD-2026-000004"]

    count, keys, fetched = (query["sql"] for query in queries.captured_queries)
    assert "JOIN" not in count
    assert "OFFSET 2" in keys
    assert "JOIN" not in keys
    assert "JOIN" in fetched
    assert "OFFSET" not in fetched


def test_a_tab_narrows_the_list(staff: Client) -> None:
    make_customer(1)
    make_customer(2, status="suspended")

    assert listed(staff, CUSTOMERS, preset="suspended") == ["CUS-2026-000002 Ida Name2"]

    page = staff.get(CUSTOMERS, {"preset": "suspended"}).content.decode()
    assert '<a href="?preset=suspended" aria-current="page">Suspended</a>' in page


def test_an_unknown_tab_shows_everything_and_not_an_error(staff: Client) -> None:
    response = staff.get(CUSTOMERS, {"preset": "nonsense"})
    assert response.status_code == 302
    assert response.headers["Location"] == f"{CUSTOMERS}?e=1"


def test_filters_have_addresses_that_hold_in_both_themes(staff: Client) -> None:
    ada, ben = make_customer(1), make_customer(2)
    early = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
    late = datetime(2026, 11, 2, tzinfo=UTC)
    make_order(1, ada, order_date=early, total_amount=Decimal(10), status="pending")
    make_order(2, ben, order_date=late, total_amount=Decimal(20), status="confirmed")

    assert listed(staff, ORDERS, order_date_to="2026-11-01") == ["ORD-2026-000001"]
    assert listed(staff, ORDERS, order_date_from="2026-11-02") == ["ORD-2026-000002"]
    assert listed(staff, ORDERS, total_amount_from="15") == ["ORD-2026-000002"]
    assert listed(staff, ORDERS, total_amount_to="15") == ["ORD-2026-000001"]
    assert listed(staff, ORDERS, customer=str(ada.pk)) == ["ORD-2026-000001"]
    assert listed(staff, ORDERS, status__exact="confirmed") == ["ORD-2026-000002"]


def test_emptied_boxes_filter_nothing(staff: Client) -> None:
    make_order(1, make_customer(1))
    emptied = {
        "order_date_from": "",
        "order_date_to": "",
        "total_amount_from": "",
        "customer": "",
        "status__exact": "",
    }
    assert listed(staff, ORDERS, **emptied) == ["ORD-2026-000001"]


@pytest.mark.parametrize(
    "params",
    [
        {"order_date_from": "yesterday"},
        {"total_amount_from": "ten"},
        {"customer": "nobody"},
        {"order_date__gte": "2026-13-45"},
        {"order_date__year": "99999"},
        {"order_date_to": "9999-12-31"},
        {"preset": "nope"},
    ],
)
def test_nonsense_in_a_filter_goes_back_to_the_list(
    staff: Client, params: dict[str, str]
) -> None:
    response = staff.get(ORDERS, params)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{ORDERS}?e=1"

    page = staff.get(response.headers["Location"])

    ((name, value),) = params.items()
    assert [str(message) for message in page.context["messages"]] == [
        (
            "The filter was not applied: this is the whole list. Why: the address says"
            f" “{name}={value}”, and that can't be read. What to do: choose the filter"
            " anew, beside the list."
        )
    ]
    assert f"{name}={value}" in page.content.decode()


def test_what_no_database_keeps_is_no_filter(staff: Client) -> None:
    response = staff.get(f"{ORDERS}?status__exact=%00", follow=True)

    (message,) = response.context["messages"]
    assert "the address says “status__exact=%00”" in str(message)


def test_search_finds_numbers_however_they_are_typed(staff: Client) -> None:
    make_customer(1)
    make_customer(2)

    assert listed(staff, CUSTOMERS, q="cus-2026-000002") == [
        "CUS-2026-000002 Ida Name2"
    ]
    assert listed(staff, CUSTOMERS, q="C1@EXAMPLE.COM") == ["CUS-2026-000001 Ida Name1"]
    assert listed(staff, CUSTOMERS, q="name2") == ["CUS-2026-000002 Ida Name2"]
    assert listed(staff, CUSTOMERS, q="nothing") == []


def test_search_goes_through_other_tables_in_both_directions(staff: Client) -> None:
    ada, ben = make_customer(1), make_customer(2)
    make_order(1, ada)
    make_order(2, ben)

    assert listed(staff, ORDERS, q="name1") == ["ORD-2026-000001"]
    assert listed(staff, CUSTOMERS, q="ORD-2026-000002") == [
        "CUS-2026-000002 Ida Name2"
    ]


def test_search_never_joins_and_never_compares_capitals(staff: Client) -> None:
    make_order(1, make_customer(1))

    with CaptureQueriesContext(connection) as queries:
        listed(staff, CUSTOMERS, q="ORD-2026-000001")

    searching = [query["sql"] for query in queries if "ORD-2026-000001" in query["sql"]]
    assert searching
    assert not any("JOIN" in sql for sql in searching)
    assert not any('UPPER("orders"."order_number")' in sql for sql in searching)


def test_search_says_when_it_was_cut(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.stateset.sample_admin.OrderAdmin.search_cap", 1)
    for number in (1, 2):
        make_order(number, make_customer(number, company="Same"))

    (notice,) = said(staff, ORDERS, q="same")
    assert notice == (
        "More than 1 entries under “customer” match: only the first 1 were searched. "
        "Type more of the name or the whole number to see the rest."
    )
    assert said(staff, ORDERS, q="name1") == []


def test_search_takes_phrases_and_strange_characters(staff: Client) -> None:
    make_customer(1, company="Blue Moon")
    make_customer(2, company="Blue Sun Moon")

    assert split_words('"Blue Moon" x') == ["Blue Moon", "x"]
    assert listed(staff, CUSTOMERS, q='"Blue Moon"') == ["CUS-2026-000001 Blue Moon"]
    assert listed(staff, CUSTOMERS, q="a'\"%_\\") == []


def test_a_list_costs_the_same_queries_for_many_rows(staff: Client) -> None:
    customer = make_customer(1)
    make_order(1, customer)
    with CaptureQueriesContext(connection) as few:
        listed(staff, ORDERS)
    for number in range(2, 30):
        make_order(number, customer)
    with CaptureQueriesContext(connection) as many:
        listed(staff, ORDERS)

    assert len(many) == len(few)
    assert len(many) <= 6


def test_columns_say_it_in_words(staff: Client) -> None:
    order = make_order(1, make_customer(1), total_amount=Decimal("1234.5"))
    page = staff.get(ORDERS).content.decode()

    assert '<span class="ss-pill ss-waiting">Pending</span>' in page
    assert '<span class="ss-number">1,234.50 USD</span>' in page
    assert f'href="/admin/orders/customer/{order.customer_id}/change/"' in page


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "USD", "1,234.50 USD"),
        ("1234.5", "JPY", "1,235 JPY"),
        ("-0.005", "EUR", "-0.01 EUR"),
        ("1.2345", "BHD", "1.235 BHD"),
    ],
)
def test_money_has_the_minor_units_of_its_currency(
    amount: str, currency: str, text: str
) -> None:
    assert money_text(Decimal(amount), currency) == text


def test_times_are_relative_with_the_exact_one_behind() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    moment = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    assert time_tag(moment, now=now) == (
        '<time datetime="2026-11-23T09:30:00+00:00" title="2026-11-23 09:30 UTC">'
        "2\xa0hours ago</time>"
    )
    assert "just now" in time_tag(now, now=now)
    assert "in 2\xa0hours" in time_tag(now, now=moment)
    assert ">today<" in time_tag(now.date(), now=now)
    assert "1\xa0day ago" in time_tag(date(2026, 11, 22), now=now)
    assert "in 2\xa0days" in time_tag(date(2026, 11, 25), now=now)


def test_html_in_data_stays_text(staff: Client) -> None:
    make_order(1, make_customer(1, company="<script>alert(1)</script>"))
    page = staff.get(ORDERS).content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
