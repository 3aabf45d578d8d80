from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from returns.models import ReturnItem, ReturnRequest
from returns.services import Finding, complete_return
from stateset.lib.rows import key_value
from tests.orders.builders import NOON
from tests.returns.builders import (
    make_approved_return,
    make_inspected_return,
    make_quarantine,
)


# SQLite's temporary triggers of the audit know the columns of today only.
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_was_said_of_whole_lines_is_said_in_units() -> None:
    make_quarantine()
    scrapped = complete_return(make_inspected_return(Finding("damaged", scrap=3)))
    restocked = complete_return(make_inspected_return(), at=NOON)
    waiting, approved = make_inspected_return(), make_approved_return()
    try:
        call_command("migrate", "returns", "0001", verbosity=0)
        say(scrapped, "scrap")
        say(restocked, "restock")
        say(waiting, "restock")
    finally:
        call_command("migrate", verbosity=0)

    assert units(scrapped) == ("completed", 3, 3, 0, 0, 3)
    assert units(restocked) == ("completed", 3, 3, 3, 0, 0)
    assert ReturnItem.objects.get(return_request=restocked).restocked_at == NOON
    # Stock moved at the completion then: it is inspected once more.
    assert units(waiting) == ("received", 3, 3, 0, 0, 0)
    assert units(approved) == ("approved", 3, 0, 0, 0, 0)
    found = ReturnRequest.objects.get(pk=restocked.pk)
    assert found.items_amount == found.refund_total == found.amount_refunded == 90


def say(found: ReturnRequest, disposition: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE return_items SET disposition = %s WHERE return_id = %s",
            [disposition, key_value(found.pk, connection)],
        )


def units(found: ReturnRequest) -> tuple[str, int, int, int, int, int]:
    item = ReturnItem.objects.select_related("return_request").get(return_request=found)
    return (
        item.return_request.status,
        item.quantity_approved,
        item.quantity_received,
        item.quantity_restocked,
        item.quantity_quarantined,
        item.quantity_scrapped,
    )
