"""The page of a return says who asked for what, and who may complete it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from returns.models import ReturnItem
from tests.pages import action_url, browser_of, change_url, list_url, staff
from tests.returns.admin.builders import offered
from tests.returns.builders import (
    acting_as,
    make_approver,
    make_delivered_order,
    make_inspected_return,
    make_return,
)
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

APPROVE = "approve_return"


def test_the_page_says_who_asked_and_what_for() -> None:
    clerk = make_user(name="Ana Trujillo")
    with acting_as(clerk):
        asked_by_staff = make_return()
    browser, article = staff(), asked_by_staff.items.get().order_item.article

    page = browser.get(change_url(asked_by_staff)).content.decode()

    assert f'href="{change_url(clerk)}">Ana Trujillo</a>' in page
    assert article in page
    by_program = browser.get(change_url(make_return())).content.decode()
    assert "The customer" in by_program
    assert article in browser.get(list_url(ReturnItem)).content.decode()


def test_a_line_is_picked_by_its_article() -> None:
    line = make_delivered_order().items.get()

    found = staff().get(
        "/admin/autocomplete/",
        {
            "app_label": "returns",
            "model_name": "returnitem",
            "field_name": "order_item",
            "term": line.sku,
        },
    )

    words = [each["text"] for each in found.json()["results"]]
    assert words == [f"{line}: {line.sku} {line.name}"]


def test_completing_takes_what_deciding_takes() -> None:
    found = make_inspected_return()
    clerk, decider = make_user(), make_approver("change_returnrequest")
    clerk.user_permissions.set(decider.user_permissions.exclude(codename=APPROVE))
    for user in (clerk, decider):
        user.user_permissions.add(Permission.objects.get(codename="view_returnrequest"))

    assert offered(browser_of(clerk), found) == []
    assert browser_of(clerk).get(action_url(found, "complete")).status_code == 403
    assert "Complete" in offered(browser_of(decider), found)
