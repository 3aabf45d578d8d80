"""The import pages: who may, what they show, and that the preview is what happens."""

from __future__ import annotations

import csv
import io
import os
import time
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from inventory.models import Supplier
from orders.models import Customer
from stateset.accounts.models import User
from stateset.system.importing.admin import MOST_BYTES, MOST_ROWS
from stateset.system.importing.resource import resources
from stateset.system.models import AuditEntry
from tests.stateset.builders import make_user
from tests.stateset.system.importing.builders import import_rows

pytestmark = pytest.mark.django_db

SUPPLIERS = "/admin/inventory/supplier/"
CUSTOMERS = "/admin/orders/customer/"
FILE = "code,name\nS1,Exotic Liquids\nS2,Tokyo Traders\n"
IMPORTABLE = {
    "inventory.location",
    "inventory.product",
    "inventory.supplier",
    "orders.customer",
    "orders.order",
    "orders.orderitem",
    "fulfillment.shipment",
}


@pytest.fixture
def admin() -> User:
    return make_user(is_superuser=True)


@pytest.fixture
def staff(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def user_with(*codenames: str) -> User:
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def check(client: Client, url: str, content: str | bytes, **mapping: str) -> Any:
    """Send a file, and a mapping by its name if one is given; return the answer."""
    data = content.encode() if isinstance(content, str) else content
    files = {"file": SimpleUploadedFile("file.csv", data)}
    for name, text in mapping.items():
        files["mapping"] = SimpleUploadedFile(f"{name}.toml", text.encode())
    return client.post(f"{url}import/", files)


def confirm(client: Client, url: str, page: Any, **changes: str) -> Any:
    """Send what the preview carries, as its button does."""
    carried = {
        page.context["upload_var"]: page.context["packed"],
        page.context["token_var"]: page.context["token"],
    }
    return client.post(f"{url}import/", {**carried, **changes}, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_every_resource_has_its_pages(staff: Client) -> None:
    assert set(resources()) == IMPORTABLE
    for label in IMPORTABLE:
        url = f"/admin/{label.replace('.', '/')}/"
        assert f'href="{url}import/"' in staff.get(url).content.decode()
        page = staff.get(f"{url}import/").content.decode()
        for column in resources()[label].columns():
            assert f'<th scope="row">{column.name}</th>' in page


def test_checking_writes_nothing_and_confirming_writes_what_was_shown(
    staff: Client, admin: User
) -> None:
    import_rows("inventory.supplier", "code,name\nS1,Exotic\nS0,Old\n")
    page = check(staff, SUPPLIERS, FILE + "S0,Old\n")
    text = unescape(page.content.decode())
    assert str(page.context["outcome"]) == "file.csv: 1 new, 1 changed, 1 there already"
    assert "name: Exotic → Exotic Liquids" in text
    assert Supplier.objects.count() == 2

    response = confirm(staff, SUPPLIERS, page)
    assert said(response) == ["Imported file.csv: 1 new, 1 changed, 1 there already."]
    assert response.redirect_chain == [(SUPPLIERS, 302)]
    names = Supplier.objects.order_by("code").values_list("name", flat=True)
    assert list(names) == ["Old", "Exotic Liquids", "Tokyo Traders"]
    entry = AuditEntry.objects.filter(resource_type="suppliers").latest("id")
    assert (entry.actor_id, entry.reason) == (admin.pk, "import of file.csv")


def test_the_mapping_goes_along_to_the_confirmation(staff: Client) -> None:
    mapping = '[columns]\ncode = "nr"\nname = "title"\n[prefixes]\ncode = "NW-"'
    page = check(staff, SUPPLIERS, "nr;title\n1;Exotic Liquids\n", northwind=mapping)
    confirm(staff, SUPPLIERS, page)
    assert Supplier.objects.get().code == "NW-1"


def test_confirming_twice_imports_once(staff: Client) -> None:
    page = check(staff, SUPPLIERS, FILE)
    confirm(staff, SUPPLIERS, page)
    Supplier.objects.all().delete()
    again = confirm(staff, SUPPLIERS, page)
    assert said(again) == ["file.csv was sent already; nothing more was done."]
    assert not Supplier.objects.exists()


def test_wrong_lines_are_listed_and_nothing_can_be_confirmed(staff: Client) -> None:
    page = check(staff, SUPPLIERS, f"{FILE}S1,Again\nS3,{'x' * 300}\n")
    rows = [(p.line, p.column, p.message) for p in page.context["problems"]]
    assert rows == [
        (4, "code", "'S1' is on line 2 already; keep one of the two"),
        (5, "name", "is 300 characters long; shorten it to 255"),
    ]
    text = unescape(page.content.decode())
    assert "<td>4</td><td>code</td><td>'S1' is on line 2 already;" in text
    assert page.context["packed"] == ""
    assert not Supplier.objects.exists()


def test_a_file_that_became_wrong_since_the_preview_imports_nothing(
    staff: Client,
) -> None:
    text = "customer_number,email,company\nA,a@example.com,First\nB,,Second\n"
    page = check(staff, CUSTOMERS, text)
    import_rows("orders.customer", text.replace("A,a@", "C,a@"))
    response = confirm(staff, CUSTOMERS, page)
    assert [str(problem) for problem in response.context["problems"]] == [
        "line 2, email: 'a@example.com': There is a customer with this e-mail already."
    ]
    numbers = Customer.objects.order_by("customer_number")
    assert list(numbers.values_list("customer_number", flat=True)) == ["B", "C"]
    # The same page can be sent again once the trouble is gone.
    Customer.objects.all().delete()
    assert said(confirm(staff, CUSTOMERS, page)) == [
        "Imported file.csv: 2 new, 0 changed, 0 there already."
    ]


def test_a_file_that_is_all_there_offers_nothing_to_confirm(staff: Client) -> None:
    import_rows("inventory.supplier", FILE)
    page = check(staff, SUPPLIERS, FILE)
    assert "there is nothing to import" in page.content.decode()
    assert 'type="hidden" name="_upload"' not in page.content.decode()


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (
            b"",
            (
                "File file.csv was not read. Why: it is empty."
                " What to do: export it again, with a header line."
            ),
        ),
        (
            b"code,nam\nS1,First\n",
            (
                "File file.csv was not read. Why: nothing reads its column 'nam'."
                " What to do: did you mean 'name'?"
            ),
        ),
        (
            b"code,name\n" + b"S,x\n" * (MOST_ROWS + 1),
            (
                "File file.csv was not read. Why: it has 3,001 rows; a page takes 3,000"
                " at once. What to do: split it, or import it with the command"
                " import_data."
            ),
        ),
    ],
    ids=["empty", "unknown column", "too many rows"],
)
def test_a_file_that_is_not_read_says_why(
    staff: Client, content: bytes, refused: str
) -> None:
    page = check(staff, SUPPLIERS, content)
    assert page.context["refused"] == refused
    assert page.context["outcome"] is None


