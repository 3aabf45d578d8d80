"""Every page of the admin: there, small, quick, and never reading whole tables."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from stateset.lib.admin import StatesetAdmin
from stateset.lib.admin.once import TOKEN_VAR
from stateset.sidebar import AREAS
from tests.finance.builders import make_cash_sale
from tests.orders.builders import make_confirmed_order
from tests.pages import change_url
from tests.stateset.admin_forms import (
    add_nonsense,
    edit_nothing_by_hand,
    leave_work_to_do,
    save_unchanged,
)
from tests.stateset.admin_walk import (
    OUR_APPS,
    fill_tables,
    our_admins,
    our_models,
    walk,
)
from tests.stateset.builders import make_user

FEW_COLUMNS = {
    "auth.Group": "a group is its name",
    "system.NumberSequence": "a counter is its name and its value",
}
EMPTY = {
    "accounts.ApiKey": "the demo company has no programs",
    "accounts.RefreshToken": "made by programs that log in",
    "accounts.PasswordResetToken": "made when somebody forgot a password",
    "auth.Group": "made by the migrations of a server, not of the tests",
}
SEARCHLESS = {
    "system.NumberSequence": "a dozen rows a year",
}


def test_every_model_has_pages() -> None:
    missing = {model._meta.label for model in our_models()} - {
        model._meta.label for model in admin.site._registry
    }
    assert missing == set()


def test_every_page_is_declared_with_our_classes() -> None:
    others = [
        page.opts.label for page in our_admins() if not isinstance(page, StatesetAdmin)
    ]
    assert others == []


def test_lists_have_the_columns_a_person_can_take_in() -> None:
    odd = {
        page.opts.label: len(page.list_display)
        for page in our_admins()
        if not 4 <= len(page.list_display) <= 9 and page.opts.label not in FEW_COLUMNS
    }
    assert odd == {}


def test_lists_can_be_searched() -> None:
    without = {
        page.opts.label
        for page in our_admins()
        if not (page.search_fields or page.search_through)
    }
    assert without - set(SEARCHLESS) == set()


def test_search_defeats_no_index() -> None:
    """``=`` and ``^`` are ``iexact`` and ``istartswith``: UPPER() on both sides."""
    slow = {
        f"{page.opts.label}: {path}"
        for page in our_admins()
        for path in page.search_fields
        if path.startswith(("=", "^", "@")) or path.endswith(("iexact", "istartswith"))
    }
    assert slow == set()


def test_search_of_other_tables_goes_through_their_keys() -> None:
    """An OR over a join defeats every index: ``search_through`` is for that."""
    joined = {
        f"{page.opts.label}: {path}"
        for page in our_admins()
        for path in page.search_fields
        if page.opts.get_field(path.partition("__")[0]).is_relation
    }
    assert joined == set()


def test_no_list_has_a_date_hierarchy_or_counts_everything() -> None:
    """Distinct months over a million rows take seconds."""
    slow = {
        page.opts.label
        for page in our_admins()
        if page.date_hierarchy or page.show_full_result_count
    }
    assert slow == set()


@pytest.mark.django_db(transaction=True)
@pytest.mark.long
def test_every_page_opens_in_few_questions_and_few_bytes(client: Client) -> None:
    fill_tables()
    client.force_login(make_user(is_superuser=True))

    faults = [fault for page in our_admins() for fault in walk(client, page)]

    assert "\n".join(faults) == ""
    empty = {
        page.opts.label
        for page in our_admins()
        if not page.model._base_manager.exists() and page.opts.label not in EMPTY
    }
    assert empty == set(), "their forms were not seen"


@pytest.mark.django_db(transaction=True)
@pytest.mark.exhaustive
@pytest.mark.long
def test_every_form_can_be_saved_as_it_is_in_every_status(client: Client) -> None:
    fill_tables()
    leave_work_to_do()
    client.force_login(make_user(is_superuser=True))

    faults = [fault for page in our_admins() for fault in save_unchanged(client, page)]
    for page in our_admins():
        faults += edit_nothing_by_hand(client, page)

    assert "\n".join(faults) == ""


@pytest.mark.django_db
def test_only_a_form_with_something_to_edit_can_be_saved(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))
    rows = {make_cash_sale(): False, make_confirmed_order(): True}

    for row, can_save in rows.items():
        page = client.get(change_url(row)).content.decode()
        for button in ("_save", "_continue", "_addanother"):
            assert (f'name="{button}"' in page) is can_save, (row, button)


@pytest.mark.django_db
def test_a_form_says_what_it_is_over_its_fields(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))
    order = make_confirmed_order(order_number="A-1")

    adding = headings(client.get("/admin/orders/order/add/"))
    changing = headings(client.get(change_url(order)))

    assert "Add order" in adding
    assert "A-1" in " ".join(changing)


def headings(response: Any) -> list[str]:
    found = re.findall(r"<h[12][^>]*>([^<]*)</h[12]>", response.content.decode())
    return [heading.strip() for heading in found]


def test_an_app_is_called_like_its_area_of_the_menu() -> None:
    areas = {area.title for area in AREAS}
    assert {apps.get_app_config(label).verbose_name for label in OUR_APPS} <= areas


@pytest.mark.django_db
def test_a_forged_form_gets_errors_at_its_fields(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))

    faults = [fault for page in our_admins() for fault in add_nonsense(client, page)]

    assert "\n".join(faults) == ""
    response = client.post(
        "/admin/orders/order/add/", {"customer": "nope", TOKEN_VAR: "x"}
    )
    assert response.context["adminform"].form.errors["customer"] == [
        "“nope” is not a valid UUID."
    ]
