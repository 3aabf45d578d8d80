from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.catalogue import COMPLETE, DAMAGED, LATEST
from dbops.backups.verify import DEFAULT_LEVEL, LEVELS, verify_all, verify_backup
from dbops.management.choices import add_backup_choice
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Prove that a backup is whole, and record the result beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        which = add_backup_choice(
            parser,
            "Verify the newest backup of the database, also one that a restore made.",
        )
        which.add_argument(
            "--all",
            action="store_true",
            dest="every",
            help="Verify every backup of the database.",
        )
        parser.add_argument(
            "--level",
            default=DEFAULT_LEVEL,
            choices=tuple(LEVELS),
            help="manifest: file and size; hash: every byte; decode: read to the end"
            " by the engine's own tools; restore: for real, into a scratch database"
            " that is removed again (default: %(default)s).",
        )

    def called(self, *, level: str, **_options: Any) -> str:
        # A shallow look that ends well does not say that a deeper one will.
        return (
            "verify_backup"
            if level == DEFAULT_LEVEL
            else f"verify_backup --level {level}"
        )

    def run(
        self,
        *,
        database: str,
        id: str | None,  # noqa: A002 -- the name of the argument in cli.md
        every: bool,
        level: str,
        **_options: Any,
    ) -> Report:
        if every:
            return _report_all(verify_all(alias=database, level=level), level)
        manifest, verdict = verify_backup(
            backup_id=id or LATEST, alias=database, level=level
        )
        return Report(
            summary=f"{manifest.id} is good at level {level}",
            facts={
                "id": manifest.id,
                "level": level,
                "is_good": verdict.is_good,
                "verified_at": verdict.verified_at,
            },
            rows=[
                {"check": name, "looked_at": looked_at}
                for name, looked_at in verdict.checks.items()
            ],
        )


def _report_all(found: dict[str, str], level: str) -> Report:
    bad = sum(map(bool, found.values()))
    return Report(
        summary=f"{len(found) - bad} of {len(found)} backups are good at level {level}",
        rows=[
            {"id": backup_id, "state": DAMAGED if why else COMPLETE, "why": why}
            for backup_id, why in found.items()
        ],
        exit_code=1 if bad else 0,
    )
