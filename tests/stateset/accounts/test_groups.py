"""What each group sees and may press on the real pages, and what not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client, RequestFactory

from orders.models import Order
from stateset.accounts.models import User
from stateset.lib.admin.by_hand import BREAK_GLASS, NAME
from stateset.lib.admin.guided import may_perform
from tests.finance.builders import make_invoice, make_payment
from tests.fulfillment.builders import make_ready, make_released
from tests.inventory.builders import make_level
from tests.inventory.procurement.builders import make_purchase_order
from tests.orders.builders import make_confirmed_order
from tests.pages import action_url, browser_of, change_url, opened, shown
from tests.returns.builders import make_return
from tests.stateset.admin_walk import our_admins
from tests.stateset.builders import make_user
from tests.stateset.buttons import every_button

pytestmark = pytest.mark.django_db

ROWS: Mapping[str, Callable[[], Model]] = {
    "order": make_confirmed_order,
    "pick": make_released,
    "shipment": make_ready,
    "level": lambda: make_level(on_hand=5),
    "purchase": make_purchase_order,
    "invoice": make_invoice,
    "payment": make_payment,
    "return": make_return,
}
"""A document of each kind that the groups share out among themselves."""

MAY = {
    "Support": {
        "order": ["hold", "cancel", "addresses"],
        "return": ["approve", "reject"],
    },
    "Warehouse": {
        "pick": ["pick", "cancel"],
        "shipment": ["ship", "cancel"],
        "level": ["count", "adjust", "transfer", "hold", "scrap"],
        "purchase": ["submit", "cancel"],
    },
    "Finance": {
        "order": ["invoice", "pay"],
        "invoice": ["receive", "credit", "void"],
        "payment": ["refund"],
    },
}
"""The buttons that a group has on such a document; on the others it has none."""

UNSEEN = {
    "Support": [],
    "Warehouse": ["invoice", "payment"],
    "Finance": ["pick", "shipment"],
}
"""What a group does not get to see at all."""

EVERY_TABLE = ("Auditor", "Administrator")


def member(group: str) -> User:
    """Return a new user of the group, who is no superuser."""
    user = make_user()
    user.groups.add(Group.objects.get(name=group))
    return user


def actions_on(browser: Client, row: Model) -> list[str]:
    """Return the names of the actions that the page of ``row`` has buttons for."""
    urls = [each["url"] for each in browser.get(change_url(row)).context["buttons"]]
    return [url.rstrip("/").rpartition("/")[2] for url in urls if "/do/" in url]


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("group", MAY)
def test_a_group_has_its_buttons_and_no_others(group: str, kind: str) -> None:
    row, browser = ROWS[kind](), browser_of(member(group))
    page = admin.site._registry[type(row)]
    allowed = MAY[group].get(kind, [])

    if kind in UNSEEN[group]:
        assert browser.get(change_url(row)).status_code == 403
    else:
        assert set(allowed) <= set(actions_on(browser, row))

    request = RequestFactory().post("/")
    request.user = User.objects.get(pk=member(group).pk)
    for action in page.guided_actions:  # type: ignore[attr-defined]  # all are ours
        if not may_perform(page, request, action, row):
            assert action.name not in allowed
            url = action_url(row, action.name)
            assert browser.get(url).status_code == 403, action.name
            assert browser.post(url, {"reason": "x"}).status_code == 403, action.name


@pytest.mark.parametrize(
    ("group", "kind", "names"),
    [
        ("Support", "payment", ["refund"]),
        ("Support", "invoice", ["void", "credit", "receive"]),
        ("Support", "level", ["adjust", "scrap", "count"]),
        ("Support", "shipment", ["ship", "cancel"]),
        ("Support", "order", ["pay", "invoice", "release"]),
        ("Warehouse", "payment", ["refund"]),
        ("Warehouse", "order", ["cancel", "hold", "pay"]),
        ("Warehouse", "return", ["approve"]),
        ("Warehouse", "purchase", ["approve"]),
        ("Finance", "order", ["cancel", "confirm", "hold"]),
        ("Finance", "level", ["adjust", "scrap"]),
        ("Finance", "shipment", ["ship"]),
        ("Finance", "return", ["approve"]),
    ],
)
def test_what_is_another_groups_is_refused(
    group: str, kind: str, names: list[str]
) -> None:
    row, browser = ROWS[kind](), browser_of(member(group))

    for name in names:
        url = action_url(row, name)
        assert browser.get(url).status_code == 403, name
        assert browser.post(url, {"reason": "x"}).status_code == 403, name
    assert browser.get(action_url(row, NAME)).status_code in (403, 404)


@pytest.mark.parametrize("group", EVERY_TABLE)
def test_auditor_and_administrator_see_every_table(group: str) -> None:
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=member(group).pk)
    unseen = {
        page.opts.label
        for page in our_admins()
        if not page.has_view_permission(request)
    }
    # Who is in which group is on the pages of the users.
    assert unseen == ({"auth.Group"} if group == "Auditor" else set())


def test_an_auditor_presses_and_changes_nothing() -> None:
    user = User.objects.get(pk=member("Auditor").pk)
    request = RequestFactory().post("/")
    request.user = user

    pressed = [
        name
        for name, (page, action) in every_button().items()
        if may_perform(page, request, action, None)
    ]
    changeable = [
        page.opts.label
        for page in our_admins()
        if page.has_change_permission(request)
        or page.has_add_permission(request)
        or page.has_delete_permission(request)
    ]
    assert (pressed, changeable) == ([], [])

    order, browser = make_confirmed_order(), browser_of(user)
    assert actions_on(browser, order) == []
    sent = {"notes": "mine", "_version": order.version}
    assert browser.post(change_url(order), sent).status_code == 403
    assert browser.get(action_url(order, NAME)).status_code == 403
    assert Order.objects.get().notes == ""


def test_an_administrator_may_do_everything_without_being_a_superuser() -> None:
    user = User.objects.get(pk=member("Administrator").pk)
    request = RequestFactory().post("/")
    request.user = user

    refused = [
        name
        for name, (page, action) in every_button().items()
        if not may_perform(page, request, action, None)
    ]

    assert not user.is_superuser
    assert refused == []
    assert user.has_perm(BREAK_GLASS)
    ours = Permission.objects.filter(
        content_type__app_label__in={page.opts.app_label for page in our_admins()}
    )
    assert ours.count() == user.groups.get().permissions.count()


def test_only_the_administrator_breaks_the_glass_and_erases() -> None:
    for codename in ("break_glass", "erase_customer"):
        holders = Group.objects.filter(permissions__codename=codename)
        assert [group.name for group in holders] == ["Administrator"]

    order, browser = make_confirmed_order(), browser_of(member("Administrator"))
    page = opened(browser, order, NAME, reason="a slip of the pen")
    sent = {**page, "column-tracking_number": "1Z999"}
    assert browser.post(action_url(order, NAME), sent).status_code == 302
    assert Order.objects.get().tracking_number == "1Z999"


def test_an_administrator_puts_people_into_groups_but_makes_no_superuser() -> None:
    browser, newcomer = browser_of(member("Administrator")), make_user()
    support = Group.objects.get(name="Support")

    page = shown(browser, change_url(newcomer))
    extra = {"groups": [str(support.pk)], "is_superuser": "on"}
    assert browser.post(change_url(newcomer), page | extra).status_code == 302

    newcomer.refresh_from_db()
    assert list(newcomer.groups.all()) == [support]
    assert not newcomer.is_superuser
    boss = make_user(is_superuser=True)
    assert browser.post(change_url(boss), {"name": "x"}).status_code == 403
