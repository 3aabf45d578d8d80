"""Whether a backup has any business in this database, and how it gets there."""

from __future__ import annotations

from collections.abc import Set

from dbops import conf
from dbops.backups.catalogue import read_verdict
from dbops.backups.manifest import ANOTHER, Manifest
from dbops.backups.storage import BackupStorage
from dbops.engines.base import Engine, summarised
from dbops.errors import BackupDamagedError, RestoreRefusedError
from stateset.lib.databases import unapplied_of, unknown_of

THROUGH_A_COPY = (
    "choose another backup (list_backups); or restore it --into a new database, look,"
    " and make that copy live as docs/operator-restore.md says"
)
"""The way round: a backup of the copy is one of this installation."""

CORRECT_ENVIRONMENT = (
    "; if this is the installation that made it, correct APP__ENVIRONMENT"
)
SAME_ENGINE = (
    "choose a backup of the same engine (list_backups): neither engine reads the"
    " other's dumps"
)


def pending_migrations(applied: Set[tuple[str, str]], source: str) -> list[str]:
    """Return the migrations that the code has and ``source`` has not.

    Raises RestoreRefusedError when it has some that the code does not know: then it
    comes from a newer release, or from another line of development.
    """
    unapplied, unknown = unapplied_of(applied), unknown_of(applied)
    if not unknown:
        return unapplied
    if unapplied:
        why, fix = "its migrations went another way than the code's", "that made it"
    else:
        why, fix = "it is newer than the code", "that made it, or a newer one"
    raise RestoreRefusedError(
        f"{source} was not restored over the live database.",
        why=f"{why}, which does not know {summarised(unknown)}",
        fix=f"install the release {fix}, or restore it --into a new database",
    )


def describe_pending(pending: list[str]) -> str:
    """Return what the plan says of the migrations."""
    if not pending:
        return "as in the code"
    return f"{len(pending)} are run before it goes live: {summarised(pending)}"


def require_ours(manifest: Manifest, engine: Engine) -> None:
    """Raise RestoreRefusedError unless a backup is of this engine and installation."""
    alias = engine.connection.alias
    name_it = f"; if that one is meant, give --database {manifest.alias}"
    for what, found, own, fix in (
        ("of", manifest.engine, engine.vendor, SAME_ENGINE),
        ("of the project", manifest.project, conf.PROJECT, THROUGH_A_COPY),
        (
            "of the environment",
            manifest.environment,
            conf.environment(),
            THROUGH_A_COPY + CORRECT_ENVIRONMENT,
        ),
        ("of the database", manifest.alias, alias, THROUGH_A_COPY + name_it),
    ):
        if found != own:
            raise RestoreRefusedError(
                f"The backup {manifest.id} was not restored over the live database.",
                why=f"it is {what} {found!r}, this one is {own!r}",
                fix=fix,
            )


def require_undamaged(storage: BackupStorage, manifest: Manifest) -> None:
    """Raise BackupDamagedError if a verification of these bytes found them bad."""
    verdict = read_verdict(storage, manifest)
    if verdict is not None and not verdict.is_good:
        raise BackupDamagedError(
            f"The backup {manifest.id} is damaged.",
            why=f"{verdict.why} (found at level {verdict.level})",
            fix=ANOTHER,
        )
