"""Break-glass: one row written by hand, with a reason, under the database's rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db.models import F, Model
from django.test import Client

from inventory.models import StockTransaction
from orders.models import Order
from orders.services import cancel_order, hold_order
from stateset.accounts.models import User
from stateset.lib.admin.by_hand import NAME
from stateset.system.models import AuditEntry, Event, OutboxMessage
from stateset.system.status_invariants import statuses_that_no_event_explains
from tests.finance.builders import make_invoice
from tests.inventory.builders import make_level
from tests.orders.builders import make_confirmed_order
from tests.pages import action_url, change_url, opened, told
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

REASON = "typed into the wrong order"
TRACKING = "column-tracking_number"


@pytest.fixture
def keeper() -> User:
    """Return somebody who may only see orders, and break the glass."""
    user = make_user(name="Kim Keeper")
    rights = ("view_order", "view_invoice", "break_glass")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


@pytest.fixture
def browser(keeper: User, client: Client) -> Client:
    client.force_login(keeper)
    return client


def by_hand(browser: Client, row: Model, **typed: Any) -> Any:
    """Open the page, type, send."""
    page = opened(browser, row, NAME, reason=REASON)
    columns = {f"column-{name}": value for name, value in typed.items()}
    return browser.post(action_url(row, NAME), {**page, **columns}, follow=True)


def test_a_column_is_written_with_its_reason(browser: Client, keeper: User) -> None:
    order = make_confirmed_order()

    page = by_hand(browser, order, tracking_number="1Z999")

    assert told(page) == [f"Order {order} was edited by hand: tracking number."]
    again = Order.objects.get()
    assert (again.tracking_number, again.version) == ("1Z999", order.version + 1)
    assert again.status == order.status
    entry = AuditEntry.objects.filter(resource_id=str(order.pk)).latest("id")
    assert (entry.changes, entry.reason, entry.actor) == (
        {"tracking_number": ["", "1Z999"]},
        REASON,
        keeper,
    )
    event = Event.objects.latest("id")
    assert (event.event_type, event.aggregate_id, event.actor) == (
        "order.edited_by_hand",
        order.pk,
        keeper,
    )
    assert event.payload == {
        "reason": REASON,
        "changes": {"tracking_number": ["", "1Z999"]},
    }
    assert OutboxMessage.objects.filter(event=event).exists()
    newest = page.context["timeline"].entries[0]
    assert (newest.words, newest.by, newest.reason) == (
        "Edited by hand",
        "Kim Keeper",
        REASON,
    )
    assert newest.facts == [("Tracking number", "empty → 1Z999")]


def test_a_status_is_written_and_told_as_a_change(browser: Client) -> None:
    order = make_confirmed_order()

    page = by_hand(browser, order, status="pending")

    order.refresh_from_db()
    assert order.status == "pending"
    newest = page.context["timeline"].entries[0]
    assert ("Confirmed" in newest.was, "Pending" in newest.now) == (True, True)


def test_the_proof_of_the_books_knows_a_status_that_was_mended(
    browser: Client,
) -> None:
    order = cancel_order(make_confirmed_order(), reason="by mistake")

    # A way that no flow goes: from where nothing follows, to where all begins.
    by_hand(browser, order, status="pending")

    order.refresh_from_db()
    assert order.status == "pending"
    assert list(statuses_that_no_event_explains()) == []
    Order.objects.update(status="confirmed")
    assert len(list(statuses_that_no_event_explains())) == 1


def test_the_page_warns_and_shows_what_is_saved(browser: Client) -> None:
    order = hold_order(make_confirmed_order(), reason="unpaid")

    page = browser.get(action_url(order, NAME))

    text = " ".join(page.content.decode().split())
    assert "Only for a mistake that no button mends." in text
    shown = page.context["form"]
    assert shown["column-status"].value() == "on_hold"
    assert shown["column-status_reason"].value() == "unpaid"
    hidden = {"column-id", "column-version", "column-created_at", "column-customer"}
    assert not hidden & set(shown.fields)


def test_what_the_form_can_change_anyway_is_left_to_the_form(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))
    order = make_confirmed_order()

    fields = client.get(action_url(order, NAME)).context["form"].fields

    assert "column-notes" not in fields
    assert "column-total_amount" in fields


def test_the_database_has_the_last_word(browser: Client) -> None:
    order = make_confirmed_order()
    events = Event.objects.count()

    page = by_hand(browser, order, status="on_hold")

    assert page.status_code == 409
    assert "An order on hold remembers where it was held from." in (
        page.content.decode()
    )
    assert Order.objects.get().status == "confirmed"
    assert Event.objects.count() == events


def test_a_number_that_is_taken_is_refused(browser: Client) -> None:
    first, second = make_invoice(), make_invoice()

    page = by_hand(browser, second, invoice_number=first.invoice_number)

    assert page.status_code == 409
    second.refresh_from_db()
    assert second.invoice_number != first.invoice_number


def test_without_a_reason_nothing_is_written(browser: Client) -> None:
    order = make_confirmed_order()
    page = opened(browser, order, NAME, **{TRACKING: "1Z999", "reason": " "})

    answer = browser.post(action_url(order, NAME), page)

    assert answer.context["form"].errors == {"reason": ["This field is required."]}
    assert Order.objects.get().tracking_number == ""


def test_what_no_column_can_hold_is_refused_at_its_box(browser: Client) -> None:
    answer = by_hand(browser, make_confirmed_order(), amount_paid="a lot")

    assert list(answer.context["form"].errors) == ["column-amount_paid"]
    assert Order.objects.get().amount_paid == 0


def test_a_change_meanwhile_is_shown_first(browser: Client) -> None:
    order = make_confirmed_order()
    page = opened(browser, order, NAME, **{TRACKING: "1Z999", "reason": REASON})
    Order.objects.update(version=F("version") + 1, tracking_number="1Z000")

    answer = browser.post(action_url(order, NAME), page)

    assert answer.status_code == 409
    assert "somebody else changed it since you opened" in answer.content.decode()
    assert Order.objects.get().tracking_number == "1Z000"


def test_a_page_that_changes_nothing_says_so(browser: Client) -> None:
    order = make_confirmed_order()

    page = by_hand(browser, order)

    assert page.status_code == 409
    assert "every box says what is saved already" in page.content.decode()
    assert Order.objects.get().version == order.version


def test_who_may_not_sees_nothing_of_it(client: Client) -> None:
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_order"))
    client.force_login(user)
    order = make_confirmed_order()
    url = action_url(order, NAME)

    assert "by-hand" not in client.get(change_url(order)).content.decode()
    assert client.get(url).status_code == 403
    assert client.post(url, {"reason": REASON}).status_code == 403


def test_the_document_itself_must_be_theirs_to_see(client: Client) -> None:
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename="break_glass"))
    client.force_login(user)

    assert client.get(action_url(make_confirmed_order(), NAME)).status_code == 403


def test_the_page_of_a_document_leads_there(browser: Client) -> None:
    order = make_confirmed_order()
    page = browser.get(change_url(order)).content.decode()
    assert action_url(order, NAME) in page
    assert "Edit anyway…" in page


def test_ledgers_logins_and_stock_have_no_such_page(client: Client) -> None:
    client.force_login(make_user(is_superuser=True))
    level = make_level(on_hand=3)
    make_confirmed_order()

    for row in (
        level,
        StockTransaction.objects.first(),
        Event.objects.first(),
        AuditEntry.objects.first(),
        make_user(),
    ):
        assert row is not None
        assert "by-hand" not in client.get(change_url(row)).content.decode()
        url = action_url(row, NAME)
        assert client.get(url).status_code == 404
        assert client.post(url, {"reason": REASON}).status_code == 404
