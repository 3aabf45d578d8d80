"""A restore that was killed: which of two states it left, and how it is brought to end.

Its record in the journal has no end, and nobody holds the lease. What lies on the
engine tells the rest: either nothing has changed places, and the live database is as
it was, or the restored one is live, through the quarantine, and only the last looks
are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.errors import RestoreRefusedError
from dbops.leases import leased
from dbops.recovery.plans import RESTORE, Plan, plan_restore, plan_rollback
from dbops.recovery.records import EXCHANGING, TO_BE_KEPT, Record, open_record
from dbops.values import Ago
from stateset.lib.reports import Row, Section, render_section, render_value

RESUME, ABORT = "resume", "abort"


@dataclass(frozen=True)
class Killed:
    """One killed restore or rollback; ``left`` is what it left lying about."""

    record: Record
    is_exchanged: bool
    kept_as: str
    left: tuple[str, ...]

    @property
    def stamp(self) -> str:
        return self.record.stamp

    @property
    def exchanging_at(self) -> datetime:
        """Return when the databases were about to change places, or the beginning."""
        told = self.record.details.get(EXCHANGING, self.record.asked_at)
        return datetime.fromisoformat(told)


@dataclass(frozen=True)
class Ending:
    """How a killed restore is to be ended; ``plan`` is a restore that belongs to it.

    ``allow_unsigned``: it may be of a backup whose signature is missing or wrong.
    """

    action: str
    killed: Killed
    name: str
    plan: Plan | None = None
    allow_unsigned: bool = False

    @property
    def steps(self) -> list[str]:
        """Return what will be done, in order."""
        return list(_steps(self))

    @property
    def rows(self) -> list[Row]:
        """Return the plan as a table of two columns."""
        killed, record = self.killed, self.killed.record
        asked = datetime.fromisoformat(record.asked_at).astimezone(UTC)
        facts = {
            "killed": f"the {record.action} from {record.source}, begun"
            f" {Ago.of(asked)} by {record.who}",
            "why it was": record.reason or "no reason was given",
            "state": _state(self.name, killed),
            "left": killed.left or "nothing",
        }
        steps = [(f"step {number}", step) for number, step in enumerate(self.steps, 1)]
        told = (*facts.items(), *steps)
        return [{"what": what, "is": render_value(value)} for what, value in told]

    @property
    def sections(self) -> list[Section]:
        """Return the plan as people read it, with that of the restore in it."""
        return [Section(self.rows), *(self.plan.sections if self.plan else ())]

    @property
    def text(self) -> str:
        """Return the plan for a person who is to agree."""
        title = f"This ends the {self.killed.record.action} of {self.name}:"
        return "\n\n".join([title, *map(render_section, self.sections)])


def find_killed(engine: Engine, storage: BackupStorage) -> Killed | None:
    """Return the restore that was killed, None where none was.

    Raises OperationBusyError while another operation runs, as it may be that one.
    """
    record = open_record(storage, engine.connection.alias)
    if record is None:
        return None
    with leased(engine, "look"):
        kept_as = str(record.details.get(TO_BE_KEPT, engine.kept_name(record.stamp)))
        is_exchanged = engine.is_swapped(record.stamp, had_live=bool(kept_as))
        left = () if is_exchanged else tuple(engine.leftovers(record.stamp))
    return Killed(record, is_exchanged, kept_as, left)


def plan_ending(
    action: str, alias: str, *, allow_unsigned: bool = False
) -> Ending | None:
    """Return how to resume or to abort, None where there is nothing; nothing is done.

    Raises RestoreRefusedError where it cannot be aborted, and what planning a restore
    raises.
    """
    engine = get_engine(alias)
    killed = find_killed(engine, backup_storage())
    if killed is None:
        return None
    name = engine.short_name
    if killed.is_exchanged == (action == RESUME):
        return Ending(action, killed, name)
    if killed.is_exchanged and not killed.kept_as:
        raise RestoreRefusedError(
            f"The {killed.record.action} of {name} was not aborted.",
            why="the restored database is live, and there was none before it",
            fix="bring it to its end with restore --resume",
        )
    plan = restore_within(killed, action, allow_unsigned=allow_unsigned)
    return Ending(action, killed, name, plan, allow_unsigned)


def restore_within(killed: Killed, action: str, *, allow_unsigned: bool) -> Plan:
    """Return the plan of the restore that it takes: anew, or back again."""
    record = killed.record
    if action == ABORT:
        return plan_rollback(alias=record.alias, copy=killed.kept_as)
    if record.action == RESTORE:
        return plan_restore(
            backup_id=record.source,
            alias=record.alias,
            allow_unsigned=allow_unsigned,
        )
    return plan_rollback(alias=record.alias, copy=record.source)


def _state(name: str, killed: Killed) -> str:
    if not killed.is_exchanged:
        return f"nothing changed places: {name} is as it was"
    old = f", the old one is {killed.kept_as}" if killed.kept_as else ""
    return f"the restored database is live{old}; the last looks were not taken"


def _steps(ending: Ending) -> Iterator[str]:
    killed = ending.killed
    if not killed.is_exchanged:
        yield "what it left is removed, what it moved away is put back"
        if ending.action == RESUME:
            yield f"the {killed.record.action} begins anew, as below"
        else:
            yield "the journal says that it was aborted"
    elif ending.action == RESUME:
        yield "maintenance mode on: pages answer 503, tasks wait"
        yield "one question through Django"
        if killed.kept_as:
            yield "what the old one took in late is looked at, unless people work since"
        yield "the journal says that it is done; maintenance mode off"
    else:
        yield "the old database is put back, as below"
