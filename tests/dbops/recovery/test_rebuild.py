"""What lies beside the backups is the same everywhere, after a place was away."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dbops.backups.holds import read_pins
from dbops.backups.storage import FolderStorage, backup_places, backup_storage
from dbops.errors import StorageError
from dbops.recovery.drill_reports import write_report
from dbops.recovery.rebuild import rebuild
from dbops.recovery.records import open_record
from tests.dbops.builders import make_report

ID = "stateset_20261121_020000"
JOURNAL = "journal_20261128_030400_0a1b2c3d.json"
PIN = f"pin_{ID}.json"
ASKED: dict[str, Any] = {
    "id": JOURNAL.removesuffix(".json"),
    "action": "restore",
    "alias": "default",
    "source": ID,
    "who": "ada",
    "reason": "",
    "host": "db-1",
    "asked_at": "2026-11-28T03:04:00.750+00:00",
    "state": "asked",
    "finished_at": "",
    "details": {},
}
EXCHANGING = {**ASKED, "details": {"exchanging_at": "2026-11-28T03:04:00+00:00"}}
# It ended within the second in which it began.
DONE = {**ASKED, "state": "done", "finished_at": "2026-11-28T03:04:00+00:00"}
SET: dict[str, Any] = {
    "backup_id": ID,
    "who": "ada",
    "why": "the audit",
    "is_set": True,
    "at": "2026-11-27T10:00:00+00:00",
}
TAKEN_BACK = {**SET, "is_set": False, "at": "2026-11-28T09:00:00+00:00"}


def put(place: Any, name: str, values: Any) -> None:
    place.put(name, json.dumps(values).encode())


@pytest.mark.parametrize("newer", [0, 1])
def test_the_newest_version_is_read_wherever_it_is(vault: Path, newer: int) -> None:
    places = backup_places()
    ahead, behind = places[newer], places[1 - newer]
    put(ahead, PIN, TAKEN_BACK)
    put(behind, PIN, SET)
    put(ahead, JOURNAL, EXCHANGING)
    put(behind, JOURNAL, ASKED)
    # A clock of its own, or a copy brought back from elsewhere.
    os.utime(Path(ahead.location) / PIN, (0, 0))
    assert read_pins(backup_storage()) == {}
    record = open_record(backup_storage(), "default")
    assert record is not None
    assert record.details == EXCHANGING["details"]
    put(ahead, JOURNAL, DONE)
    assert open_record(backup_storage(), "default") is None
    (Path(ahead.location) / JOURNAL).write_text("{torn")
    assert open_record(backup_storage(), "default") is not None


def test_every_place_gets_what_it_lacks_and_the_newest_of_what_differs(
    vault: Path,
) -> None:
    local, far = backup_places()
    put(local, JOURNAL, ASKED)
    put(far, JOURNAL, DONE)
    put(local, PIN, TAKEN_BACK)
    put(far, PIN, SET)
    report = make_report()
    write_report(far, report)
    put(local, report.name, "not a report")
    put(far, "journal_20261128_030401_0a1b2c3d.json", ASKED)
    put(far, "reading_of_no_concern.json", {})
    assert rebuild().copied == 4
    everything = {each.name: each.size_bytes for each in local.objects()}
    assert len(everything) == 4
    found = {each.name: each.size_bytes for each in far.objects()}
    assert found == everything | {"reading_of_no_concern.json": 2}
    for name, values in ((JOURNAL, DONE), (PIN, TAKEN_BACK)):
        assert json.loads((vault / name).read_bytes()) == values
    assert rebuild().copied == 0


def test_a_place_that_does_not_give_its_version_keeps_it(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, far = backup_places()
    put(local, PIN, SET)
    put(far, PIN, TAKEN_BACK)
    real = FolderStorage.open

    def refuse(self: FolderStorage, name: str) -> Any:
        if self.name == "vault":
            raise StorageError("It was not read.", why="try later")
        return real(self, name)

    monkeypatch.setattr(FolderStorage, "open", refuse)
    assert rebuild().copied == 0
    monkeypatch.undo()
    assert json.loads((vault / PIN).read_bytes()) == TAKEN_BACK
