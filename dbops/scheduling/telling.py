"""What is told of the schedule: each entry for itself."""

from __future__ import annotations

from dbops import conf
from dbops.models import RunState, ScheduledRun
from dbops.telling.flow import tell
from dbops.telling.troubles import Trouble

FIX = "see Database > Schedule; when it is mended, press Run now there"


def tell_run(run: ScheduledRun) -> None:
    """Tell that a run of an entry failed, or that the entry is well again."""
    if all(entry.name != run.name for entry in conf.schedule()):
        # Asked for on a page, where its result is waited for.
        return
    if run.state == RunState.DONE:
        tell(well=[entry_key(run.name)])
    elif run.state == RunState.FAILED:
        tell(bad=[entry_trouble(run.name, "failed", run.error_what, run.error_why)])


def entry_trouble(name: str, verb: str, what: str, why: str = "") -> Trouble:
    """Return that an entry failed, or is late."""
    return Trouble(entry_key(name), name, f"{name} {verb}", what, why, FIX)


def entry_key(name: str) -> str:
    """Return what the trouble of an entry is remembered by."""
    return f"schedule:{name}"
