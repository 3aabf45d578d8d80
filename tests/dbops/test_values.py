from __future__ import annotations

import json

import pytest

from dbops.values import Estimate, Label, NarrowSize, Size, Span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (30 * 86400, "30d"),
    ],
)
def test_a_span_is_printed_in_its_largest_unit(seconds: int, text: str) -> None:
    assert str(Span(seconds)) == text


def test_they_stay_numbers_in_json() -> None:
    assert json.dumps([Size(2048), Span(90)]) == "[2048, 90]"
    assert str(Size(2048)) == "2.0 KiB"


def test_a_narrow_size_is_short_enough_for_a_table_of_sizes() -> None:
    sizes = [0, 1023, 1536, 128 * 1024, 1023 * 1024, 5 * 1024**3]
    assert [str(NarrowSize(size)) for size in sizes] == [
        *("0 B", "1023 B", "1.5 KiB", "128 KiB", "1023 KiB", "5.0 GiB"),
    ]
    assert NarrowSize.of(None) is None


def test_an_estimate_shows_that_nobody_counted() -> None:
    assert str(Estimate.of(12, is_counted=False)) == "~12"
    assert str(Estimate.of(12, is_counted=True)) == "12"
    assert Estimate.of(None, is_counted=False) is None


def test_a_long_name_is_shortened_for_people_and_whole_in_json() -> None:
    name = "auth_group_permissions_group_id_permission_id_0cd325b0_uniq"
    assert str(Label(name)) == "auth_group_permiss…n_id_0cd325b0_uniq"
    assert json.dumps(Label(name)) == f'"{name}"'
    assert str(Label("orders")) == "orders"
