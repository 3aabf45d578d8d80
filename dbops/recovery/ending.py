"""Bring a killed restore to its end: resume it, or undo it."""

from __future__ import annotations

from dataclasses import dataclass

from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.errors import RestoreRefusedError
from dbops.leases import leased
from dbops.recovery.killed import (
    ABORT,
    RESUME,
    Ending,
    Killed,
    find_killed,
    restore_within,
)
from dbops.recovery.live import (
    QUARANTINE,
    Replaced,
    complete_record,
    replace_live,
    require_answer,
    second_look,
)
from dbops.recovery.losses import recorded_changes
from dbops.recovery.records import DONE, FAILED, KILLED
from dbops.stopping import stoppable
from stateset.lib.journal import who_acts
from stateset.lib.maintenance import maintenance
from stateset.lib.quarantine import Finding


@dataclass(frozen=True)
class Ended:
    """What was done; ``replaced`` is the restore that it took, if it took one."""

    ending: Ending
    journal_id: str
    findings: tuple[Finding, ...] = ()
    replaced: Replaced | None = None


def carry_out_ending(ending: Ending, *, reason: str = "") -> Ended:
    """Resume or abort, as planned; a kill in the middle can be resumed again.

    Raises RestoreRefusedError when somebody else was faster.
    """
    alias = ending.killed.record.alias
    engine, storage = get_engine(alias), backup_storage()
    with stoppable(f"The {ending.action}"), leased(engine, ending.action):
        killed = find_killed(engine, storage)
        if killed is None or killed.record.id != ending.killed.record.id:
            raise RestoreRefusedError(
                f"Nothing was done to {ending.name}.",
                why="another run has ended the killed one since",
                fix="look with restore --resume --dry-run",
            )
        if killed.is_exchanged and ending.action == RESUME:
            return _finished(engine, storage, ending, killed, reason)
        if not killed.is_exchanged:
            engine.take_back(killed.stamp)
            if ending.action == ABORT:
                return _aborted(storage, ending, killed, reason)
        return _replaced(ending, killed, reason)


def _replaced(ending: Ending, killed: Killed, reason: str) -> Ended:
    """Restore anew, or put the old one back; its record closes the killed one."""
    # Planned once more, as something was removed or put back just now.
    plan = restore_within(killed, ending.action, allow_unsigned=ending.allow_unsigned)
    verb = "resumes" if ending.action == RESUME else "aborts"
    replaced = replace_live(
        plan, reason=reason or killed.record.reason, notes={verb: killed.record.id}
    )
    return Ended(ending, replaced.journal_id, replaced.findings, replaced)


def _aborted(
    storage: BackupStorage, ending: Ending, killed: Killed, reason: str
) -> Ended:
    record = killed.record
    record.details |= {
        "why": KILLED,
        "aborted_by": who_acts(),
        "aborted_because": reason,
    }
    record.finish(FAILED)
    # Whoever raised the flag is dead: to raise it and take it down clears it away.
    with maintenance(f"the abort of a restore of {ending.name}", why=reason):
        complete_record(storage, record)
    return Ended(ending, record.id)


def _finished(
    engine: Engine,
    storage: BackupStorage,
    ending: Ending,
    killed: Killed,
    reason: str,
) -> Ended:
    """Take the last looks at what is live already."""
    record = killed.record
    with maintenance(f"the end of a restore of {ending.name}", why=reason):
        require_answer(record.alias, ending.name)
        findings = _late(engine, killed)
        known = record.details.get(QUARANTINE, {})
        record.details |= {
            "resumed_by": who_acts(),
            "resumed_because": reason,
            "kept_copy": killed.kept_as,
            "rows_after": sum(engine.contents().tables.values()),
            QUARANTINE: {**known, **{each.subject: str(each) for each in findings}},
        }
        record.finish(DONE)
        complete_record(storage, record)
    return Ended(ending, record.id, tuple(findings))


def _late(engine: Engine, killed: Killed) -> list[Finding]:
    """Look at what the old one took in late, unless people have worked since.

    The quarantine would take their keys and messages for those of the backup.
    """
    if not killed.kept_as:
        return []
    changes = recorded_changes(killed.record.alias, killed.exchanging_at)
    if total := sum(changes.values()):
        done = f"changes since, so not taken; compare with {killed.kept_as} by hand"
        return [Finding("second look", done, total)]
    return second_look(
        engine,
        killed.record,
        live=engine.database_name,
        kept=killed.kept_as,
        since=killed.exchanging_at,
    )
