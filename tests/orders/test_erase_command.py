from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from finance.services import walk_in_customer
from stateset.lib.journal import who_acts
from stateset.system.models import AuditEntry, Erasure
from tests.orders.builders import make_address, make_customer, make_order
from tests.orders.erasing import everything, make_old_customer

pytestmark = pytest.mark.django_db


def run(number: str, **options: Any) -> tuple[str, str]:
    """Return what the command says, and what it shows before."""
    said, shown = StringIO(), StringIO()
    options = {"reason": "request", "stdout": said, "stderr": shown, **options}
    try:
        call_command("erase_customer", number, **options)
    except CommandError as error:
        return str(error), shown.getvalue()
    return said.getvalue(), shown.getvalue()


def test_the_plan_is_shown_and_nothing_is_done_unasked() -> None:
    customer = make_customer()
    make_address(customer)
    before, number = everything(), customer.customer_number

    said, shown = run(number)

    assert f"({customer.display_name}, {customer.email})" in shown
    assert "  1 customer\n  1 address\n" in shown
    assert "What stays" not in shown
    assert "Backups have this person until they are pruned" in shown
    assert said == (
        "Nothing was changed.\n"
        "  why: this destroys data, and there is no terminal to ask on\n"
        f"  fix: read the plan above, then add --confirm {number}"
    )
    assert run("CUS-1")[0].splitlines()[1] == "  why: there is no customer CUS-1"
    assert everything() == before


def test_it_is_done_when_it_is_confirmed_and_refused_when_it_is_too_early() -> None:
    customer, busy = make_customer(), make_order().customer

    said, _ = run(customer.customer_number, confirm=customer.customer_number)
    refused, shown = run(busy.customer_number, confirm=busy.customer_number)

    assert f"Customer {customer.customer_number} is erased" in said
    made = Erasure.objects.get()
    assert (made.subject_id, made.reason) == (customer.pk, "request")
    assert made.actor_label == who_acts()
    entry = AuditEntry.objects.get(action="customer.erased")
    assert entry.actor_label == made.actor_label
    assert refused.startswith(f"Customer {busy.customer_number} was not erased.")
    assert shown == ""


def test_what_stays_is_said_in_words_and_the_walk_in_customer_is_nobody() -> None:
    customer, walk_in = make_old_customer(), walk_in_customer()

    _, shown = run(customer.customer_number)
    _, shown_with = run(customer.customer_number, invoices=True)
    refused, _ = run(walk_in.customer_number, unfinished=True, confirm="WALK-IN")

    bill = "  to whom issued invoices were made out, and what they charge: tax law"
    assert bill in shown
    assert bill not in shown_with
    assert "shipment item" not in shown
    assert refused.splitlines()[1:] == [
        "  why: it stands for no person: sales without a name are booked to it",
        "  fix: leave it as it is; there is nothing to erase",
    ]


def test_a_key_will_do_and_what_is_unfinished_may_be_passed_over() -> None:
    order = make_order()
    key, number = str(order.customer.pk), order.customer.customer_number

    _, shown = run(key, unfinished=True)
    said, _ = run(key, unfinished=True, confirm=number)
    again, shown_again = run(number, unfinished=True)

    assert f"  unfinished: order {order} is pending\n" in shown
    assert f"Customer {number} is erased" in said
    assert "  erased before, on " in shown_again
    assert f"add --confirm {number}" in again
    assert Erasure.objects.get().subject_id == order.customer.pk
