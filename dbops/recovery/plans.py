"""What a restore over the live database is going to do, before anybody agrees to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from dbops import conf
from dbops.backups.catalogue import (
    LATEST,
    latest_to_restore,
    read_verdict,
)
from dbops.backups.copies import find_copy
from dbops.backups.manifest import ANOTHER, Manifest
from dbops.backups.signing import describe_signature, require_restorable
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.engines.base import Contents, Engine, summarised
from dbops.engines.registry import get_engine
from dbops.engines.verbs.swap import KeptCopy, LiveState
from dbops.errors import (
    BackupDamagedError,
    BackupNotFoundError,
    ContentsUnreadableError,
    DatabaseUnavailableError,
    DiskError,
    RestoreRefusedError,
)
from dbops.recovery.beside import RESTORED, beside
from dbops.recovery.verdict import pending_migrations
from dbops.values import Ago, Size
from stateset.lib.databases import applied_migrations
from stateset.lib.reports import UNKNOWN, Row, Section, render_section, render_value

RESTORE, ROLLBACK = "restore", "rollback"


@dataclass(frozen=True)
class Plan:
    """One restore or rollback: what is put where, and what is known of both.

    ``manifest`` is of the backup, which is at ``place``; ``kept`` the copy that a
    rollback brings back.
    ``now`` is None where the live database cannot be read. By ``newest_copy`` it shows
    whether it was replaced since.
    """

    action: str
    alias: str
    name: str
    database: str
    source: str
    planned_at: datetime
    state: LiveState
    now: Contents | None
    unreadable: str
    kept_as: str
    newest_copy: str
    facts: Mapping[str, Any]
    pending: list[str] = field(default_factory=list)
    manifest: Manifest | None = None
    place: BackupStorage | None = None
    kept: KeptCopy | None = None

    @property
    def stamp(self) -> str:
        return f"{self.planned_at:%Y%m%d_%H%M%S}"

    @property
    def steps(self) -> list[str]:
        """Return what will be done, in order."""
        return list(_steps(self))

    @property
    def rows(self) -> list[Row]:
        """Return the plan as a table of two columns."""
        steps = [(f"step {number}", step) for number, step in enumerate(self.steps, 1)]
        told = (*self.facts.items(), *steps)
        return [{"what": what, "is": render_value(value)} for what, value in told]

    @property
    def text(self) -> str:
        """Return the plan for a person who is to agree."""
        title = f"This replaces the live database {self.name}:"
        return render_section(Section(self.rows, title=title))


def plan_restore(
    *,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    allow_unsigned: bool = False,
) -> Plan:
    """Return what restoring a backup over the live database would do.

    Nothing is changed. Cost: one scan of each live table, for its rows. Raises
    RestoreRefusedError for a backup that has no business in this database.
    """
    engine = get_engine(alias)
    if backup_id == LATEST:
        backup_id = latest_to_restore(backup_storage(), alias)
    storage, manifest = find_copy(backup_id, alias)
    require_restorable(manifest, allow_unsigned=allow_unsigned)
    _require_undamaged(storage, manifest)
    require_ours(manifest, engine)
    pending = pending_migrations({*manifest.contents.migrations}, manifest.id)
    facts = {
        "source": f"{manifest.id}, {Ago.of(manifest.started_at)}, {manifest.kind}",
        "location": f"{storage.name}, {storage.location}",
        "signature": describe_signature(manifest),
        "rows then": manifest.rows,
    }
    return _plan(
        engine,
        RESTORE,
        manifest.id,
        facts,
        manifest.contents,
        needed=manifest.plain.size_bytes,
        manifest=manifest,
        place=storage,
        pending=pending,
    )


def plan_rollback(*, alias: str = DEFAULT_DB_ALIAS) -> Plan:
    """Return what bringing back the newest kept copy would do; nothing is changed.

    Raises BackupNotFoundError where no restore has kept one.
    """
    engine = get_engine(alias)
    copies = engine.kept_copies()
    if not copies:
        raise BackupNotFoundError(
            f"There is nothing to go back to for {engine.short_name!r}.",
            why="no restore has kept a copy, or it was removed",
            fix="restore a backup instead (list_backups)",
        )
    kept = copies[0]
    replaced_at = datetime.strptime(kept.stamp, "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    with beside(engine, RESTORED, kept.name) as restored:
        pending = pending_migrations(
            applied_migrations(connections[restored]), kept.name
        )
    facts = {"source": f"{kept.name}, live until {Ago.of(replaced_at)}"}
    return _plan(
        engine,
        ROLLBACK,
        kept.name,
        facts,
        None,
        needed=kept.size_bytes,
        kept=kept,
        pending=pending,
    )


def require_ours(manifest: Manifest, engine: Engine) -> None:
    """Raise RestoreRefusedError unless a backup is of this engine and installation."""
    for what, found, own in (
        ("of", manifest.engine, engine.vendor),
        ("of the project", manifest.project, conf.PROJECT),
        ("of the environment", manifest.environment, conf.environment()),
        ("of the database", manifest.alias, engine.connection.alias),
    ):
        if found != own:
            raise RestoreRefusedError(
                f"The backup {manifest.id} was not restored over the live database.",
                why=f"it is {what} {found!r}, this one is {own!r}",
                fix="choose another backup (list_backups), or restore it --into a new"
                " database and look",
            )


def _require_undamaged(storage: BackupStorage, manifest: Manifest) -> None:
    verdict = read_verdict(storage, manifest)
    if verdict is not None and not verdict.is_good:
        raise BackupDamagedError(
            f"The backup {manifest.id} is damaged.",
            why=f"{verdict.why} (found at level {verdict.level})",
            fix=ANOTHER,
        )


def _plan(
    engine: Engine,
    action: str,
    source: str,
    facts: dict[str, Any],
    then: Contents | None,
    *,
    needed: int,
    **more: Any,
) -> Plan:
    planned_at = timezone.now().astimezone(UTC)
    stamp = f"{planned_at:%Y%m%d_%H%M%S}"
    engine.require_swappable(stamp)
    state = engine.look()
    now, unreadable = _contents(engine, state)
    room = Size(engine.room_for(needed))
    if state.free_bytes is not None and state.free_bytes < room:
        raise DiskError(
            f"{engine.short_name} was not replaced; it is as it was.",
            why=f"{room} are needed beside it, {Size(state.free_bytes)} are free",
            fix="make room there, remove kept copies that nobody needs any more",
        )
    facts = {
        "target": f"{engine.database_name} ({engine.vendor})",
        **facts,
        "rows now": sum(now.tables.values()) if now else f"unknown: {unreadable}",
        **({"changed": _changed(then, now)} if then else {}),
        "migrations": _verdict(more.get("pending", [])),
        "sessions": state.sessions or "none",
        "room": f"{room} needed beside it, free: {_free(state)}",
        "left behind": state.stays_behind or "nothing",
    }
    return Plan(
        action=action,
        alias=engine.connection.alias,
        name=engine.short_name,
        database=engine.database_name,
        source=source,
        planned_at=planned_at,
        state=state,
        now=now,
        unreadable=unreadable,
        kept_as=engine.kept_name(stamp) if state.is_there else "",
        newest_copy=_newest_copy(engine),
        facts=facts,
        **more,
    )


def require_as_planned(engine: Engine, plan: Plan) -> None:
    """Raise RestoreRefusedError if somebody else was faster; call under the lease."""
    if _newest_copy(engine) != plan.newest_copy:
        raise RestoreRefusedError(
            f"{plan.name} was not replaced; it is as it was.",
            why="another restore has replaced it since this plan was made",
            fix="read the new plan, then confirm again",
        )


def _newest_copy(engine: Engine) -> str:
    return next((copy.name for copy in engine.kept_copies()), "")


def _contents(engine: Engine, state: LiveState) -> tuple[Contents | None, str]:
    if not state.is_there:
        return None, "it is not there"
    try:
        return engine.contents(), ""
    except (DatabaseUnavailableError, ContentsUnreadableError) as error:
        return None, error.why


def _changed(then: Contents | None, now: Contents | None) -> str:
    """Return which tables have other rows now; rows that changed do not show."""
    if then is None or now is None:
        return UNKNOWN
    grown = {
        name: now.tables.get(name, 0) - then.tables.get(name, 0)
        for name in sorted({*then.tables, *now.tables})
    }
    lines = [f"{name} {count:+}" for name, count in grown.items() if count]
    shown = summarised(lines) if lines else "no table has more or fewer rows"
    return f"{shown} (changes inside rows are not counted)"


def _verdict(pending: list[str]) -> str:
    if not pending:
        return "as in the code"
    return f"{len(pending)} are run before it goes live: {summarised(pending)}"


def _free(state: LiveState) -> str:
    if state.free_bytes is None:
        return "unknown, the server's disk is not seen from here"
    return str(Size(state.free_bytes))


def _steps(plan: Plan) -> Iterator[str]:
    yield "maintenance mode on: pages answer 503, tasks wait"
    if plan.now is not None:
        yield "a safety backup of the live database"
    if plan.kept is not None:
        yield "the kept copy is made ready"
    else:
        yield "the backup is restored beside it and checked: rows, migrations"
    if plan.pending:
        yield "the missing migrations are run there"
    yield "quarantine: logins end, dead keys stay dead, numbers move on, outbox waits"
    if plan.state.is_there:
        yield f"both change places; the old one is kept as {plan.kept_as}"
    else:
        yield "it takes the live name"
    yield "one question through Django, then maintenance mode off"
