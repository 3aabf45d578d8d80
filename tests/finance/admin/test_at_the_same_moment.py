"""Two people on one order: pages wait for each other, and never in a circle."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test import Client

from finance.models import Payment
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.finance.builders import make_debt, make_payment
from tests.pages import action_url, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

PATIENCE = 10


def opened_refund(browser: Client, payment: Payment) -> dict[str, str]:
    """Return what a browser sends that opened the page of a refund just now."""
    context = browser.get(action_url(payment, "refund")).context
    return {
        TOKEN_VAR: context["token"],
        VERSION_VAR: str(context["version"]),
        "amount": "10",
        "reason": "damaged",
    }


def sent_while(locked: Any, meanwhile: Callable[[], None]) -> Callable[..., Any]:
    """Return what a page answers that waits for ``locked`` while that is done."""

    def send(browser: Client, url: str, typed: dict[str, str]) -> Any:
        def post() -> Any:
            try:
                return browser.post(url, typed)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as threads:
            with transaction.atomic():
                rows = type(locked).objects.select_for_update(no_key=True)
                rows.get(pk=locked.pk)
                answer = threads.submit(post)
                wait_for_somebody_waiting()
                meanwhile()
            return answer.result(timeout=PATIENCE)

    return send


def wait_for_somebody_waiting() -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("The page did not wait for the order.")


def test_a_page_that_waits_for_the_order_holds_nothing_of_it() -> None:
    payment = make_payment(order=make_debt())
    browser = staff()

    def lock_payment() -> None:
        Payment.objects.select_for_update(nowait=True).get(pk=payment.pk)

    send = sent_while(payment.order, lock_payment)
    answer = send(
        browser, action_url(payment, "refund"), opened_refund(browser, payment)
    )

    assert answer.status_code == 302
    payment.refresh_from_db()
    assert payment.refunded_amount == Decimal(10)


def test_what_changed_while_the_page_waited_is_shown_first() -> None:
    payment = make_payment(order=make_debt())
    browser = staff()

    def change() -> None:
        Payment.objects.filter(pk=payment.pk).update(version=F("version") + 1)

    send = sent_while(payment.order, change)
    answer = send(
        browser, action_url(payment, "refund"), opened_refund(browser, payment)
    )

    assert answer.status_code == 409
    assert "somebody else changed it a moment ago" in answer.content.decode()
    payment.refresh_from_db()
    assert payment.refunded_amount == Decimal(0)
    assert answer.context["version"] == payment.version
