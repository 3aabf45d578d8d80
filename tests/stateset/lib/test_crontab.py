from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from stateset.lib.crontab import parse_crontab

# A Saturday.
NOW = datetime(2026, 11, 28, 3, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "last", "following"),
    [
        ("0 */4 * * *", "2026-11-28 00:00", "2026-11-28 04:00"),
        ("0 2 * * *", "2026-11-28 02:00", "2026-11-29 02:00"),
        ("0 3 * * *", "2026-11-28 03:00", "2026-11-29 03:00"),
        ("0 3 * * 0", "2026-11-22 03:00", "2026-11-29 03:00"),
        ("0 3 * * 7", "2026-11-22 03:00", "2026-11-29 03:00"),
        ("*/5 * * * *", "2026-11-28 03:00", "2026-11-28 03:05"),
        ("10/20 9-11 * * 1-5", "2026-11-27 11:50", "2026-11-30 09:10"),
        ("0 0 1,15 * *", "2026-11-15 00:00", "2026-12-01 00:00"),
        ("0 0 29 2 *", "2024-02-29 00:00", "2028-02-29 00:00"),
    ],
)
def test_a_line_comes_when_cron_has_it(line: str, last: str, following: str) -> None:
    crontab = parse_crontab(line)
    assert f"{crontab.last(NOW):%Y-%m-%d %H:%M}" == last
    assert f"{crontab.following(NOW):%Y-%m-%d %H:%M}" == following
    assert crontab.last(crontab.following(NOW)) == crontab.following(NOW)


def test_the_instants_between_two_moments() -> None:
    crontab = parse_crontab("0 */4 * * *")
    found = list(crontab.between(NOW, NOW + timedelta(days=1)))
    assert [f"{each:%d %H}" for each in found] == [
        *("28 04", "28 08", "28 12", "28 16", "28 20", "29 00")
    ]
    first = found[0]
    assert list(crontab.between(first, first)) == []
    assert list(crontab.between(first - timedelta(seconds=1), first)) == [first]
    assert crontab.gap(NOW) == timedelta(hours=4)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0  2 * * *", "At 02:00 every day"),
        ("0 3 * * 0", "At 03:00 on Sunday"),
        ("0 */4 * * *", "At minute 0 past every fourth hour"),
    ],
)
def test_a_line_in_words(line: str, words: str) -> None:
    assert parse_crontab(line).words == words


def test_celery_is_told_numbers() -> None:
    fields = parse_crontab("*/20 2,14 1-3 jul *").fields
    assert fields == ([0, 20, 40], [2, 14], [1, 2, 3], [7], [0, 1, 2, 3, 4, 5, 6])
    assert parse_crontab("0 3 * * 7").fields[4] == [0]
    assert parse_crontab("0 3 * * mon-fri").fields[4] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "it has 0 fields, not 5"),
        ("0 2 * *", "it has 4 fields, not 5"),
        ("0 0 2 * * *", "it has 6 fields, not 5"),
        ("60 2 * * *", "bad minute"),
        ("0 5-2 * * *", "bad hour"),
        ("*/0 * * * *", "bad minute"),
        ("0 0 0 * *", "bad day-of-month"),
        ("0 2 * * someday", "bad day-of-week"),
        ("0 0 1 * 1", "it names days of the month and of the week"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 L * *", "it has L or #, which Celery does not know"),
        ("0 0 * * 1#2", "it has L or #, which Celery does not know"),
    ],
)
def test_a_wrong_line_is_refused_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        parse_crontab(line)
