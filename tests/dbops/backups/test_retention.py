from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dbops.backups.catalogue import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    CatalogueEntry,
    Verdict,
)
from dbops.backups.holds import Hold
from dbops.backups.retention import Kept, Policy, plan_retention
from dbops.errors import PruningRefusedError
from tests.dbops.builders import MOMENT, make_manifest

POLICY = Policy("stateset", "test", "default", timedelta(days=30))
DAY = timedelta(days=1)


def make_entry(age_days: float, **overrides: Any) -> CatalogueEntry:
    """Return a backup of so many days ago.

    What a catalogue entry has no place for goes into its manifest.
    """
    begun = MOMENT - timedelta(days=age_days)
    own = {
        name: overrides.pop(name)
        for name in ("state", "verdict", "modified_at", "why")
        if name in overrides
    }
    stem = f"stateset_{begun:%Y%m%d_%H%M%S}"
    manifest = make_manifest(id=stem, started_at=begun, **overrides)
    entry = CatalogueEntry(stem, COMPLETE, "", 10, manifest, None, begun)
    return replace(entry, **own)


def verified(age_days: float, level: str = "decode") -> CatalogueEntry:
    return make_entry(age_days, verdict=Verdict(level, True, MOMENT, ""))  # noqa: FBT003 -- is_good, beside its level


def shorts(entries: list[CatalogueEntry], **changes: Any) -> list[str]:
    """Return the verdicts while backups go on: a fresh one is of another group."""
    listed = [*entries, make_entry(0.01, kind="other")]
    plan = plan_retention(listed, replace(POLICY, **changes), MOMENT)
    assert [each.entry for each in plan] == listed
    return [each.short for each in plan[:-1]]


def test_all_of_the_last_days_are_kept() -> None:
    entries = [make_entry(age) for age in (0, 1, 2, 3, 30, 31)]
    assert shorts(entries) == [
        *("newest", "one of 3", "one of 3", "young", "young", "no")
    ]


def test_the_three_newest_good_ones_stay_whatever_their_age() -> None:
    entries = [make_entry(age) for age in (100, 200, 300, 400)]
    assert shorts(entries) == ["newest", "one of 3", "one of 3", "no"]


def test_after_forty_days_of_failing_the_last_good_ones_are_there() -> None:
    bad = [make_entry(age, state=DAMAGED) for age in range(40)]
    good = [make_entry(age) for age in (41, 42, 43, 44)]
    assert shorts(bad + good)[40:] == ["newest", "one of 3", "one of 3", "no"]
    assert shorts(bad + good)[31:40] == ["no"] * 9


def test_the_newest_verified_one_stays_beyond_the_floor() -> None:
    entries = [make_entry(age) for age in (40, 41, 42)] + [verified(50), verified(60)]
    assert shorts(entries)[3:] == ["verified", "no"]


def test_the_newest_that_a_drill_restored_stays_beyond_the_floor() -> None:
    drilled = [verified(age, "restore") for age in (60, 70)]
    entries = [make_entry(age) for age in (40, 41, 42)] + [verified(50), *drilled]
    assert shorts(entries)[3:] == ["verified", "drilled", "no"]
    failed = [replace(each, state=DAMAGED) for each in drilled]
    assert shorts(entries[:4] + failed)[3:] == ["verified", "no", "no"]


def test_what_is_held_stays_whatever_it_is() -> None:
    old = [make_entry(age) for age in (40, 41, 42, 43, 44)]
    damaged = make_entry(50, state=DAMAGED)
    held = {
        old[0].id: Hold("pinned", "pinned by ada: the audit"),
        old[4].id: Hold("in use", "being read: restore 7@host"),
        damaged.id: Hold("pinned", "pinned by ada: to be looked into"),
    }
    fresh = make_entry(0.01, kind="other")
    plan = plan_retention([*old, damaged, fresh], POLICY, MOMENT, held)
    assert [each.short for each in plan] == [
        *("pinned", "one of 3", "one of 3", "no", "in use", "pinned", "newest"),
    ]
    assert plan[0].why == "pinned by ada: the audit"


def test_a_look_at_the_manifest_verifies_nothing() -> None:
    entries = [make_entry(age) for age in (40, 41, 42)] + [verified(50, "manifest")]
    assert shorts(entries)[3:] == ["no"]


def test_names_that_begin_alike_are_different_databases() -> None:
    theirs = [make_entry(age, alias="default_eu") for age in (1, 2, 3)]
    ours = [make_entry(age) for age in (40, 41, 42, 43)]
    assert shorts(theirs + ours) == [
        *("not ours",) * 3,
        *("newest", "one of 3", "one of 3", "no"),
    ]


@pytest.mark.parametrize("other", [{"environment": "production"}, {"project": "x"}])
def test_what_another_installation_stored_here_is_not_ours(other: Any) -> None:
    assert shorts([make_entry(400, **other)]) == ["not ours"]


