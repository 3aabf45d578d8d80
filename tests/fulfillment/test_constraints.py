"""What the database refuses of picks, parcels and scans, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model

from fulfillment.models import ShipmentItem, TrackingEvent
from fulfillment.services import record_tracking
from tests.breaking import (
    checks_of,
    names_it,
    refused_copy,
    refused_update,
    uniques_of,
)
from tests.fulfillment.builders import make_released, make_shipment, make_shipped
from tests.orders.builders import NOON

pytestmark = pytest.mark.django_db

Make = Callable[[], Model]


def make_labelled() -> Model:
    return make_shipment(tracking_number="0001")


def make_parcel_line() -> ShipmentItem:
    return make_shipment().items.get()


def make_scan() -> TrackingEvent:
    return record_tracking(
        make_shipped(),
        status="in_transit",
        occurred_at=NOON + timedelta(hours=1),
        carrier_event_id="e1",
    )


CHECKS: list[tuple[str, Make, dict[str, Any]]] = [
    ("fulfillment_order_status_known", make_released, {"status": "lost"}),
    ("shipment_status_known", make_shipped, {"status": "lost"}),
    ("shipment_direction_known", make_shipment, {"direction": "up"}),
    ("shipment_currency_code", make_shipment, {"currency": "usd"}),
    ("shipment_cost_not_negative", make_shipment, {"shipping_cost": -1}),
    ("shipment_packages_positive", make_shipment, {"package_count": 0}),
    ("shipment_weight_positive", make_shipment, {"weight_grams": 0}),
    ("shipment_shipped_has_time", make_shipped, {"shipped_at": None}),
    (
        "shipment_delivered_after_shipped",
        make_shipped,
        {"delivered_at": NOON - timedelta(hours=1)},
    ),
    ("shipment_item_quantity_positive", make_parcel_line, {"quantity": 0}),
]

# Scans are written once, so a rule of them is broken by another one.
COPIES: list[tuple[str, Make, dict[str, Any]]] = [
    ("tracking_status_known", make_scan, {"status": "lost", "carrier_event_id": ""}),
    ("tracking_source_known", make_scan, {"source": "rumour", "carrier_event_id": ""}),
    ("tracking_event_unique", make_scan, {}),
    ("shipment_tracking_unique", make_labelled, {"shipment_number": "SHP-2"}),
    ("shipment_item_unique", make_parcel_line, {}),
]


@pytest.mark.parametrize(("constraint", "make", "columns"), CHECKS)
def test_a_row_that_breaks_a_rule_is_refused(constraint, make, columns) -> None:
    assert names_it(refused_update(make(), **columns), constraint)


@pytest.mark.parametrize(("constraint", "make", "columns"), COPIES)
def test_another_row_that_breaks_a_rule_is_refused(constraint, make, columns) -> None:
    assert names_it(refused_copy(make(), **columns), constraint)


def test_every_constraint_is_broken_here() -> None:
    broken = {name for name, _, _ in (*CHECKS, *COPIES)}
    assert broken == checks_of("fulfillment") | uniques_of("fulfillment")


def test_a_scan_is_not_changed_afterwards() -> None:
    said = refused_update(make_scan(), is_applied=False)
    assert "shipment_tracking is append-only" in said
