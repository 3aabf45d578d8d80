"""Rows read by key, more of them than one statement takes."""

from __future__ import annotations

from itertools import chain
from uuid import uuid4

import pytest

from orders.models import Customer
from stateset.lib.whole_rows import whole_rows
from tests.orders.builders import make_customer

# As many as PostgreSQL refuses in one statement, and more.
MANY = 70_000


@pytest.mark.django_db
def test_however_many_keys_there_are_each_row_comes_once() -> None:
    found = {make_customer().pk for _ in range(3)}
    keys = chain((uuid4() for _ in range(MANY)), found)

    rows = list(whole_rows(Customer.objects.all(), keys))

    assert {key for key, _ in rows} == found
    assert [row.pk for _, row in rows] == [key for key, _ in rows]
    assert len(rows) == 3
