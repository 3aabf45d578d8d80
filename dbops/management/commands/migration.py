from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.registry import get_engine
from dbops.maintenance.fresh import make_fresh, plan_fresh
from dbops.maintenance.migrating import Migrated, migrate_down, migrate_up, plan_down
from dbops.maintenance.migration_lint import ERROR, lint_migrations
from dbops.maintenance.migrations import label_of, read_status
from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.reports import Report

UP, DOWN, STATUS, LINT, FRESH = "up", "down", "status", "lint", "fresh"
OPTIONS = {"check": (STATUS,), "every": (LINT,), "confirm": (DOWN, FRESH)}
"""Which action takes which option."""

SPOKEN = {"every": "--all"}


class Command(StatesetCommand):
    help = "Apply migrations, take them back, show and judge them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action",
            nargs="?",
            default=UP,
            choices=(UP, DOWN, STATUS, LINT, FRESH),
            help="up: apply what waits (this is the default); down: take back the last"
            " step; status: what is applied and what waits; lint: what is dangerous in"
            " what waits; fresh: drop everything and migrate anew.",
        )
        parser.add_argument(
            "target",
            nargs="*",
            metavar="TARGET",
            help="up: [APP [NAME]]; down: [STEPS] or APP NAME (zero: all of APP).",
        )
        parser.add_argument(
            "--check", action="store_true", help="status: exit with 1 if some wait."
        )
        parser.add_argument(
            "--all",
            action="store_true",
            dest="every",
            help="lint: read every migration, not only what waits.",
        )
        parser.add_argument(
            "--confirm",
            metavar="NAME",
            help="down, fresh: the database's name (on SQLite the file's base name).",
        )

    def run(
        self, *, database: str, action: str, target: list[str], **options: Any
    ) -> Report:
        for option, actions in OPTIONS.items():
            if options[option] and action not in actions:
                raise _wrong(f"{SPOKEN.get(option, f'--{option}')} is not for {action}")
        if action == UP:
            return self._up(database, target)
        if action == DOWN:
            return self._down(database, target, options["confirm"])
        if target:
            raise _wrong(f"{action} takes no {target[0]!r}")
        if action == STATUS:
            return _status(database, has_to_be_done=options["check"])
        if action == LINT:
            return _lint(database, every=options["every"])
        return self._fresh(database, options["confirm"])

    def _up(self, database: str, target: list[str]) -> Report:
        if len(target) > 2:
            raise _wrong(f"up takes [APP [NAME]], not {' '.join(target)!r}")
        app, name = [*target, "", ""][:2]
        migrated = migrate_up(alias=database, app=app, name=name, tell=self._tell)
        return _migrated(migrated, "Applied")

    def _down(self, database: str, target: list[str], confirm: str | None) -> Report:
        undoing = plan_down(alias=database, **_steps_or_name(target))
        lines = [f"to take back: {label_of(key)}" for key in undoing.migrations]
        self.confirm(
            "\n".join([*lines, "What they made goes, with the data in it."]),
            name=get_engine(database).short_name,
            given=confirm,
        )
        migrated = migrate_down(undoing, alias=database, tell=self._tell)
        return _migrated(migrated, "Took back")

    def _fresh(self, database: str, confirm: str | None) -> Report:
        known = plan_fresh(database)
        self.confirm(
            f"This drops all {known.tables} tables of {known.name} with what is in"
            " them,\nand migrates anew.",
            name=known.name,
            given=confirm,
        )
        backup_id = make_fresh(alias=database, tell=self._tell)
        told = f"; what was there is in the backup {backup_id}" if backup_id else ""
        return Report(
            summary=f"Migrated {known.name} anew{told}", facts={"backup": backup_id}
        )

    def _tell(self, line: str) -> None:
        """Show people what is to come; a log has it in the result."""
        if self.stderr.isatty():
            self.stderr.write(line)

    def print_report(self, report: Report) -> None:
        """Print findings as paragraphs: a table of them would be too wide."""
        if report.rows and "fix" in report.rows[0]:
            for row in report.rows:
                self.stdout.write(f"{row['migration']}, {row['level']}: {row['what']}")
                self.stdout.write(f"  why: {row['why']}\n  fix: {row['fix']}")
            report = Report(summary=report.summary)
        super().print_report(report)


def _steps_or_name(target: list[str]) -> dict[str, Any]:
    if not target:
        return {}
    if len(target) == 1 and target[0].isdecimal() and int(target[0]):
        return {"steps": int(target[0])}
    if len(target) == 2:
        return {"app": target[0], "name": target[1]}
    raise _wrong(f"down takes a number of steps, or APP NAME, not {' '.join(target)!r}")


def _migrated(migrated: Migrated, verb: str) -> Report:
    count = len(migrated.migrations)
    told = f"{verb} {count} migration{'s' * (count != 1)}"
    if migrated.backup_id:
        told += f"; the backup from before is {migrated.backup_id}"
    return Report(
        summary=told if count else "No migration waits",
        facts={"backup": migrated.backup_id},
        rows=[{"migration": label} for label in migrated.migrations],
    )


def _status(database: str, *, has_to_be_done: bool) -> Report:
    apps = read_status(database)
    rows = []
    for app in apps:
        if app.applied:
            newest = f"{len(app.applied)}, the newest {app.applied[-1]}"
            rows.append({"app": app.app, "state": "applied", "migrations": newest})
        for state, names in (("waiting", app.waiting), ("unknown", app.unknown)):
            rows += [
                {"app": app.app, "state": state, "migrations": name} for name in names
            ]
    waiting = sum(len(app.waiting) for app in apps)
    unknown = sum(len(app.unknown) for app in apps)
    told = f"{waiting} migration{'s' * (waiting != 1)} to apply"
    if unknown:
        told += f"; {unknown} of another release"
    return Report(
        summary=told,
        facts={"waiting": waiting, "unknown": unknown},
        rows=rows,
        exit_code=1 if has_to_be_done and waiting else 0,
    )


def _lint(database: str, *, every: bool) -> Report:
    lint = lint_migrations(alias=database, every=every)
    errors = sum(finding.level == ERROR for finding in lint.findings)
    warnings = len(lint.findings) - errors
    told = (
        f"{lint.migrations} migration{'s' * (lint.migrations != 1)} read:"
        f" {errors} error{'s' * (errors != 1)},"
        f" {warnings} warning{'s' * (warnings != 1)}"
    )
    return Report(
        summary=f"{told}; {lint.remark}" if lint.remark else told,
        facts={"errors": errors, "warnings": warnings, "remark": lint.remark},
        rows=[vars(finding) for finding in lint.findings],
        exit_code=1 if errors else 0,
    )


def _wrong(why: str) -> UsageError:
    return UsageError(
        "No migration was run.", why=why, fix="see `manage.py migration --help`"
    )
