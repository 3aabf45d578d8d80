"""What the recovery drills have shown, one JSON object for each beside the backups.

They outlive the backups that they were about: whoever asks whether a restore has ever
worked here, and how long it took, finds the answer where no restore can take it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from dbops.backups.objects import read_object, write_object
from dbops.backups.storage import BackupStorage
from dbops.engines.verbs.proof import Look
from stateset.lib.errors import StatesetError

NAME = re.compile(r"(drill_\d{8}_\d{6}_[0-9a-f]{8})\.json")
PASSED, SLOW, FAILED = "passed", "slow", "failed"
"""All came back in time; all came back, later than allowed; it did not."""
FORMAT = 1
# More than a page shows; the cost of reading is one small object for each.
READ_AT_MOST = 60
STEPS = {
    "fetch": "read from where backups lie",
    "decode": "decrypt, unpack, prove every byte, write to the disk",
    "create": "make an empty database",
    "load": "rows, indexes and keys",
    "analyze": "statistics for the planner",
    "count": "count every row",
    "migrate": "run the migrations that it lacks",
    "checks": "constraints, indexes, keys, sequences",
    "books": "prove every app's books",
    "other": "find it, open and close",
}
"""What is measured, in the order it is done."""


@dataclass(frozen=True)
class DrillReport:
    """One drill: which backup, what each step took, what each check found.

    ``what``, ``why`` and ``fix`` are those of a drill that did not pass. ``kept`` is
    the restored database where it was to stay, ``removal`` how to remove it.
    """

    id: str
    alias: str
    backup_id: str
    state: str
    began_at: datetime
    budget_seconds: float
    seconds: Mapping[str, float]
    who: str
    host: str
    engine: str
    reason: str = ""
    backup_from: datetime | None = None
    rows: int | None = None
    size_bytes: int | None = None
    what: str = ""
    why: str = ""
    fix: str = ""
    looks: tuple[Look, ...] = field(default_factory=tuple)
    kept: str = ""
    removal: str = ""

    @property
    def name(self) -> str:
        return f"{self.id}.json"

    @property
    def total_seconds(self) -> float:
        """How long it took from deciding to restore to a proven database."""
        return round(sum(self.seconds.values()), 3)

    @property
    def has_restored(self) -> bool:
        """Whether all came back, in time or not."""
        return self.state != FAILED

    @property
    def steps(self) -> list[tuple[str, str, float]]:
        """Return name, meaning and seconds of each step that was taken, in order."""
        return [
            (name, meaning, round(self.seconds[name], 3))
            for name, meaning in STEPS.items()
            if name in self.seconds
        ]


def write_report(storage: BackupStorage, report: DrillReport) -> None:
    """Keep a report; nothing replaces it."""
    write_object(storage, report.name, {"format": FORMAT, **asdict(report)})


def read_reports(
    storage: BackupStorage, alias: str, *, most: int = READ_AT_MOST
) -> list[DrillReport]:
    """Return the newest drills of one database, newest first.

    What is no report of this release, or of another database, is passed over.
    """
    return list(islice(_reports(storage, alias), most))


def newest_and_proven(
    storage: BackupStorage, alias: str
) -> tuple[DrillReport | None, DrillReport | None]:
    """Return the last drill, and the last one in which all came back."""
    newest = None
    for report in _reports(storage, alias):
        newest = newest or report
        if report.has_restored:
            return newest, report
    return newest, None


def _reports(storage: BackupStorage, alias: str) -> Iterator[DrillReport]:
    names = sorted(
        (each.name for each in storage.objects() if NAME.fullmatch(each.name)),
        reverse=True,
    )
    for name in names:
        report = _read(storage, name)
        if report is not None and report.alias == alias:
            yield report


def _read(storage: BackupStorage, name: str) -> DrillReport | None:
    try:
        return _parse(read_object(storage, name))
    except StatesetError:
        # Gone, or not to be read: it proves nothing.
        return None


def _parse(values: dict[str, Any] | None) -> DrillReport | None:
    try:
        if values is None or values.pop("format") != FORMAT:
            return None
        values["began_at"] = datetime.fromisoformat(values["began_at"])
        backup_from = values["backup_from"]
        values["backup_from"] = backup_from and datetime.fromisoformat(backup_from)
        values["looks"] = tuple(
            Look(**{**look, "flaws": tuple(look["flaws"])}) for look in values["looks"]
        )
        return DrillReport(**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
