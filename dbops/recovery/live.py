"""Put a restored database in the place of the live one, and back again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from django.db import DatabaseError, connections

from dbops.backups.create import SAFETY, create_backup
from dbops.backups.reading import dump_source
from dbops.backups.restore import require_whole
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.beside import OLD, RESTORED, beside
from dbops.django_migrate import run_django_migrate
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs.swap import KeptCopy
from dbops.errors import RestoredUnusableError
from dbops.leases import leased
from dbops.recovery.erasing import erase_again_in
from dbops.recovery.losses import recorded_changes
from dbops.recovery.plans import Plan, require_as_planned
from dbops.recovery.records import (
    DONE,
    EXCHANGING,
    FAILED,
    TO_BE_KEPT,
    Record,
    close_abandoned,
    new_record,
    replay_records,
    write_record,
)
from dbops.stopping import stoppable, unstoppable
from stateset.lib import journal
from stateset.lib.databases import ask_database
from stateset.lib.errors import StatesetError
from stateset.lib.maintenance import maintenance
from stateset.lib.quarantine import Finding, by_subject, run_quarantine

SMOKE_SECONDS = 30.0
QUARANTINE = "quarantine"
"""The detail of a record that says what the quarantine has found."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replaced:
    """What is live now, what was done to it, and where the old one is."""

    plan: Plan
    safety_backup: str
    rows_after: int
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]
    older_copies: tuple[KeptCopy, ...]
    journal_id: str
    seconds: float


def replace_live(
    plan: Plan, *, reason: str = "", notes: Mapping[str, Any] | None = None
) -> Replaced:
    """Carry out a plan; until the exchange whatever raises leaves all as it was.

    ``notes`` are kept in the journal with what else there is to say.

    From the exchange on it is brought to its end, whatever signal comes. Raises
    OperationBusyError or MaintenanceError when another operation is at work, and
    RestoredUnusableError when the new database does not answer.
    """
    begun = perf_counter()
    engine, storage = get_engine(plan.alias), backup_storage()
    record = new_record(
        action=plan.action,
        alias=plan.alias,
        source=plan.source,
        reason=reason,
        at=plan.planned_at,
        details={TO_BE_KEPT: plan.kept_as, **(notes or {})},
    )
    with (
        stoppable(f"The {plan.action}"),
        ExitStack() as ending,
        leased(engine, plan.action),
        _recorded(storage, record),
        maintenance(f"the {plan.action} of {plan.name}", why=reason),
    ):
        require_as_planned(engine, plan)
        engine.mend()
        safety = _safety_backup(plan, reason)
        old = plan.database if plan.now is not None else None
        with _draft(engine, plan) as draft:
            findings = _quarantine(engine, record, draft, old)
            _note_exchange(storage, record, plan, safety, findings)
            _let_go(plan.alias)
            ending.enter_context(unstoppable())
            left_out = engine.swap(draft, plan.stamp, is_readable=plan.now is not None)
            record.details["kept_copy"] = plan.kept_as
        require_answer(plan.alias, plan.name)
        if old is not None:
            late = second_look(
                engine,
                record,
                live=plan.database,
                kept=plan.kept_as,
                since=plan.planned_at,
            )
            findings += [each for each in late if each not in findings]
        replaced = Replaced(
            plan=plan,
            safety_backup=safety,
            rows_after=sum(engine.contents().tables.values()),
            findings=tuple(findings),
            left_out=tuple(left_out),
            older_copies=tuple(engine.kept_copies()[1:]),
            journal_id=record.id,
            seconds=round(perf_counter() - begun, 3),
        )
        record.details |= _details(replaced)
    return replaced


@contextmanager
def _recorded(storage: BackupStorage, record: Record) -> Iterator[None]:
    """Keep in the storage what was asked and what came of it; tell the audit.

    Written before anything is touched, or nothing is. What cannot be completed
    afterwards is logged and passed over: the databases have changed places.
    """
    close_abandoned(storage, record.alias)
    write_record(storage, record)
    try:
        yield
    except BaseException as error:
        record.details |= _trouble(error)
        # With a kept copy the exchange was made, and the trouble came after it.
        record.finish(DONE if "kept_copy" in record.details else FAILED)
        complete_record(storage, record)
        raise
    record.finish(DONE)
    complete_record(storage, record)


def complete_record(storage: BackupStorage, record: Record) -> None:
    """Write how it ended and tell the audit; what goes wrong is logged."""
    try:
        write_record(storage, record)
        replay_records(storage, record.alias)
    except Exception as error:  # noqa: BLE001 -- a sink may raise anything
        why = next(iter(str(error).splitlines()), type(error).__name__)
        logger.warning("The journal has no full entry for %s: %s", record.id, why)


