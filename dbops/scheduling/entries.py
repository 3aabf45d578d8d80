"""The entries of the schedule, and which of them stands in for which."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from dbops import conf
from dbops.errors import EntryUnknownError
from stateset.lib.schedule import Entry


def find_entry(name: str) -> Entry:
    """Return the entry of that name; raise EntryUnknownError."""
    for entry in conf.schedule():
        if entry.name == name:
            return entry
    raise EntryUnknownError(
        f"The schedule has no entry {name!r}.",
        why="it has " + ", ".join(entry.name for entry in conf.schedule()),
        fix="restart beat and the workers: one of them runs an older release",
    )


def stand_in(entry: Entry, slot: datetime, paused: Collection[str]) -> str:
    """Return which entry's run makes this slot superfluous, "" if none does."""
    for name, distance in entry.gives_way_to.items():
        if name not in paused and find_entry(name).has_slot_near(slot, distance):
            return name
    return ""
