"""A copy for staging: real books, made up people, before anybody can connect."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.catalogue import LATEST
from dbops.backups.copies import copy_to_restore
from dbops.backups.manifest import Manifest
from dbops.backups.restore import Restored, restore_backup
from dbops.beside import RESTORED, beside
from dbops.django_migrate import run_django_migrate
from dbops.engines.base import Engine, summarised
from dbops.errors import RestoreRefusedError
from stateset.lib.anonymise import refuse_unknown, require_rules
from stateset.lib.anonymise_rows import anonymise, known_tables, unknown_to_models
from stateset.lib.anonymise_rules import Pseudonyms
from stateset.lib.databases import unapplied_of, unknown_of


@dataclass(frozen=True)
class Anonymised:
    """A new database, and how many of its rows are not the backup's."""

    restored: Restored
    rows: int


def restore_anonymised(
    *,
    into: str,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    reason: str = "",
    allow_unsigned: bool = False,
) -> Anonymised:
    """Make the new database ``into`` from a backup, with nobody real in it.

    The key of its pseudonyms is thrown away, so two copies have different ones. It is
    migrated to the code's release, whose rules they are. Raises AnonymiseRefusedError
    while something has no rule; when anything raises, nothing is left.
    """
    require_rules()
    _, manifest = copy_to_restore(backup_id, alias, allow_unsigned=allow_unsigned)
    is_older = _is_older(manifest)
    unknown = {*manifest.contents.tables} - known_tables()
    if not is_older:
        refuse_unknown(sorted(unknown))
    done: dict[str, int] = {}

    def rework(engine: Engine, draft: str) -> dict[str, int]:
        with beside(engine, RESTORED, draft) as restored:
            if is_older:
                run_django_migrate(restored)
            loose = engine.outside_tables(draft)
            refuse_unknown([*unknown_to_models(restored, unknown), *loose])
            names = Pseudonyms()
            done["anonymised_rows"] = anonymise(restored, names)
        engine.scrub(draft)
        return done

    restored = restore_backup(
        into=into,
        backup_id=manifest.id,
        alias=alias,
        reason=reason,
        allow_unsigned=allow_unsigned,
        rework=rework,
    )
    return Anonymised(restored, done["anonymised_rows"])


def _is_older(manifest: Manifest) -> bool:
    """Tell whether the code has migrations that a backup has not; refuse a newer."""
    applied = {*manifest.contents.migrations}
    if unknown := unknown_of(applied):
        raise RestoreRefusedError(
            "No anonymised copy was made.",
            why=f"the backup {manifest.id} is of another release: the code does not"
            f" know {summarised(unknown)}",
            fix="run the release that made it",
        )
    return bool(unapplied_of(applied))
