"""Which backups stay, and why: a pure function over what the catalogue says.

Never on age alone. A backup that is good counts, a damaged or an incomplete one
never makes another one superfluous, and one of doubtful origin no trusted one. Backups
before a restore or a migration are groups of their own: they push out no scheduled one,
nor are they counted for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dbops.backups.catalogue import COMPLETE, DAMAGED, INCOMPLETE, CatalogueEntry
from dbops.backups.holds import Hold
from dbops.backups.manifest import Manifest
from dbops.backups.slots import Counts, fill_slots
from dbops.errors import PruningRefusedError

FLOOR = 3
GRACE = timedelta(days=1)
# Clocks of two machines are never quite the same.
CLOCK_TOLERANCE = timedelta(hours=1)
# Without a new backup for longer than this either backups have stopped or the clock has
# jumped; neither is a time to delete. A week, and a day for the weekly one to be late.
STALE_AFTER = timedelta(days=8)
# The kinds that are made on a schedule or by hand are one group.
SCHEDULED = ("dump", "full")
# What a verification of this level has looked at is the manifest only.
PROVES_NOTHING = "manifest"
BROUGHT_BACK = "restore"

NEWEST = "newest"
VERIFIED = "verified"
DRILLED = "drilled"
ONE_OF = "one of {}"
YOUNG = "young"
WRITING = "new"
FOREIGN = "not ours"
UNKNOWN = "unknown"
WAITING = "not now"
NOT_KEPT = "no"


@dataclass(frozen=True)
class Policy:
    """What is kept, and of which database: the alias, exactly, of one installation."""

    project: str
    environment: str
    alias: str
    keep: timedelta
    counts: Counts = field(default_factory=Counts)
    floor: int = FLOOR
    grace: timedelta = GRACE

    @property
    def newest(self) -> int:
        """How many of the newest good ones stay, whatever their age."""
        return max(self.floor, self.counts.last)


@dataclass(frozen=True)
class Kept:
    """The verdict on one backup; ``short`` is the reason in a word or two."""

    entry: CatalogueEntry
    is_kept: bool
    short: str
    why: str


def plan_retention(
    entries: Iterable[CatalogueEntry],
    policy: Policy,
    now: datetime,
    held: Mapping[str, Hold] | None = None,
) -> list[Kept]:
    """Return a verdict with a reason for each backup, in the order they came in.

    What is ``held`` stays, whatever it is. Raises PruningRefusedError for a policy that
    keeps nothing, and when the clock stands before the newest backup: then every age
    is wrong. When it stands long after it, nothing goes either.
    """
    listed = list(entries)
    ours = [entry for entry in listed if _is_ours(entry.manifest, policy)]
    _require_sense(policy, ours, now)
    needed = _needed(ours, policy)
    plan = [needed.get(entry.id) or _by_age(entry, policy, now) for entry in listed]
    holds = held or {}
    plan = [_held(each, holds.get(each.entry.id)) for each in plan]
    if ours and now - _newest(ours) > STALE_AFTER:
        days = (now - _newest(ours)).days
        plan = [_postponed(each, days) for each in plan]
    return plan


def _require_sense(
    policy: Policy, ours: Sequence[CatalogueEntry], now: datetime
) -> None:
    if policy.keep <= timedelta() or policy.floor < 1 or policy.grace < timedelta():
        raise PruningRefusedError(
            "No backup was deleted.",
            why=f"the policy keeps {policy.floor} backups and {policy.keep.days} days",
            fix="keep at least one backup, and set RETENTION_DAYS to 1 or more",
        )
    if rule := policy.counts.negative:
        raise PruningRefusedError(
            "No backup was deleted.",
            why=f"the policy keeps {getattr(policy.counts, rule)} {rule} backups",
            fix=f"set APP__BACKUP_KEEP_{rule.upper()} to 0 or more",
        )
    newest = _newest(ours) if ours else now
    if now < newest - CLOCK_TOLERANCE:
        raise PruningRefusedError(
            "No backup was deleted.",
            why=f"by this machine's clock it is {now:%Y-%m-%d %H:%M}, but the newest"
            f" backup is of {newest:%Y-%m-%d %H:%M} UTC",
            fix="set the clock (timedatectl set-ntp true), then try again",
        )


def _needed(ours: Sequence[CatalogueEntry], policy: Policy) -> dict[str, Kept]:
    """Return what is kept whatever its age: good ones of each group, by their id."""
    groups: dict[str, list[CatalogueEntry]] = {}
    for entry in ours:
        if entry.state == COMPLETE and entry.manifest is not None:
            groups.setdefault(_group(entry.manifest), []).append(entry)
    needed: dict[str, Kept] = {}
    for group in groups.values():
        needed |= _needed_of(sorted(group, key=_rank, reverse=True), policy)
    return needed


def _needed_of(good: Sequence[CatalogueEntry], policy: Policy) -> dict[str, Kept]:
    """Return what is kept of one group, the best one first; the last reason stays."""
    entries = {entry.id: entry for entry in good}
    trusted = [each for each in good if _is_trusted(each)] or good
    filled = fill_slots([(each.id, _begun(each)) for each in trusted], policy.counts)
    needed = {
        backup_id: _kept(entries[backup_id], slot.rule, f"newest good of {slot.slot}")
        for backup_id, slot in filled.items()
    }
    short = ONE_OF.format(policy.newest)
    why = f"among the {policy.newest} newest good"
    for entry in good[: policy.newest]:
        needed[entry.id] = _kept(entry, short, why)
    for entry in filter(is_proven, good):
        needed[entry.id] = _kept(entry, VERIFIED, "the newest verified one")
        break
    for entry in filter(is_drilled, good):
        needed[entry.id] = _kept(entry, DRILLED, "the newest that a drill restored")
        break
    newest = max(good, key=lambda entry: (_begun(entry), entry.id))
    needed[newest.id] = _kept(newest, NEWEST, "the newest good one")
    return needed


def _rank(entry: CatalogueEntry) -> tuple[bool, datetime, str]:
    """Order good ones: what may not be ours stands behind all that is."""
    return _is_trusted(entry), _begun(entry), entry.id


def _is_trusted(entry: CatalogueEntry) -> bool:
    return entry.manifest is not None and not entry.manifest.doubt


def _by_age(entry: CatalogueEntry, policy: Policy, now: datetime) -> Kept:
    if entry.state == INCOMPLETE:
        return _incomplete(entry, policy, now)
    if entry.manifest is None:
        why = "its manifest is unreadable"
        return _kept(entry, UNKNOWN, why)
    if not _is_ours(entry.manifest, policy):
        return _kept(entry, FOREIGN, "of another installation")
    age = now - entry.manifest.started_at
    days = policy.keep.days
    if age <= policy.keep:
        return _kept(entry, YOUNG, f"at most {days} days old")
    state = "damaged, " if entry.state == DAMAGED else ""
    return _not_kept(entry, f"{state}over {days} days old")


def _incomplete(entry: CatalogueEntry, policy: Policy, now: datetime) -> Kept:
    if entry.may_be_foreign:
        return _kept(entry, FOREIGN, "no manifest, perhaps another program's")
    written_at = entry.modified_at
    if written_at is None or now - written_at <= policy.grace:
        return _kept(entry, WRITING, "perhaps being written")
    return _not_kept(entry, "no manifest, abandoned")


def _held(verdict: Kept, hold: Hold | None) -> Kept:
    return _kept(verdict.entry, hold.short, hold.why) if hold else verdict


def _postponed(verdict: Kept, days: int) -> Kept:
    if verdict.is_kept:
        return verdict
    why = f"{verdict.why}, but there is none of the last {days} days"
    return _kept(verdict.entry, WAITING, why)


def _kept(entry: CatalogueEntry, short: str, why: str) -> Kept:
    return Kept(entry, is_kept=True, short=short, why=why)


def _not_kept(entry: CatalogueEntry, why: str) -> Kept:
    return Kept(entry, is_kept=False, short=NOT_KEPT, why=why)


def _group(manifest: Manifest) -> str:
    return SCHEDULED[0] if manifest.kind in SCHEDULED else manifest.kind


def _newest(ours: Sequence[CatalogueEntry]) -> datetime:
    return max(map(_begun, ours))


def _begun(entry: CatalogueEntry) -> datetime:
    if entry.manifest is None:
        raise ValueError(f"{entry.id} has no manifest")
    return entry.manifest.started_at


def is_proven(entry: CatalogueEntry) -> bool:
    """Tell whether a verification has read its bytes and found them good."""
    verdict = entry.verdict
    return verdict is not None and verdict.is_good and verdict.level != PROVES_NOTHING


def is_drilled(entry: CatalogueEntry) -> bool:
    """Tell whether a real restore has brought all of it back."""
    verdict = entry.verdict
    return verdict is not None and verdict.is_good and verdict.level == BROUGHT_BACK


def _is_ours(manifest: Manifest | None, policy: Policy) -> bool:
    return manifest is not None and (
        manifest.project,
        manifest.environment,
        manifest.alias,
    ) == (policy.project, policy.environment, policy.alias)
