from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.catalogue import LATEST
from dbops.backups.restore import restore_backup
from dbops.backups.signing import describe_signature
from dbops.management.choices import add_backup_choice
from dbops.recovery.anonymise import restore_anonymised
from dbops.recovery.ending import Ended, carry_out_ending
from dbops.recovery.foreign import restore_foreign
from dbops.recovery.killed import ABORT, RESUME, Ending, plan_ending
from dbops.recovery.live import Replaced, replace_live
from dbops.recovery.plans import ROLLBACK, Plan, plan_restore, plan_rollback
from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report, Section

NO_TRAFFIC = "not for traffic, as its outbox, keys and logins are the backup's"
"""Only what goes over the live database has been through the quarantine."""


class Command(StatesetCommand):
    help = "Restore a backup over the live database, or into a new one with --into."

    def add_arguments(self, parser: CommandParser) -> None:
        which = add_backup_choice(
            parser,
            "Restore the newest backup of the database that no restore has made:"
            " safety backups are skipped.",
        )
        which.add_argument(
            "--rollback",
            action="store_true",
            help="Bring back what the last restore replaced.",
        )
        which.add_argument(
            "--resume",
            action="store_true",
            help="Bring a restore that was killed to its end.",
        )
        which.add_argument(
            "--abort",
            action="store_true",
            help="Undo a restore that was killed: clean up, or put the old one back.",
        )
        which.add_argument(
            "--foreign",
            metavar="FILE",
            help="Bring in a dump without a manifest: .dump, .sql or .db, also packed,"
            " or a directory of pg_dump; only --into a new database.",
        )
        parser.add_argument(
            "--into",
            metavar="NAME",
            help="Make a new database instead, on the same server (PostgreSQL) or as a"
            " file (SQLite); refused if it exists.",
        )
        parser.add_argument(
            "--anonymise",
            action="store_true",
            help="Make up names, addresses, contacts and keys in the new database,"
            " and remove texts, before anybody can connect to it; only with --into.",
        )
        parser.add_argument(
            "--confirm",
            metavar="NAME",
            help="The live database's name (PostgreSQL) or file name (SQLite): replace"
            " it without asking.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would be done to the live database, and change nothing.",
        )
        parser.add_argument(
            "--allow-unsigned",
            action="store_true",
            help="Restore also a backup whose signature is missing, wrong or by a key"
            " that is not configured.",
        )
        parser.add_argument(
            "--reason", default="", help="Why it is restored; kept in the journal."
        )

    def run(
        self,
        *,
        database: str,
        id: str | None,  # noqa: A002 -- the name of the argument in cli.md
        into: str | None,
        anonymise: bool,
        rollback: bool,
        resume: bool,
        abort: bool,
        foreign: str | None,
        confirm: str | None,
        dry_run: bool,
        allow_unsigned: bool,
        reason: str,
        **_options: Any,
    ) -> Report:
        if anonymise:
            _refuse_anonymising(into=into, foreign=foreign)
        if into is not None:
            _refuse_together(
                rollback=rollback,
                resume=resume,
                abort=abort,
                confirm=confirm,
                dry_run=dry_run,
            )
            if anonymise:
                return _restore_anonymised(
                    database, id or LATEST, into, reason, allow_unsigned=allow_unsigned
                )
            if foreign is not None:
                return _restore_foreign(database, foreign, into, reason)
            return _restore_into(
                database, id or LATEST, into, reason, allow_unsigned=allow_unsigned
            )
        _refuse_over_live(foreign)
        if resume or abort:
            action = RESUME if resume else ABORT
            ending = plan_ending(action, database, allow_unsigned=allow_unsigned)
            return self._end_killed(action, ending, confirm, reason, dry_run=dry_run)
        if rollback:
            plan = plan_rollback(alias=database)
        else:
            plan = plan_restore(
                backup_id=id or LATEST, alias=database, allow_unsigned=allow_unsigned
            )
        if dry_run:
            return Report(
                summary=f"Nothing was changed: this would replace {plan.name}",
                facts={
                    "source": plan.source,
                    "steps": plan.steps,
                    "lost": plan.losses and [asdict(loss) for loss in plan.losses],
                },
                rows=plan.rows,
                sections=plan.sections,
            )
        self.confirm(plan.text, name=plan.name, given=confirm)
        return _report(replace_live(plan, reason=reason))

    def _end_killed(
        self,
        action: str,
        ending: Ending | None,
        confirm: str | None,
        reason: str,
        *,
        dry_run: bool,
    ) -> Report:
        if ending is None:
            return Report(summary=f"Nothing to {action}: no restore was killed")
        if dry_run:
            return Report(
                summary=f"Nothing was changed: this would {action} the"
                f" {ending.killed.record.action} of {ending.name}",
                facts={"journal": ending.killed.record.id, "steps": ending.steps},
                rows=ending.rows,
                sections=ending.sections,
            )
        self.confirm(ending.text, name=ending.name, given=confirm)
        ended = carry_out_ending(ending, reason=reason)
        return _report(ended.replaced) if ended.replaced else _report_ended(ended)


def _refuse_together(**given: object) -> None:
    for name, value in given.items():
        if value:
            raise UsageError(
                "Nothing was restored.",
                why=f"--{name.replace('_', '-')} is for the live database, --into makes"
                " a new one",
                fix="leave one of them out",
            )


