"""Restore a backup into a scratch database, and look whether all of it is there.

Nothing goes into service: the scratch database has a name of its own, is made as a
restore makes one, and is removed at the end. What a killed trial left behind is
removed by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError

from dbops.backups.manifest import ANOTHER, Manifest
from dbops.backups.reading import dump_source
from dbops.backups.restore import require_engine
from dbops.backups.storage import BackupStorage
from dbops.beside import beside
from dbops.django_migrate import run_django_migrate
from dbops.engines.base import Contents, Engine, summarised
from dbops.engines.verbs.proof import Look
from dbops.errors import BackupDamagedError, RestoredUnsoundError
from dbops.leases import leased
from dbops.standing_in import standing_in
from dbops.steps import step
from stateset.lib.databases import unapplied_of, unknown_of
from stateset.lib.invariants import Invariant, all_invariants
from stateset.lib.snapshot import one_moment

SCRATCH_ALIAS = "drill"
BOOKS = "books"


@dataclass(frozen=True)
class Proof:
    """What a trial restore has shown; ``kept`` is its database, where it stays."""

    looks: tuple[Look, ...] = field(default_factory=tuple)
    kept: str = ""
    removal: str = ""

    @property
    def flaws(self) -> list[str]:
        """What is wrong, each with the name of the check that found it."""
        return _flaws(self.looks)

    def require_whole(self, manifest: Manifest) -> None:
        """Raise BackupDamagedError unless all came back as it was."""
        if damage := _flaws(look for look in self.looks if look.is_damage):
            raise BackupDamagedError(
                f"The backup {manifest.id} did not come back whole.",
                why=summarised(damage),
                fix=ANOTHER,
            )

    def require_sound(self, manifest: Manifest) -> None:
        """Raise RestoredUnsoundError unless nothing at all is wrong."""
        self.require_whole(manifest)
        if flaws := self.flaws:
            raise RestoredUnsoundError(
                f"The backup {manifest.id} came back as it was, with what was wrong"
                " then.",
                why=summarised(flaws),
                fix="mend it in the live database (check_integrity), then make a new"
                " backup",
            )


def prove_by_restoring(
    storage: BackupStorage, manifest: Manifest, engine: Engine, *, keep_as: str = ""
) -> Proof:
    """Restore a backup as if the live database were lost, and check what came back.

    With ``keep_as`` the restored database stays, under that name, whatever the checks
    say. Raises OperationBusyError while another trial runs on this database.
    """
    require_engine(manifest, engine)
    name = engine.scratch_name
    found: list[Contents] = []
    with (
        leased(engine, "drill", target=name),
        engine.drafted(
            dump_source(storage, manifest),
            name,
            like=manifest.contents,
            check=found.append,
        ) as draft,
    ):
        looks = tuple(_looks(engine, draft, manifest, found[0]))
        if keep_as:
            engine.name_draft(draft, keep_as)
    return Proof(looks, keep_as, engine.removal(keep_as) if keep_as else "")


def _looks(
    engine: Engine, draft: str, manifest: Manifest, found: Contents
) -> Iterator[Look]:
    yield _rows(manifest.contents, found)
    yield _numbers(manifest.contents, found)
    applied = {*found.migrations}
    unknown = unknown_of(applied)
    pending = [] if unknown else unapplied_of(applied)
    looked_at = f"{len(applied)} applied, {len(pending)} run after the restore"
    yield Look("migrations", looked_at, tuple(f"unknown: {each}" for each in unknown))
    if pending:
        with step("migrate"), beside(engine, SCRATCH_ALIAS, draft) as alias:
            run_django_migrate(alias)
    with step("checks"):
        yield from engine.look_over(draft)
    with step(BOOKS):
        yield _books(engine, draft, unknown)


def _rows(expected: Contents, found: Contents) -> Look:
    rows, tables = sum(found.tables.values()), len(found.tables)
    differences = tuple(expected.differences(found))
    looked_at = f"{rows:,} rows in {tables} tables"
    return Look("rows", looked_at, differences, is_damage=True)


def _numbers(expected: Contents, found: Contents) -> Look:
    """Compare sequences; one may have moved on while the dump was made, never back."""
    flaws = tuple(
        f"{name} stands at {found.sequences.get(name)}, not {value}"
        for name, value in expected.sequences.items()
        if value is not None and (found.sequences.get(name) or 0) < value
    )
    looked_at = f"{len(expected.sequences)} sequences"
    return Look("sequences as they were", looked_at, flaws, is_damage=True)


def _books(engine: Engine, draft: str, unknown: list[str]) -> Look:
    """Prove every app's books in the restored database, as check_integrity does."""
    if unknown:
        flaws = ("not looked at: this release does not know its tables",)
        return Look(BOOKS, "no rule", flaws)
    rules = list(all_invariants())
    with standing_in(engine, draft):
        broken = tuple(flaw for rule in rules if (flaw := _broken(rule)))
    return Look(BOOKS, f"{len(rules)} rules", broken)


def _broken(rule: Invariant) -> str:
    try:
        # One for each rule: a query that fails ends the whole transaction.
        with one_moment():
            found = iter(rule.find())
            first = next(found, None)
            others = sum(1 for _ in found)
    except DatabaseError as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"{rule.name} cannot be proven ({line})"
    if first is None:
        return ""
    return f"{rule.name}: {first}{f' and {others} more' if others else ''}"


def _flaws(looks: Iterator[Look] | tuple[Look, ...]) -> list[str]:
    return [f"{look.name}: {flaw}" for look in looks for flaw in look.flaws]
