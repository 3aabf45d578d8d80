from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from finance.models import Invoice
from finance.tiles import tiles
from stateset.accounts.models import User
from tests.finance.builders import make_invoice
from tests.finance.services.test_payables import make_received, record
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def asked_by(user: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def test_the_home_page_shows_what_customers_owe_too_long() -> None:
    due = timezone.now().date() - timedelta(days=1)
    for invoice in (make_invoice(), record(make_received(10))):
        rows = Invoice.objects.filter(pk=invoice.pk)
        rows.update(issued_on=due, due_on=due)
    make_invoice()

    (tile,) = tiles(asked_by(make_user(is_superuser=True)))

    assert (tile.title, tile.value, tile.level) == ("Overdue invoices", "1", "warning")
    assert tile.note == "2 are unpaid in all"
    assert tile.url == "/admin/finance/invoice/?preset=overdue"


def test_who_may_not_see_invoices_is_told_nothing() -> None:
    assert list(tiles(asked_by(make_user()))) == []