def _refuse_over_live(foreign: str | None) -> None:
    if foreign is not None:
        raise UsageError(
            "Nothing was restored.",
            why="a file without a manifest never replaces the live database",
            fix="restore it --into a new one, look at its rows, back that one up"
            " (APP__DATABASE_URL=…), and restore the backup over the live one",
        )


def _refuse_anonymising(*, into: str | None, foreign: str | None) -> None:
    if foreign is not None:
        raise UsageError(
            "Nothing was restored.",
            why="nobody knows which release a file without a manifest is of, and so"
            " what is personal in it",
            fix="restore it --into a new database, back that one up, and anonymise"
            " the backup",
        )
    if into is None:
        raise UsageError(
            "Nothing was restored.",
            why="--anonymise would make up the live database's customers",
            fix="give the copy a name, with --into",
        )


def _restore_anonymised(
    database: str, backup_id: str, into: str, reason: str, *, allow_unsigned: bool
) -> Report:
    made = restore_anonymised(
        backup_id=backup_id,
        into=into,
        alias=database,
        reason=reason,
        allow_unsigned=allow_unsigned,
    )
    manifest = made.restored.manifest
    return Report(
        summary=f"Restored {manifest.id} into {made.restored.target}, anonymised:"
        f" {made.rows} of {manifest.rows} rows changed or left out, in"
        f" {made.restored.seconds} s; nobody can log in until"
        " `manage.py createsuperuser` made somebody there",
        facts={
            "id": manifest.id,
            "into": made.restored.target,
            "anonymised_rows": made.rows,
            "row_count": manifest.rows,
            "seconds": made.restored.seconds,
        },
    )


def _restore_into(
    database: str, backup_id: str, into: str, reason: str, *, allow_unsigned: bool
) -> Report:
    restored = restore_backup(
        backup_id=backup_id,
        into=into,
        alias=database,
        reason=reason,
        allow_unsigned=allow_unsigned,
    )
    manifest = restored.manifest
    return Report(
        summary=f"Restored {manifest.id} into {restored.target}: {manifest.rows}"
        f" rows, all as in the manifest, in {restored.seconds} s; {NO_TRAFFIC}",
        facts={
            "id": manifest.id,
            "into": restored.target,
            "tables": len(manifest.contents.tables),
            "row_count": manifest.rows,
            "signature": describe_signature(manifest),
            "seconds": restored.seconds,
        },
    )


def _restore_foreign(database: str, file: str, into: str, reason: str) -> Report:
    adopted = restore_foreign(file, into=into, alias=database, reason=reason)
    tables = adopted.contents.tables
    return Report(
        summary=f"Restored {adopted.source.name} into {adopted.target}: {adopted.rows}"
        f" rows in {len(tables)} tables, in {adopted.seconds} s; nothing says how many"
        f" there should be; {NO_TRAFFIC}",
        facts={
            "source": str(adopted.source),
            "into": adopted.target,
            "tables": len(tables),
            "row_count": adopted.rows,
            "seconds": adopted.seconds,
        },
        rows=[{"table": name, "row_count": count} for name, count in tables.items()],
    )


def _report_ended(ended: Ended) -> Report:
    killed, name = ended.ending.killed, ended.ending.name
    if killed.is_exchanged:
        told = f"Ended the {killed.record.action} of {name} from {killed.record.source}"
    else:
        told = f"Aborted the {killed.record.action} of {name}: it is as it was"
    rows = [{"what": each.subject, "result": str(each)} for each in ended.findings]
    return Report(
        summary=told,
        facts={"journal": ended.journal_id, "kept_copy": killed.kept_as},
        rows=rows,
        sections=[Section(rows)],
    )


def _report(replaced: Replaced) -> Report:
    plan = replaced.plan
    before = sum(plan.now.tables.values()) if plan.now else None
    rows = [
        {"what": what, "result": str(result)}
        for what, result in _told(replaced, plan, before)
    ]
    done = "Went back to" if plan.action == ROLLBACK else "Restored"
    return Report(
        summary=f"{done} {plan.source} as {plan.name}: {replaced.rows_after} rows in"
        f" {replaced.seconds} s",
        facts={
            "source": plan.source,
            "database": plan.database,
            "row_count_before": before,
            "row_count": replaced.rows_after,
            "safety_backup": replaced.safety_backup,
            "kept_copy": plan.kept_as,
            "journal": replaced.journal_id,
            "seconds": replaced.seconds,
        },
        rows=rows,
        sections=[Section(rows)],
    )


def _told(
    replaced: Replaced, plan: Plan, before: int | None
) -> Iterator[tuple[str, Any]]:
    now = "unknown" if before is None else before
    yield "rows", f"{now} before, {replaced.rows_after} now"
    yield "safety backup", replaced.safety_backup or f"none: {plan.unreadable}"
    yield "kept copy", plan.kept_as or "none: there was no live database"
    for finding in replaced.findings:
        yield finding.subject, finding
    for line in replaced.left_out:
        yield "not carried", line
    for copy in replaced.older_copies:
        yield "older copy", copy.removal
    yield "journal", replaced.journal_id