def test_backups_before_a_restore_or_a_migration_push_out_no_others() -> None:
    safety = [make_entry(age, kind="safety") for age in (31, 32, 33, 34)]
    before = [make_entry(age, kind="pre-migrate") for age in (35, 36)]
    dumps = [make_entry(40), make_entry(41, kind="full"), make_entry(42)]
    assert shorts(safety + before + dumps + [make_entry(43)]) == [
        *("newest", "one of 3", "one of 3", "no"),
        *("newest", "one of 3"),
        *("newest", "one of 3", "one of 3", "no"),
    ]


def test_an_unreadable_manifest_is_left_to_people() -> None:
    entry = replace(make_entry(400), state=DAMAGED, manifest=None)
    assert shorts([entry]) == ["unknown"]


def test_a_file_without_manifest_goes_when_nobody_writes_it_any_more() -> None:
    def incomplete(written_at: datetime | None) -> CatalogueEntry:
        entry = replace(make_entry(400), state=INCOMPLETE, manifest=None)
        return replace(entry, modified_at=written_at)

    written = [MOMENT - 2 * DAY, MOMENT - DAY, MOMENT + DAY, None]
    entries = [incomplete(moment) for moment in written]
    assert shorts(entries) == ["no", "new", "new", "new"]


def test_a_file_that_another_program_may_have_left_here_stays() -> None:
    entry = replace(make_entry(400), state=INCOMPLETE, manifest=None)
    assert shorts([replace(entry, may_be_foreign=True)]) == ["not ours"]


def refusal(entries: list[CatalogueEntry], **changes: Any) -> str:
    with pytest.raises(PruningRefusedError) as caught:
        plan_retention(entries, replace(POLICY, **changes), MOMENT)
    assert caught.value.what == "No backup was deleted."
    return caught.value.why


@pytest.mark.parametrize(
    "changes", [{"keep": timedelta()}, {"keep": -DAY}, {"floor": 0}, {"grace": -DAY}]
)
def test_a_policy_that_keeps_nothing_is_refused(changes: Any) -> None:
    assert refusal([make_entry(0)], **changes).startswith("the policy keeps ")


def test_a_clock_before_the_newest_backup_is_refused() -> None:
    assert shorts([make_entry(-1 / 25)]) == ["newest"]
    assert refusal([make_entry(-1 / 23), make_entry(50)]) == (
        "by this machine's clock it is 2026-11-23 02:00, but the newest backup is of"
        " 2026-11-23 03:02 UTC"
    )


def test_long_after_the_newest_backup_nothing_goes() -> None:
    """Either backups have stopped, or the clock has jumped: who knows how old it is."""
    abandoned = replace(make_entry(400), state=INCOMPLETE, manifest=None)

    def found(newest: float) -> list[str]:
        entries = [make_entry(age) for age in (newest, 40, 41, 42)] + [abandoned]
        plan = plan_retention(entries, POLICY, MOMENT)
        return [each.short for each in plan if each.short != "one of 3"]

    assert found(8) == ["newest", "no", "no"]
    assert found(8.1) == ["newest", "not now", "not now"]
    (kept,) = plan_retention([make_entry(39, alias="other")], POLICY, MOMENT)
    assert kept.short == "not ours"


def some_entries(seed: int) -> list[CatalogueEntry]:
    """Return backups of every sort, a different set for each seed."""
    dice = random.Random(seed)  # noqa: S311 -- a test wants the same numbers again
    entries = []
    for age in sorted(dice.sample(range(400), dice.randrange(30))):
        kind = dice.choice(["dump", "dump", "full", "safety", "pre-migrate"])
        alias = dice.choice(["default", "default", "other"])
        entry = verified(age) if dice.random() < 0.5 else make_entry(age)
        manifest = make_manifest(
            id=entry.id, started_at=MOMENT - age * DAY, kind=kind, alias=alias
        )
        state = dice.choice([COMPLETE, COMPLETE, DAMAGED, INCOMPLETE])
        known = None if state == INCOMPLETE else manifest
        entries.append(replace(entry, state=state, manifest=known))
    return entries


def plan(entries: list[CatalogueEntry], days: int = 30, floor: int = 3) -> list[Kept]:
    policy = replace(POLICY, keep=days * DAY, floor=floor)
    return plan_retention(entries, policy, MOMENT)


def kept(entries: list[CatalogueEntry], days: int = 30, floor: int = 3) -> set[str]:
    return {each.entry.id for each in plan(entries, days, floor) if each.is_kept}


@pytest.mark.parametrize("seed", range(60))
def test_what_must_hold_for_every_set_of_backups(seed: int) -> None:
    entries = some_entries(seed)
    verdicts = plan(entries)
    assert all(each.why and each.short for each in verdicts)
    scheduled = [
        entry
        for entry in entries
        if entry.state == COMPLETE
        and entry.manifest is not None
        and entry.manifest.alias == "default"
        and entry.manifest.kind in ("dump", "full")
    ]
    assert {entry.id for entry in scheduled[:3]} <= kept(entries)
    left = [each.entry for each in verdicts if each.is_kept]
    assert kept(left) == {entry.id for entry in left}, "a second run deletes nothing"
    for days, floor in ((60, 3), (30, 5), (90, 9)):
        assert kept(entries) <= kept(entries, days, floor), "more is kept, not less"
