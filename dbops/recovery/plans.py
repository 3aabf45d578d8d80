"""What a restore over the live database is going to do, before anybody agrees to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from dbops.backups.catalogue import LATEST
from dbops.backups.copies import copy_to_restore
from dbops.backups.manifest import Manifest
from dbops.backups.signing import describe_signature
from dbops.backups.storage import BackupStorage, backup_storage
from dbops.backups.writing import expected_bytes
from dbops.beside import RESTORED, beside
from dbops.engines.base import Contents, Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs.swap import KeptCopy, LiveState
from dbops.errors import (
    BackupNotFoundError,
    ContentsUnreadableError,
    DatabaseUnavailableError,
    RestoreRefusedError,
)
from dbops.recovery.losses import BASIS, Loss, find_losses, summarise_losses
from dbops.recovery.room import require_room, required_room
from dbops.recovery.verdict import (
    describe_pending,
    pending_migrations,
    require_ours,
    require_undamaged,
)
from dbops.values import Ago
from stateset.lib.databases import applied_migrations
from stateset.lib.reports import Row, Section, render_section, render_value

RESTORE, ROLLBACK = "restore", "rollback"


@dataclass(frozen=True)
class Plan:
    """One restore or rollback: what is put where, and what is known of both.

    ``manifest`` is of the backup, which is at ``place``; ``kept`` the copy that a
    rollback brings back. ``now`` is None where the live database cannot be read,
    ``losses`` where nobody can tell what was written since. By ``newest_copy`` it
    shows whether it was replaced since.
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
    losses: list[Loss] | None = None
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
    def sections(self) -> list[Section]:
        """Return the plan as people read it: what is done, then what is lost."""
        shown = [Section(self.rows)]
        if self.losses:
            rows = [loss.row for loss in self.losses]
            shown.append(Section(rows, title="Written since, and gone afterwards:"))
            shown.append(Section([{"how that is known": BASIS}]))
        return shown

    @property
    def text(self) -> str:
        """Return the plan for a person who is to agree."""
        title = f"This replaces the live database {self.name}:"
        return "\n\n".join([title, *map(render_section, self.sections)])


def plan_restore(
    *,
    backup_id: str = LATEST,
    alias: str = DEFAULT_DB_ALIAS,
    allow_unsigned: bool = False,
    reads_through: bool = True,
) -> Plan:
    """Return what restoring a backup over the live database would do.

    Nothing is changed. Cost: one scan of each live table, for its rows; with several
    locations also one reading of the backup, unless it ``reads_through`` none: such a
    plan is for people to look at, and its copy may turn out to be damaged. Raises
    RestoreRefusedError for a backup that has no business in this database.
    """
    engine = get_engine(alias)
    storage, manifest = copy_to_restore(
        backup_id, alias, allow_unsigned=allow_unsigned, reads_through=reads_through
    )
    require_undamaged(storage, manifest)
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
        database_bytes=manifest.contents.size_bytes,
        dump_bytes=manifest.plain.size_bytes,
        manifest=manifest,
        place=storage,
        pending=pending,
    )


def plan_rollback(*, alias: str = DEFAULT_DB_ALIAS, copy: str = "") -> Plan:
    """Return what bringing back a kept copy would do; nothing is changed.

    The newest one, unless ``copy`` names another. Raises BackupNotFoundError where no
    restore has kept it.
    """
    engine = get_engine(alias)
    copies = [each for each in engine.kept_copies() if copy in ("", each.name)]
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
        database_bytes=kept.size_bytes,
        dump_bytes=0,
        kept=kept,
        pending=pending,
    )


def _plan(
    engine: Engine,
    action: str,
    source: str,
    facts: dict[str, Any],
    *,
    database_bytes: int,
    dump_bytes: int,
    manifest: Manifest | None = None,
    **more: Any,
) -> Plan:
    planned_at = timezone.now().astimezone(UTC)
    stamp = f"{planned_at:%Y%m%d_%H%M%S}"
    engine.require_swappable(stamp)
    state = engine.look()
    now, unreadable = _contents(engine, state)
    alias, storage = engine.connection.alias, backup_storage()
    rooms = required_room(
        engine,
        state,
        storage,
        database_bytes=database_bytes,
        dump_bytes=dump_bytes,
        safety_bytes=expected_bytes(storage, alias) if now else 0,
        safety_spool_bytes=engine.room_to_dump() if now else 0,
    )
    require_room(rooms, engine.short_name)
    losses = None
    if manifest is not None and now is not None:
        losses = find_losses(alias, manifest.contents, now, manifest.started_at)
    facts = {
        "target": f"{engine.database_name} ({engine.vendor})",
        **facts,
        "rows now": sum(now.tables.values()) if now else f"unknown: {unreadable}",
        **({"lost": summarise_losses(losses)} if manifest else {}),
        "migrations": describe_pending(more.get("pending", [])),
        "sessions": state.sessions or "none",
        "room": rooms,
        "left behind": state.stays_behind or "nothing",
    }
    return Plan(
        action=action,
        alias=alias,
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
        losses=losses,
        manifest=manifest,
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
    yield "whoever was erased since is erased again"
    if plan.state.is_there:
        yield f"both change places; the old one is kept as {plan.kept_as}"
    else:
        yield "it takes the live name"
    yield "one question through Django, then maintenance mode off"
