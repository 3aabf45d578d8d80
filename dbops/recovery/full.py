"""Make a backup, and of a full one prove at once that it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from dbops.backups.create import DUMP, FULL, Made, make_backup
from dbops.backups.encryption import can_open
from dbops.backups.manifest import Manifest
from dbops.errors import DrillFailedError, OperationBusyError, StorageError
from dbops.recovery.drill import recovery_drill
from dbops.recovery.drill_reports import PASSED, DrillReport
from dbops.telling.pinging import ping
from stateset.lib.errors import UsageError

REASON = "of the full backup"


@dataclass(frozen=True)
class BackedUp:
    """A stored backup, and what its drill has shown.

    ``undrilled`` says why there was no drill where there should have been one.
    """

    made: Made
    drill: DrillReport | None = None
    undrilled: str = ""

    @property
    def manifest(self) -> Manifest:
        return self.made.manifest

    @property
    def locations(self) -> Sequence[str]:
        return self.made.locations

    @property
    def missed(self) -> Mapping[str, str]:
        return self.made.missed

    @property
    def verified(self) -> str:
        return self.made.verified

    def require_everywhere(self) -> None:
        """Raise StorageError if a location has no good copy."""
        for location, why in self.missed.items():
            raise StorageError(
                f"The backup {self.manifest.id} is not at {location}.",
                why=f"{why} It is at {', '.join(self.locations)}.",
                fix="mend that location, then list_backups --copy-missing",
            )

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
    """Make a backup as ``make_backup`` does, and of a full one a recovery drill.

    There is no drill of what this machine has no identity to open.

    What the drill finds does not undo the backup, nor does it raise. Of the main
    database, somebody outside is told that it was made, or was not.
    """
    try:
        backed_up = _back_up(alias, kind, **options)
    except (OperationBusyError, UsageError):
        raise
    except Exception:
        _ping(alias, is_good=False)
        raise
    _ping(alias, is_good=backed_up.is_proven and not backed_up.missed)
    return backed_up


def _ping(alias: str, *, is_good: bool) -> None:
    if alias == DEFAULT_DB_ALIAS:
        ping(is_good=is_good)


def _back_up(alias: str, kind: str, **options: Any) -> BackedUp:
    made = make_backup(alias=alias, kind=kind, **options)
    manifest = made.manifest
    if kind != FULL or not can_open(manifest.recipients):
        return BackedUp(made)
    try:
        drill = recovery_drill(backup_id=manifest.id, alias=alias, reason=REASON)
    except OperationBusyError as error:
        return BackedUp(made, undrilled=f"{error.what} {error.why}")
    return BackedUp(made, drill)
