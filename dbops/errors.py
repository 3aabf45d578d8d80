"""What dbops refuses or cannot do; each leaf is named for the situation."""

from __future__ import annotations

from typing import Self

from stateset.lib.errors import BUSY, StatesetError


class DbopsError(StatesetError):
    """An operation on a database was refused or stopped; nothing is half done."""

    def located(self, where: str) -> Self:
        """Return the same error, saying also where it was met."""
        return type(self)(self.what, why=f"{where}: {self.why}", fix=self.fix)


class OperationBusyError(DbopsError):
    """Another operation holds the database's lease; trying later will do."""

    exit_code = BUSY


class OperationStoppedError(DbopsError):
    """A person or the system stopped the operation by a signal."""


class DatabaseUnavailableError(DbopsError):
    """The database is not there or does not answer."""


class SessionRefusedError(DbopsError):
    """A session was not ended; it goes on as before."""


class ContentsUnreadableError(DbopsError):
    """Rows that belong into a backup are hidden or forbidden to this role."""


class LookStoppedError(DbopsError):
    """A look into the database took too long, or met a lock; nothing was changed."""


class TableNotFoundError(DbopsError):
    """The database has no table of this name."""


class EngineUnknownError(DbopsError):
    """No engine of dbops speaks this database's language."""


class ProgramNotFoundError(DbopsError):
    """No installed program fits what is to be done."""


class ProgramFailedError(DbopsError):
    """A program ended with a fault, was killed, or fell silent.

    ``returncode`` is its own status: negative when a signal ended it, None when it
    was stopped here because it fell silent.
    """

    returncode: int | None = None


class StorageError(DbopsError):
    """The place where backups lie cannot be read or written."""


class NameTakenError(StorageError):
    """A backup of this name is there already, or is being written."""


class DiskError(DbopsError):
    """A local file could not be written; most often the disk is full."""


class BackupNotFoundError(DbopsError):
    """There is no such backup, or none at all."""


class BackupDamagedError(DbopsError):
    """The stored backup is not what its manifest says it is."""


class BackupLockedError(DbopsError):
    """The backup is encrypted, and what is needed to open it is not here."""


class BackupUntrustedError(DbopsError):
    """The manifest of a backup is not signed, or not by a key that is known."""


class EntryUnknownError(DbopsError):
    """The schedule has no entry of this name."""


class PauseRefusedError(DbopsError):
    """An entry of the schedule is paused already, or is not."""


class TaskNotSentError(DbopsError):
    """A task could not be given to the workers."""


class TaskFailedError(DbopsError):
    """A task that somebody asked for has refused or failed."""


class TellingFailedError(DbopsError):
    """Somebody was to be told, and was not."""


class PinRefusedError(DbopsError):
    """A backup was neither pinned nor unpinned."""


class PruningRefusedError(DbopsError):
    """What is to be kept makes no sense; nothing was deleted."""


class RestoreRefusedError(DbopsError):
    """The backup does not fit the target; nothing was touched."""


class RequestRefusedError(DbopsError):
    """A restore cannot be asked for, approved or begun as it was wanted."""


class TargetExistsError(RestoreRefusedError):
    """What is to be created is there already; it was left as it is."""


class RestoredUnsoundError(DbopsError):
    """A backup came back as it was, and what it holds breaks a rule."""


class DrillFailedError(DbopsError):
    """A recovery drill did not bring a backup back, or not in time."""


class RestoredUnusableError(DbopsError):
    """The restored database is live but does not answer; the old one is kept."""


class DatabaseInUseError(DbopsError):
    """Another session keeps a lock that is needed; it was not waited for longer."""


class ConnectionsShortError(DbopsError):
    """Fewer connections are left than are needed; nothing was begun."""


class NotMigratedError(DbopsError):
    """The database lacks tables that this release works with."""


class MigrationRefusedError(DbopsError):
    """The migrations asked for cannot be applied or taken back; nothing was done."""


class MigrationFailedError(DbopsError):
    """A migration stopped; those before it stay, the others are not there."""


class VacuumRefusedError(DbopsError):
    """A table could not be vacuumed; it is as it was."""
