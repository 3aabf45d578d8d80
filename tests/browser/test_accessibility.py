"""No page breaks a rule of accessibility, no row of a list into lines.

Every list and form, and pages of actions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page

from stateset.accounts.models import User
from stateset.lib.admin import StatesetAdmin
from tests.browser.lists import faults
from tests.stateset.admin_walk import fill_tables, our_admins

pytestmark = pytest.mark.long

# One part goes to one worker.
PARTS = {
    "home and orders": {"orders"},
    "stock": {"inventory"},
    "money and parcels": {"finance", "fulfillment", "returns"},
    "people and system": {"accounts", "auth", "system", "dbops"},
}
# The pages of all actions are made from one template.
APP_WITH_ACTIONS = "orders"
ROWS = 4


@pytest.fixture
def filled(transactional_db: None) -> None:
    """Fill the tables first of all, before anybody logs in."""
    fill_tables()


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=[] if "home" in part else [pytest.mark.exhaustive])
        for part in PARTS
    ],
)
@pytest.mark.usefixtures("filled")
def test_no_page_breaks_a_rule(
    page: Page,
    axe: Callable[[Page], list[str]],
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows of one list are alike: a few of them show what fifty would."""
    monkeypatch.setattr(StatesetAdmin, "list_per_page", ROWS)
    broken = {}
    for url in pages(part):
        response = page.goto(url)
        assert response is not None
        assert response.status == 200, url
        if found := axe(page) + faults(page):
            broken[url] = found
    assert broken == {}


def test_the_parts_are_the_whole() -> None:
    labels = {model_admin.opts.app_label for model_admin in our_admins()}
    assert labels == set().union(*PARTS.values())


def pages(part: str) -> Iterator[str]:
    """Yield the home page, and the list, form, adding and an action of each table."""
    if "home" in part:
        yield reverse("admin:index")
    for model_admin in our_admins():
        options = model_admin.opts
        if options.app_label not in PARTS[part]:
            continue
        name = f"admin:{options.app_label}_{options.model_name}"
        yield reverse(f"{name}_changelist")
        row = options.model._base_manager.first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])
            if options.app_label == APP_WITH_ACTIONS:
                yield from action_pages(model_admin, row)
        if may_add(model_admin):
            yield reverse(f"{name}_add")


def action_pages(model_admin: StatesetAdmin, row: Model) -> Iterator[str]:
    """Yield the page of the first action that is possible now, if one is."""
    for action in model_admin.guided_actions:
        if not action.refusal(row):
            yield model_admin.action_url(row, action)
            return


def may_add(model_admin: StatesetAdmin) -> bool:
    """Return whether anybody can add a row by hand."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    return model_admin.has_add_permission(request)
