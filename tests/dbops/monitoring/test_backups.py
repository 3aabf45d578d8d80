from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dbops.backups.storage import backup_storage
from dbops.monitoring.backups import check_drills
from dbops.recovery.drill_reports import newest_and_proven, write_report
from tests.dbops.builders import MOMENT, make_report

NEWEST = "drill_20261127_030000_00000000"


def judged() -> list[tuple[str, str]]:
    newest, proven = newest_and_proven(backup_storage(), "default")
    return [
        (check.status, check.message) for check in check_drills(newest, proven, MOMENT)
    ]


def test_a_restore_that_was_never_tried_is_warned_of(backup_folder: Path) -> None:
    write_report(backup_storage(), make_report(alias="other"))
    assert judged() == [
        ("warning", "no restore was ever proven"),
        ("warning", "never measured"),
    ]
    write_report(backup_storage(), make_report(id=NEWEST, state="failed", why="lost"))
    assert judged()[0] == (
        "critical",
        "the last drill failed: lost; no restore was ever proven",
    )


@pytest.mark.parametrize(
    ("days", "state", "took", "drill", "time"),
    [
        (2, "passed", 90, "ok", "ok: 90s of 1h allowed"),
        (9, "passed", 90, "warning", "ok: 90s of 1h allowed"),
        (2, "slow", 7200, "ok", "warning: 2h 00m of 1h allowed"),
        (2, "failed", 1, "critical", "ok: 9.0s of 1h allowed"),
    ],
)
def test_the_last_drill_and_what_it_measured_are_judged(
    backup_folder: Path, days: int, state: str, took: float, drill: str, time: str
) -> None:
    older = MOMENT - timedelta(days=10)
    write_report(backup_storage(), make_report(began_at=older, seconds={"load": 9}))
    began_at = MOMENT - timedelta(days=days)
    report = make_report(
        id=NEWEST, began_at=began_at, state=state, seconds={"load": took}
    )
    write_report(backup_storage(), report)
    (status, message), measured = judged()
    assert (status, ": ".join(measured)) == (drill, time)
    since = f"{days if state != 'failed' else 10}d ago"
    assert message.endswith(f"a restore was proven {since}")
