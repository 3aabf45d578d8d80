"""Rows that can't be imported: line, column, what is wrong; and nothing comes in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inventory.models import Location, Product, Supplier
from orders.models import Address, Customer, Order, OrderItem
from stateset.system.models import AuditEntry, Event
from tests.orders.builders import make_customer, make_location, make_variant
from tests.stateset.system.importing.builders import (
    import_rows,
    problems_in,
    refusal_of,
    workbook,
)

pytestmark = pytest.mark.django_db

WRITTEN = (Address, AuditEntry, Customer, Event, Location, Order, OrderItem, Product)


FORMULA = "is a formula; paste its value, or put ' before it if it is text"


def counts() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in WRITTEN}


@pytest.fixture
def nothing_changes() -> Iterator[None]:
    before = counts()
    yield
    assert counts() == before


def location(**cells: str) -> str:
    """Return a file with one good location, and one with these cells."""
    row = {"code": "B", "name": "Second", "country_code": "DE", **cells}
    names = ("code", "name", "kind", "country_code")
    return "\n".join(
        [
            ",".join(names),
            "A,First,warehouse,DE",
            ",".join(row.get(name, "warehouse") for name in names),
        ]
    )


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"code": ""}, "code: is empty, and rows are told apart by it; fill it in"),
        ({"code": "A"}, "code: 'A' is on line 2 already; keep one of the two"),
        ({"code": "B" * 51}, "code: is 51 characters long; shorten it to 50"),
        ({"name": ""}, "name: is empty; fill it in"),
        ({"name": "N" * 300}, "name: is 300 characters long; shorten it to 255"),
        (
            {"name": "=HYPERLINK(A1)"},
            f"name: '=HYPERLINK(A1)' {FORMULA}",
        ),
        (
            {"name": "@SUM(A1)"},
            f"name: '@SUM(A1)' {FORMULA}",
        ),
        (
            {"name": "Main\x07"},
            "name: 'Main\\x07' holds a character that can't be seen; type it anew",
        ),
        (
            {"country_code": "D" * 100},
            (
                f"country_code: '{'D' * 59}…' is no country code;"
                " write it like DE (ISO 3166)"
            ),
        ),
        (
            {"name": "#REF!"},
            "name: '#REF!' is an error of the spreadsheet; mend its formula",
        ),
        (
            {"kind": "shed"},
            "kind: 'shed' is not one of warehouse, store, quarantine",
        ),
        (
            {"country_code": "Germany"},
            "country_code: 'Germany' is no country code; write it like DE (ISO 3166)",
        ),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_comes_in(
    cells: dict[str, str], problem: str
) -> None:
    assert refusal_of("inventory.location", location(**cells)) == (
        "Nothing was imported from file.csv.\n"
        f"  why: line 3, {problem}\n"
        "  fix: mend these lines in the file and import it again"
    )


@pytest.mark.usefixtures("nothing_changes")
def test_every_wrong_cell_of_every_line_is_named() -> None:
    text = (
        "code,name,kind,country_code\nA,,shed,Germany\nB,Second,,\nC,,,D1\n,=1,@2,DE\n"
    )
    assert problems_in("inventory.location", text) == [
        "line 2, kind: 'shed' is not one of warehouse, store, quarantine",
        (
            "line 2, country_code: 'Germany' is no country code;"
            " write it like DE (ISO 3166)"
        ),
        "line 2, name: is empty; fill it in",
        "line 4, country_code: 'D1' is no country code; write it like DE (ISO 3166)",
        "line 4, name: is empty; fill it in",
        "line 5, code: is empty, and rows are told apart by it; fill it in",
        f"line 5, name: '=1' {FORMULA}",
        f"line 5, kind: '@2' {FORMULA}",
    ]


@pytest.mark.usefixtures("nothing_changes")
def test_a_problem_of_very_many_lines_is_told_once() -> None:
    text = "code,name\n" + "".join(f"L{number},\n" for number in range(13))
    shown = refusal_of("inventory.location", text).split("\n       ")
    assert len(shown) == 1
    assert shown[0].endswith(
        "line 2, name: is empty; fill it in"
        " (the same on 12 more lines: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …)\n"
        "  fix: mend these lines in the file and import it again"
    )


@pytest.mark.usefixtures("nothing_changes")
def test_one_wrong_line_is_not_buried_under_what_all_lines_have() -> None:
    text = "code,name,kind\n" + "".join(f"L{number},,store\n" for number in range(30))
    shown = refusal_of("inventory.location", text + "L99,Last,shed\n")
    assert "the same on 29 more lines" in shown
    assert "line 32, kind: " in shown


@pytest.mark.usefixtures("nothing_changes")
def test_ten_different_problems_are_shown_of_many() -> None:
    text = "code,name,kind\n" + "".join(f"L{n},N,kind{n}\n" for n in range(13))
    shown = refusal_of("inventory.location", text).split("\n       ")
    assert len(shown) == 11
    assert shown[10].startswith("and 3 more\n")


@pytest.mark.usefixtures("nothing_changes")
def test_a_column_in_other_letters_is_named() -> None:
    shown = refusal_of("inventory.location", "Code,name\nL1,First\n")
    assert "did you mean 'code'?" in shown


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    ("header", "why", "fix"),
    [
        ("code,nam", "nothing reads its column 'nam'", "did you mean 'name'?"),
        (
            "code,name,owner",
            "nothing reads its column 'owner'",
            (
                "remove it, or give a mapping; the columns are code, name, kind, line1,"
                " city, postal_code, country_code"
            ),
        ),
        (
            "name,city",
            "it has no column 'code', by which rows are told apart",
            "add that column, or give a mapping that fills it",
        ),
    ],
)
def test_an_unknown_or_missing_column_is_refused(
    header: str, why: str, fix: str
) -> None:
    row = ",".join("x" for _ in header.split(","))
    assert refusal_of("inventory.location", f"{header}\n{row}\n") == (
        f"File file.csv was not read.\n  why: {why}\n  fix: {fix}"
    )


@pytest.mark.usefixtures("nothing_changes")
def test_a_mapping_must_fill_the_key() -> None:
    refusal = refusal_of(
        "inventory.location", "titel\nMain\n", mapping='[columns]\nname = "titel"'
    )
    assert refusal == (
        "Mapping map.toml can't be used.\n"
        "  why: it fills no column 'code', by which rows are told apart\n"
        '  fix: add a line like code = "…" to [columns]'
    )


def test_under_a_mapping_problems_name_the_columns_of_the_file() -> None:
    found = problems_in(
        "inventory.location",
        "nr,titel,land\n7,Main,Germany\n",
        mapping='[columns]\ncode = "nr"\nname = "titel"\ncountry_code = "land"',
    )
    assert found == [
        "line 2, land: 'Germany' is no country code; write it like DE (ISO 3166)"
    ]


def test_a_bad_date_on_line_1204_stops_1500_orders() -> None:
    customer, place = make_customer(), make_location()
    before = counts()
    dates = {1204: "31.02.2026"}
    lines = "".join(
        f"O{line},{customer.customer_number},{place.code},"
        f"{dates.get(line, '2026-11-20')}\n"
        for line in range(2, 1502)
    )
    found = problems_in(
        "orders.order", f"order_number,customer,location,order_date\n{lines}"
    )
    assert found == [
        (
            "line 1204, order_date: '31.02.2026' is no date;"
            " write it like 2026-11-23 or 2026-11-23T14:30:00+00:00"
        )
    ]
    assert counts() == before


@pytest.mark.usefixtures("nothing_changes")
def test_an_order_of_a_customer_who_is_not_there_is_refused() -> None:
    assert problems_in(
        "orders.order", "order_number,customer,location\nO1,NOBODY,NOWHERE\n"
    ) == [
        (
            "line 2, customer: there is no customer 'NOBODY';"
            " import customers first, or correct it"
        ),
        (
            "line 2, location: there is no location 'NOWHERE';"
            " import locations first, or correct it"
        ),
    ]


def order_line(**cells: str) -> str:
    """Return a file with one line of a pending order that is there."""
    customer, place = make_customer(), make_location()
    import_rows(
        "orders.order",
        f"order_number,customer,location\nO1,{customer.customer_number},{place.code}\n",
    )
    row = {"order_number": "O1", "sku": make_variant().sku, "quantity": "2", **cells}
    return f"{','.join(row)}\n{','.join(row.values())}\n"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"quantity": "-3"}, "quantity: '-3' is too little; write 0 or more"),
        ({"quantity": "1.5"}, "quantity: '1.5' is no whole number; write it like 12"),
        ({"quantity": "many"}, "quantity: 'many' is no number; write it like 1234.50"),
        ({"quantity": ""}, "quantity: is empty; fill it in"),
        (
            {"unit_price": "12,50"},
            "unit_price: '12,50' is no number; write it like 1234.50",
        ),
        (
            {"unit_price": "0.00001"},
            "unit_price: '0.00001' is too fine; round it to 4 decimals",
        ),
        ({"discount_rate": "15"}, "discount_rate: '15' is no rate; write 15 % as 0.15"),
        (
            {"discount_rate": "0.1", "discount": "1"},
            "discount_rate: '0.1' stands beside a discount; give one of them",
        ),
    ],
)
def test_a_wrong_order_line_is_refused(cells: dict[str, str], problem: str) -> None:
    text = order_line(**cells).replace("12,50", '"12,50"')
    before = counts()
    assert problems_in("orders.orderitem", text) == [f"line 2, {problem}"]
    assert counts() == before


def test_what_a_service_refuses_is_told_with_its_line() -> None:
    text = order_line(discount="30")
    sku = text.split("\n")[1].split(",")[1]
    assert problems_in("orders.orderitem", text) == [
        (
            f"line 2: The discount on {sku} was not taken: 30.00 is more than the 20.00"
            " the line costs; give a discount of at most 20.00"
        )
    ]


def test_what_the_database_refuses_is_told_with_its_line() -> None:
    assert problems_in(
        "inventory.supplier", "code,name,currency\nS1,First,USD\nS2,Second,usdollar\n"
    ) == [
        "line 3, currency: 'usdollar' is no currency code; write it like USD (ISO 4217)"
    ]
    assert problems_in("inventory.product", "sku,name,tax_rate\nP1,Chai,1.5\n") == [
        "line 2: Tax rate is a fraction between 0 and 1: 0.08 is 8 per cent."
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "=1+1",
            f"name: '=1+1' {FORMULA}",
        ),
        (None, "name: is empty; fill it in"),
    ],
)
def test_cells_of_a_spreadsheet_are_checked_alike(value: Any, problem: str) -> None:
    content = workbook(["code", "name"], ["A", "First"], ["B", value])
    assert problems_in("inventory.location", content, name="file.xlsx") == [
        f"line 3, {problem}"
    ]
    assert not Location.objects.exists()


def test_numbers_and_dates_of_a_spreadsheet_are_read_right() -> None:
    content = workbook(["code", "name", "postal_code"], [7.0, "Main", 10115])
    import_rows("inventory.location", content, name="file.xlsx")
    place = Location.objects.get()
    assert (place.code, place.postal_code) == ("7", "10115")


def test_text_that_only_looks_like_a_formula_comes_in_behind_an_apostrophe() -> None:
    import_rows("inventory.supplier", "code,name,phone\n'=1,'@home,-12 (3)\n")
    supplier = Supplier.objects.get()
    assert (supplier.code, supplier.name, supplier.phone) == ("=1", "@home", "-12 (3)")


def test_an_empty_cell_leaves_what_can_not_be_empty_as_it_is() -> None:
    columns = "code,name,phone,currency,payment_terms_days"
    import_rows("inventory.supplier", f"{columns}\nS1,First,123,EUR,14\n")
    import_rows("inventory.supplier", f"{columns}\nS1,First,,,\n")
    supplier = Supplier.objects.get()
    assert (supplier.phone, supplier.currency) == ("", "EUR")
    assert supplier.payment_terms_days == 14


def test_a_dry_run_finds_the_same_and_writes_nothing() -> None:
    before = counts()
    outcome = import_rows("inventory.location", location(), is_dry_run=True)
    assert str(outcome) == "file.csv: 2 new, 0 changed, 0 there already"
    assert counts() == before


def test_what_a_line_changes_is_told_and_a_line_that_changes_nothing_is_not() -> None:
    import_rows("inventory.location", location())
    outcome = import_rows(
        "inventory.location", location(name="Other", country_code="AT")
    )
    assert str(outcome) == "file.csv: 0 new, 1 changed, 1 there already"
    same, changed = outcome.rows
    assert (same.line, same.kind, same.name) == (2, "unchanged", "A")
    assert (changed.line, changed.kind, changed.name) == (3, "changed", "B")
    assert [(c.column, c.before, c.after) for c in changed.changes] == [
        ("name", "Second", "Other"),
        ("country_code", "DE", "AT"),
    ]
    assert Location.objects.get(code="B").version == 2


def test_the_audit_trail_says_which_import_it_was() -> None:
    import_rows("orders.customer", "customer_number,last_name\nC1,Kahlo\n")
    kept = AuditEntry.objects.filter(resource_type__in=["customers", "orders.customer"])
    assert list(kept.order_by("id").values_list("action", "reason")) == [
        ("insert", "import of file.csv"),
        ("data.import", "import of file.csv"),
    ]
    assert kept.get(action="data.import").changes == {
        "summary": "file.csv: 1 new, 0 changed, 0 there already"
    }
