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
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("15 * * * *", "every hour, 15 minutes past"),
        ("0 */4 * * *", "every 4 hours"),
        ("0  2 * * *", "daily at 02:00"),
        ("0 3 * * 0", "Sundays at 03:00"),
        ("0 9,17 * * 1-5", "Monday to Friday at 09:00 and 17:00"),
        ("30 6 1 * *", "on day 1 of the month at 06:30"),
        ("*/7 2 * * *", "*/7 2 * * *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
    ],
)
def test_a_line_in_words(line: str, words: str) -> None:
    assert parse_crontab(line).words == words


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "it has 0 fields, not 5"),
        ("0 2 * *", "it has 4 fields, not 5"),
        ("60 2 * * *", "its minute is '60', not 0 to 59"),
        ("0 5-2 * * *", "its hour is '5-2', not 0 to 23"),
        ("*/0 * * * *", "its minute is '*/0', not 0 to 59"),
        ("0 0 0 * *", "its day of the month is '0', not 1 to 31"),
        ("0 2 * * sun", "its day of the week is 'sun'"),
        ("0 2 * * ,", "its day of the week is ','"),
        ("0 0 1 * 1", "it names days of the month and of the week"),
        ("0 0 30 2 *", "that day never comes"),
    ],
)
def test_a_wrong_line_is_refused_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        parse_crontab(line)