def test_a_wrong_mapping_says_why(staff: Client) -> None:
    page = check(staff, SUPPLIERS, FILE, mine="[columns]\ncode = 'nr'")
    assert page.context["refused"] == (
        "Mapping mine.toml can't be used. Why: the file has no column 'nr'."
        " What to do: its columns are code, name."
    )


def test_a_file_that_is_too_large_is_not_read(staff: Client) -> None:
    page = check(staff, SUPPLIERS, b"x" * (MOST_BYTES + 1))
    assert page.context["form"].errors["file"] == [
        "file.csv is larger than 10 MiB; split it"
    ]


def test_a_file_that_no_page_can_carry_is_not_read(staff: Client) -> None:
    page = check(staff, SUPPLIERS, f"code,name\nS1,{os.urandom(2_000_000).hex()}\n")
    assert page.context["refused"] == (
        "File file.csv was not read. Why: even compressed it is larger than a page can"
        " carry. What to do: split it, or import it with the command import_data."
    )


LOST = (
    "Nothing was imported. Why: this preview is older than an hour, or was made for"
    " another page. What to do: choose the file again."
)


def test_what_a_preview_carries_can_not_be_altered(staff: Client) -> None:
    page = check(staff, SUPPLIERS, FILE)
    packed = page.context["packed"]
    altered = packed.replace(packed[20], "A" if packed[20] != "A" else "B")
    response = confirm(staff, SUPPLIERS, page, _upload=altered)
    assert response.context["refused"] == LOST
    assert not Supplier.objects.exists()


def test_what_a_preview_carries_is_good_for_one_user_and_one_model(
    staff: Client,
) -> None:
    page = check(staff, SUPPLIERS, FILE)
    assert confirm(staff, CUSTOMERS, page).context["refused"] == LOST
    staff.force_login(make_user(is_superuser=True))
    assert confirm(staff, SUPPLIERS, page).context["refused"] == LOST
    assert not Supplier.objects.exists()


def test_what_a_preview_carries_is_good_for_an_hour(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = check(staff, SUPPLIERS, FILE)
    later = time.time() + 3601
    monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    staff.force_login(User.objects.get())
    assert confirm(staff, SUPPLIERS, page).context["refused"] == LOST


@pytest.mark.parametrize(
    "codenames",
    [
        ("view_customer", "add_customer", "add_address", "change_address"),
        ("view_customer", "change_customer", "add_address", "change_address"),
        ("view_customer", "add_customer", "change_customer"),
    ],
)
def test_who_may_not_add_and_change_all_of_it_may_not_import(
    client: Client, codenames: tuple[str, ...]
) -> None:
    client.force_login(user_with(*codenames))
    assert f"{CUSTOMERS}import/" not in client.get(CUSTOMERS).content.decode()
    for url in ("import/", "import/template.csv", "import/template.xlsx"):
        assert client.get(f"{CUSTOMERS}{url}").status_code == 403
    assert check(client, CUSTOMERS, FILE).status_code == 403


def test_who_may_add_and_change_all_of_it_may_import(client: Client) -> None:
    client.force_login(
        user_with(
            "view_customer",
            "add_customer",
            "change_customer",
            "add_address",
            "change_address",
        )
    )
    page = check(client, CUSTOMERS, "customer_number,company\nA,First\n")
    assert confirm(client, CUSTOMERS, page).status_code == 200
    assert Customer.objects.get().customer_number == "A"


def test_templates_have_the_columns_and_can_be_filled_in(staff: Client) -> None:
    names = [column.name for column in resources()["inventory.supplier"].columns()]
    response = staff.get(f"{SUPPLIERS}import/template.csv")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="inventory.supplier.csv"'
    )
    text = response.content.decode()
    assert next(csv.reader(io.StringIO(text))) == names
    filled = text + ",".join("S1" if name in ("code", "name") else "" for name in names)
    assert str(import_rows("inventory.supplier", filled)) == (
        "file.csv: 1 new, 0 changed, 0 there already"
    )

    content = staff.get(f"{SUPPLIERS}import/template.xlsx").content
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == names