def _trouble(error: BaseException) -> dict[str, str]:
    if isinstance(error, StatesetError):
        return {"what": error.what, "why": error.why}
    return {"what": "It was stopped.", "why": type(error).__name__}


def _safety_backup(plan: Plan, reason: str) -> str:
    """Back up what is live, and return the id; what cannot be read is only kept."""
    if plan.now is None:
        return ""
    why = f"before the {plan.action} from {plan.source}"
    manifest = create_backup(
        alias=plan.alias, kind=SAFETY, reason=f"{why}: {reason}" if reason else why
    )
    return manifest.id


@contextmanager
def _draft(engine: Engine, plan: Plan) -> Iterator[str]:
    """Give the name of what is to go live, with the code's migrations."""
    with ExitStack() as stack:
        if plan.manifest is not None and plan.place is not None:
            making = engine.drafted(
                dump_source(plan.place, plan.manifest),
                plan.database,
                like=plan.manifest.contents,
                check=require_whole(plan.manifest),
            )
        else:
            making = engine.reopened(plan.source)
        draft = stack.enter_context(making)
        if plan.pending:
            with beside(engine, RESTORED, draft) as alias:
                # Lease and backup are seen to; nobody else is in the draft.
                run_django_migrate(alias)
        yield draft


def _quarantine(
    engine: Engine, record: Record, restored: str, old: str | None
) -> list[Finding]:
    with ExitStack() as stack:
        alias = stack.enter_context(beside(engine, RESTORED, restored))
        old_alias = None
        if old is not None:
            old_alias = stack.enter_context(beside(engine, OLD, old))
        with journal.acting(actor_label=record.who):
            findings = list(run_quarantine(alias, old_alias))
            findings += erase_again_in(alias, old_alias, record.alias)
    if moved := engine.advance_identities(restored, old):
        findings.append(Finding("row numbers", "sequences moved on", moved))
    return findings


def second_look(
    engine: Engine, record: Record, *, live: str, kept: str, since: datetime
) -> list[Finding]:
    """Quarantine again, for what the old one took in until the exchange.

    What was written there after ``since`` is named too: nobody was told of it.
    """
    try:
        return [
            *_quarantine(engine, record, live, kept),
            *_written_late(engine, kept, since),
        ]
    except (DatabaseError, StatesetError) as error:
        why = str(error).strip().splitlines()[0]
        return [Finding("second look", f"not taken: {why}", 1)]


def _written_late(engine: Engine, kept: str, since: datetime) -> Iterator[Finding]:
    with beside(engine, OLD, kept) as old:
        changes = recorded_changes(old, since)
    names = tuple(f"{table} {count}" for table, count in changes.items() if count)
    if total := sum(changes.values()):
        done = f"changes, which only {kept} has"
        yield Finding("written after the plan", done, total, names)


def require_answer(alias: str, name: str) -> None:
    """Ask one question over a new connection; the pool has none that is alive."""
    answer = ask_database(alias, limit_seconds=SMOKE_SECONDS)
    if not answer.reachable:
        raise RestoredUnusableError(
            f"{name} was replaced, but it does not answer.",
            why=answer.reason,
            fix="look into what it says; restore --rollback brings the old one back",
        )


def _note_exchange(
    storage: BackupStorage,
    record: Record,
    plan: Plan,
    safety: str,
    findings: list[Finding],
) -> None:
    """Write down what a resumed restore will have to know, before the exchange."""
    record.details |= {
        **_known_before(plan, safety),
        EXCHANGING: datetime.now(UTC).isoformat(),
        QUARANTINE: by_subject(findings),
    }
    write_record(storage, record)


def _let_go(alias: str) -> None:
    """Close this process's own sessions in the database, those of a pool too."""
    connection: Any = connections[alias]
    connection.close()
    if hasattr(connection, "close_pool"):
        connection.close_pool()


def _known_before(plan: Plan, safety: str) -> dict[str, Any]:
    return {
        "database": plan.database,
        "rows_before": sum(plan.now.tables.values()) if plan.now else None,
        "safety_backup": safety,
    }


def _details(replaced: Replaced) -> dict[str, Any]:
    plan = replaced.plan
    return {
        **_known_before(plan, replaced.safety_backup),
        "rows_after": replaced.rows_after,
        "kept_copy": plan.kept_as,
        QUARANTINE: by_subject(replaced.findings),
        "not_carried": list(replaced.left_out),
        "seconds": replaced.seconds,
    }
