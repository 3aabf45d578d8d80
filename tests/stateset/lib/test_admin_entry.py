from __future__ import annotations

from decimal import Decimal

import pytest

from stateset.lib.admin.entry import TidyDecimalField


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12.5000"), "12.50"),
        (Decimal("0.0000"), "0.00"),
        (Decimal("0.0875"), "0.0875"),
        (Decimal("1000000.0000"), "1000000.00"),
        (Decimal("-3"), "-3.00"),
        ("typed 1", "typed 1"),
        (None, None),
    ],
)
def test_a_box_shows_no_zeros_that_only_the_column_has(
    value: object, shown: object
) -> None:
    assert TidyDecimalField(decimal_places=4).prepare_value(value) == shown


def test_what_is_shown_tidily_counts_as_unchanged() -> None:
    field = TidyDecimalField(decimal_places=4)
    assert not field.has_changed(Decimal("12.5000"), "12.50")
