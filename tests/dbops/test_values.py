from __future__ import annotations

import json

import pytest

from dbops.values import Size, Span


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
