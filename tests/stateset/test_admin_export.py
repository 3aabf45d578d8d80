"""Export: what the list shows, as CSV and as a spreadsheet, harmless to open."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.test import Client

from stateset.lib.admin.export import cell
from tests.stateset.builders import make_user
from tests.stateset.sample_rows import CUSTOMERS, ORDERS, make_customer, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stateset.sample_admin")]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user(is_superuser=True))
    return client


def csv_rows(client: Client, url: str, **params: str) -> list[dict[str, str]]:
    response: Any = client.get(f"{url}export.csv", params)
    assert response.status_code == 200
    assert response.streaming
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_the_rows_of_the_list(staff: Client) -> None:
    make_customer(1)
    make_customer(2, status="suspended", last_name='Żółć, "Ida"')

    (row,) = csv_rows(staff, CUSTOMERS, preset="suspended")

    assert row["customer_number"] == "CUS-2026-000002"
    assert row["last_name"] == 'Żółć, "Ida"'


def test_csv_honours_search_and_filters(staff: Client) -> None:
    ada = make_customer(1)
    make_order(1, ada, total_amount=Decimal("10.5"))
    make_order(2, ada, total_amount=Decimal(99))

    found = csv_rows(staff, ORDERS, total_amount_to="50")
    assert [row["order_number"] for row in found] == ["ORD-2026-000001"]
    assert found[0]["total_amount"] == "10.5000"
    assert len(csv_rows(staff, ORDERS, q="ORD-2026-000002")) == 1


def test_csv_says_its_name_and_kind(staff: Client) -> None:
    response = staff.get(f"{CUSTOMERS}export.csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith(
        'attachment; filename="customers-'
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_is_never_a_formula(staff: Client, start: str) -> None:
    make_customer(1, company=f"{start}1+1")
    (row,) = csv_rows(staff, CUSTOMERS)
    assert row["company"] == f"'{start}1+1"


def test_numbers_stay_numbers_and_times_are_utc() -> None:
    assert cell(Decimal("-5.00")) == Decimal("-5.00")
    assert cell(-3) == -3
    assert cell(None) is None
    moment = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    assert cell(moment) == "2026-11-23 12:30:00"


def test_xlsx_has_the_rows_of_the_list(staff: Client) -> None:
    make_customer(1, company="=1+1")
    response = staff.get(f"{CUSTOMERS}export.xlsx")

    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    heading, row = list(sheet.iter_rows(values_only=True))
    values = dict(zip(heading, row, strict=True))
    assert values["customer_number"] == "CUS-2026-000001"
    assert values["company"] == "'=1+1"


def test_xlsx_stops_at_its_cap_and_says_what_to_do(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stateset.lib.admin.export.XLSX_ROWS", 1)
    make_customer(1)
    make_customer(2)

    response = staff.get(f"{CUSTOMERS}export.xlsx?preset=active", follow=True)

    assert response.redirect_chain == [(f"{CUSTOMERS}?preset=active", 302)]
    (message,) = response.context["messages"]
    assert str(message) == (
        "No spreadsheet was made. Why: the list has more than 1 rows. What to do: "
        "narrow the list by a filter, or export it as CSV, which has no limit."
    )


def test_secrets_are_not_exported(staff: Client) -> None:
    (row,) = csv_rows(staff, "/admin/accounts/user/")
    assert "email" in row
    assert "password" not in row


def test_only_who_may_view_may_export(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(f"{CUSTOMERS}export.csv").status_code == 403
    client.logout()
    assert client.get(f"{CUSTOMERS}export.csv").status_code == 302


def test_the_links_keep_what_the_list_is_narrowed_by(staff: Client) -> None:
    make_customer(1)
    page = staff.get(f"{CUSTOMERS}?preset=active&q=ida").content.decode()
    assert f'href="{CUSTOMERS}export.csv?preset=active&amp;q=ida"' in page
