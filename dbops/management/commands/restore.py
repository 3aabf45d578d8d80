from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.catalogue import LATEST
from dbops.management.choices import add_backup_choice
from dbops.management.restores import (
    into_anonymised,
    into_from_foreign,
    into_new,
    report_ended,
    report_replaced,
)
from dbops.recovery.ending import carry_out_ending
from dbops.recovery.killed import ABORT, RESUME, Ending, plan_ending
from dbops.recovery.live import replace_live
from dbops.recovery.plans import plan_restore, plan_rollback
from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report


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
            help="Bring in a dump without a manifest: .dump, .sql or .db, also packed"
            " and encrypted, or a directory of pg_dump; only --into a new database.",
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

    def acts(self, *, dry_run: bool, **_options: Any) -> bool:
        return not dry_run

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
                return into_anonymised(
                    database, id or LATEST, into, reason, allow_unsigned=allow_unsigned
                )
            if foreign is not None:
                return into_from_foreign(database, foreign, into, reason)
            return into_new(
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
        return report_replaced(replace_live(plan, reason=reason))

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
        return (
            report_replaced(ended.replaced) if ended.replaced else report_ended(ended)
        )


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
