from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.backups.compression import DEFAULT
from dbops.backups.create import DUMP, FULL, NO_LEVEL
from dbops.backups.verify import DEFAULT_LEVEL, LEVELS
from dbops.management.choices import jobs as jobs_choice
from dbops.management.drills import facts_of, summarise
from dbops.recovery.full import BackedUp, back_up
from dbops.values import Size
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Back up the database, verify the backup and print its id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--kind",
            default=DUMP,
            choices=(DUMP, FULL),
            help="dump: the data; full: also roles and settings, where the engine has"
            " any, and a recovery drill (default: %(default)s).",
        )
        parser.add_argument(
            "--to",
            nargs="+",
            action="extend",
            default=[],
            metavar="LOCATION",
            help="Where to store it, by the names in APP__BACKUP_LOCATIONS (default:"
            " everywhere).",
        )
        parser.add_argument(
            "--compression",
            default=DEFAULT,
            metavar="METHOD",
            help="zstd[:LEVEL], gzip or none (default: zstd, level 1).",
        )
        encrypting = parser.add_mutually_exclusive_group()
        encrypting.add_argument(
            "--encrypt",
            action="store_true",
            default=None,
            help="Encrypt it for APP__BACKUP_AGE_RECIPIENTS; refused if there are none"
            " (default: encrypt if there are any).",
        )
        encrypting.add_argument(
            "--no-encrypt",
            action="store_false",
            dest="encrypt",
            help="Leave it readable for everybody who has the file.",
        )
        parser.add_argument(
            "--verify",
            default=DEFAULT_LEVEL,
            choices=(NO_LEVEL, *LEVELS),
            help="How deeply to verify it when it is stored (default: %(default)s).",
        )
        parser.add_argument(
            "--jobs",
            type=jobs_choice,
            metavar="N",
            help="PostgreSQL: dump with so many connections at once; more than one"
            " takes the size of the dump in TMPDIR (default: APP__BACKUP_JOBS).",
        )
        parser.add_argument(
            "--reason",
            default="",
            help="Why it is made; kept in the manifest and the journal.",
        )

    def called(self, *, kind: str, **_options: Any) -> str:
        # A dump that goes well does not say that the next weekly one will.
        return "backup" if kind == DUMP else f"backup --kind {kind}"

    def run(
        self,
        *,
        database: str,
        kind: str,
        to: list[str],
        compression: str,
        encrypt: bool | None,
        verify: str,
        jobs: int | None,
        reason: str,
        **_options: Any,
    ) -> Report:
        made = back_up(
            alias=database,
            kind=kind,
            to=to,
            packing=compression,
            encrypt=encrypt,
            verify=verify,
            jobs=jobs,
            reason=reason,
        )
        manifest = made.manifest
        size = Size(manifest.size_bytes)
        missed = [f"not at {name}: {why}" for name, why in made.missed.items()]
        done = (
            f"Backed up {manifest.contents.database}: {manifest.rows} rows in"
            f" {len(manifest.contents.tables)} tables, {size}"
        )
        return Report(
            summary="; ".join([done, *missed]) + _drilled(made),
            facts={
                "id": manifest.id,
                "kind": manifest.kind,
                "file": manifest.file_name,
                "files": [file.name for file in manifest.files],
                "database": manifest.contents.database,
                "tables": len(manifest.contents.tables),
                "row_count": manifest.rows,
                "size": size,
                "sha256": manifest.stored.sha256,
                "encrypted_for": manifest.recipients,
                "verified": made.verified,
                "warnings": manifest.warnings,
                "locations": made.locations,
                "missed": [{"location": n, "why": w} for n, w in made.missed.items()],
                "drill": made.drill and facts_of(made.drill),
            },
            last_line=manifest.id,
            exit_code=0 if made.is_proven and not missed else 1,
        )


def _drilled(made: BackedUp) -> str:
    if made.undrilled:
        return f"; there was no drill: {made.undrilled}"
    return f"; {summarise(made.drill)}" if made.drill else ""
