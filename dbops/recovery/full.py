"""Make a backup, and of a full one prove at once that it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.create import DUMP, FULL, create_backup
from dbops.backups.manifest import Manifest
from dbops.errors import DrillFailedError, OperationBusyError
from dbops.recovery.drill import recovery_drill
from dbops.recovery.drill_reports import PASSED, DrillReport

REASON = "of the full backup"


@dataclass(frozen=True)
class BackedUp:
    """A stored backup, and what its drill has shown.

    ``undrilled`` says why there was no drill where there should have been one.
    """

    manifest: Manifest
    drill: DrillReport | None = None
    undrilled: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether all that was to be shown was shown."""
        if self.undrilled:
            return False
        return self.drill is None or self.drill.state == PASSED

    def require_proven(self) -> None:
        """Raise DrillFailedError, which says that the backup is stored all the same."""
        if self.is_proven:
            return
        drill = self.drill
        raise DrillFailedError(
            f"The backup {self.manifest.id} is stored; its drill did not pass.",
            why=f"{drill.what} {drill.why}" if drill else self.undrilled,
            fix=drill.fix if drill else "run recovery_drill when that is done",
        )


def back_up(
    *, alias: str = DEFAULT_DB_ALIAS, kind: str = DUMP, **options: Any
) -> BackedUp:
    """Make a backup as ``create_backup`` does, and of a full one a recovery drill.

    What the drill finds does not undo the backup, nor does it raise.
    """
    manifest = create_backup(alias=alias, kind=kind, **options)
    if kind != FULL:
        return BackedUp(manifest)
    try:
        drill = recovery_drill(backup_id=manifest.id, alias=alias, reason=REASON)
    except OperationBusyError as error:
        return BackedUp(manifest, undrilled=f"{error.what} {error.why}")
    return BackedUp(manifest, drill)
