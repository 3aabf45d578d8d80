"""The pages of production: bills, work orders and their steps."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.models import (
    BillOfMaterials,
    BomLineItem,
    WorkOrder,
    WorkOrderOperation,
)
from inventory.services.manufacturing import OperationPlan, release_work_order
from tests.inventory.builders import make_location, make_variant, quantities
from tests.inventory.manufacturing.builders import (
    component_level,
    made_level,
    make_active_bom,
    make_bom,
    make_running_order,
    make_work_order,
)
from tests.inventory.pages import buttons, listed
from tests.pages import (
    act,
    add_url,
    change_url,
    delete_url,
    list_url,
    refusals,
    save,
    staff,
    told,
)

pytestmark = pytest.mark.django_db


def test_adding_a_bill_finds_its_revision_and_name() -> None:
    table, leg = make_variant(name="Table"), make_variant()
    make_bom(table)

    response = save(
        staff(),
        add_url(BillOfMaterials),
        variant=table.pk,
        lines__0__component=leg.pk,
        lines__0__quantity_per="4",
        lines__0__scrap_rate="0.02",
    )

    bom = BillOfMaterials.objects.latest("id")
    assert response.redirect_chain, refusals(response)
    assert (bom.revision, bom.name, bom.status) == ("B", "Table", "draft")
    line = bom.lines.get()
    assert (line.line_number, line.component, line.quantity_per) == (1, leg, Decimal(4))


def test_a_bill_that_needs_itself_is_not_saved() -> None:
    table = make_variant(sku="TABLE")

    response = save(
        staff(),
        add_url(BillOfMaterials),
        variant=table.pk,
        lines__0__component=table.pk,
        lines__0__quantity_per="1",
        lines__0__scrap_rate="0",
    )

    (refused,) = refusals(response)
    assert "Why: TABLE would be made from itself." in refused
    assert not BillOfMaterials.objects.exists()


def test_a_draft_gets_lines_and_is_activated_then_only_read() -> None:
    bom = make_bom(None, make_variant(), make_variant())
    third = make_variant()
    browser = staff()
    save(
        browser,
        change_url(bom),
        lines__TOTAL_FORMS="3",
        lines__2__component=third.pk,
        lines__2__quantity_per="0.5",
        lines__2__scrap_rate="0",
    )
    assert bom.lines.get(component=third).line_number == 3

    response = act(browser, bom, "activate")

    bom.refresh_from_db()
    assert bom.status == "active"
    assert told(response) == [f"{bom} is in force; the former revision is obsolete."]
    shown = browser.get(change_url(bom))
    assert buttons(shown) == ["Copy to a new revision", "Make obsolete"]
    (lines, _) = shown.context["inline_admin_formsets"]
    assert not lines.has_change_permission
    assert browser.post(delete_url(bom), {"post": "yes"}).status_code == 403


def test_a_bill_in_force_is_copied_and_made_obsolete() -> None:
    bom = make_active_bom()
    browser = staff()

    response = act(browser, bom, "copy")
    act(browser, bom, "obsolete")

    copied = BillOfMaterials.objects.get(revision="B")
    bom.refresh_from_db()
    assert told(response) == [f"{copied} is a draft with the same lines."]
    assert (copied.status, bom.status) == ("draft", "obsolete")
    drafts = browser.get(list_url(BillOfMaterials), {"preset": "drafts"})
    assert listed(drafts) == [str(copied)]


def test_bills_are_found_by_what_they_need() -> None:
    bom = make_bom(None, make_variant(sku="LEG-01"))
    make_bom()
    browser = staff()

    assert listed(browser.get(list_url(BillOfMaterials), {"q": "leg-01"})) == [str(bom)]
    used_in = browser.get(list_url(BomLineItem), {"q": "LEG"})
    assert listed(used_in) == [f"{bom.bom_number} line 1"]


def test_a_work_order_goes_all_the_way_by_its_buttons() -> None:
    bom = make_work_order(on_hand=40).bom
    location = WorkOrder.objects.get().location
    browser = staff()

    response = save(
        browser,
        add_url(WorkOrder),
        variant=bom.variant_id,
        location=location.pk,
        quantity_planned="20",
        operations__TOTAL_FORMS="1",
        operations__0__sequence="10",
        operations__0__name="Saw",
        operations__0__planned_minutes="30",
    )
    order = WorkOrder.objects.latest("id")
    assert response.redirect_chain, refusals(response)
    assert (order.bom, order.status) == (bom, "planned")
    step = order.operations.get()

    assert told(act(browser, order, "release")) == [
        f"Work order {order} is ready; its materials are reserved."
    ]
    act(browser, order, "start")
    act(browser, order, "hold", reason="saw is broken")
    act(browser, order, "resume")
    act(browser, step, "start")
    act(browser, step, "complete", minutes="25")
    response = act(browser, order, "complete", quantity="18", scrapped="2")

    order.refresh_from_db()
    step.refresh_from_db()
    assert told(response) == [
        f"18 units are in stock; work order {order} is completed."
    ]
    assert (order.status, step.actual_minutes) == ("completed", 25)
    assert made_level(order).on_hand == 18
    assert buttons(browser.get(change_url(order))) == []


def test_releasing_says_what_is_missing() -> None:
    order = make_work_order(10, on_hand=15, location=make_location(code="MAIN"))
    sku = component_level(order).variant.sku
    browser = staff()

    url = change_url(order)[: -len("change/")]
    facts = browser.get(f"{url}do/release/").context["facts"]
    response = act(browser, order, "release")

    assert facts == [(f"Short: {sku}", "20 wanted, 15 available at MAIN")]
    assert told(response) == [
        (
            f"Work order {order} waits for materials: {sku} at MAIN: 20 wanted,"
            " 15 available."
        )
    ]
    waiting = browser.get(list_url(WorkOrder), {"preset": "waiting"})
    assert listed(waiting) == [str(order)]


def test_a_work_order_is_cancelled_or_closed_short_by_its_buttons() -> None:
    planned = release_work_order(make_work_order())
    running = make_running_order()
    browser = staff()

    act(browser, planned, "cancel", reason="not sold")
    act(browser, running, "close_short", reason="not sold")

    planned.refresh_from_db()
    running.refresh_from_db()
    assert (planned.status, running.status) == ("cancelled", "closed_short")
    assert quantities(component_level(planned)) == (20, 0, 0)


def test_steps_are_planned_until_the_order_starts() -> None:
    order = make_work_order(operations=[OperationPlan("Saw")])
    browser = staff()
    save(browser, change_url(order), operations__0__work_center="Yard")
    assert order.operations.get().work_center == "Yard"

    running = make_running_order(operations=[OperationPlan("Saw")])
    shown = browser.get(change_url(running))

    (steps,) = shown.context["inline_admin_formsets"]
    assert not steps.has_change_permission
    assert f'href="{change_url(running.operations.get())}"' in shown.content.decode()


def test_a_step_is_skipped_with_a_reason_and_found_by_its_order() -> None:
    order = make_running_order(operations=[OperationPlan("Saw", "Yard")])
    step = order.operations.get()
    browser, url = staff(), list_url(WorkOrderOperation)
    assert listed(browser.get(url, {"preset": "to_do"})) == [str(step)]
    assert listed(browser.get(url, {"q": str(order)})) == [str(step)]
    assert listed(browser.get(url, {"q": "Yard"})) == [str(step)]

    act(browser, step, "skip", reason="cut by the supplier")

    step.refresh_from_db()
    assert step.status == "skipped"
    assert listed(browser.get(url, {"preset": "to_do"})) == []


def test_lists_take_no_more_queries_for_more_rows(django_assert_max_num_queries):
    for _ in range(4):
        order = make_work_order(operations=[OperationPlan("Saw")])
    browser = staff()
    for model in (BillOfMaterials, BomLineItem, WorkOrder, WorkOrderOperation):
        browser.get(list_url(model))
        with django_assert_max_num_queries(9):
            browser.get(list_url(model))
    for row in (order, order.bom, order.operations.get()):
        browser.get(change_url(row))
        with django_assert_max_num_queries(30):
            browser.get(change_url(row))
