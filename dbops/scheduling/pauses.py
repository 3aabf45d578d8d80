"""Pause an entry of the schedule, and resume it."""

from __future__ import annotations

from dbops.errors import PauseRefusedError
from dbops.models import SchedulePause
from dbops.scheduling.entries import find_entry
from stateset.lib.journal import business_transaction


def pause_entry(name: str, *, paused_by: str, reason: str) -> SchedulePause:
    """Have an entry skip its slots until somebody resumes it."""
    entry = find_entry(name)
    with business_transaction(reason=reason):
        pause, is_new = SchedulePause.objects.get_or_create(
            name=entry.name, defaults={"paused_by": paused_by, "reason": reason}
        )
        if not is_new:
            raise PauseRefusedError(
                f"{name} was not paused.",
                why=f"{pause.paused_by} has paused it already: {pause.reason}",
                fix="resume it first to give another reason",
            )
    return pause


def resume_entry(name: str) -> None:
    """Have an entry run again from its next slot on."""
    with business_transaction(reason=f"{name} is resumed"):
        deleted, _ = SchedulePause.objects.filter(name=name).delete()
        if not deleted:
            raise PauseRefusedError(
                f"{name} was not resumed.",
                why="it is not paused",
                fix="read the schedule again",
            )
