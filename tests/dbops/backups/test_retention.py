from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbops.backups.catalogue import (
    COMPLETE,
    DAMAGED,
    INCOMPLETE,
    CatalogueEntry,
    Verdict,
)
from dbops.backups.holds import Hold
from dbops.backups.retention import Policy, plan_retention
from dbops.backups.slots import Counts
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


def test_the_newest_good_one_of_a_slot_fills_it() -> None:
    """MOMENT is Monday, 23 November 2026, two o'clock: a week has just begun."""
    ages = (0, 22, 22.5, 23, 24, 52, 53, 54)
    entries = [make_entry(age) for age in ages]
    counts = Counts(monthly=2)
    assert shorts(entries, floor=1, keep=DAY, counts=counts) == [
        *("newest", "no", "monthly", *("no",) * 5),
    ]
    policy = replace(POLICY, floor=1, keep=DAY, counts=counts)
    plan = plan_retention(entries, policy, MOMENT)
    assert plan[2].why == "newest good of 2026-10"
    counts = Counts(daily=2, weekly=3, yearly=1)
    assert shorts(entries[1:], floor=1, keep=DAY, counts=counts) == [
        *("newest", "daily", "no", "no", "weekly", "no", "no"),
    ]


def test_time_without_backups_uses_up_no_count() -> None:
    entries = [make_entry(age) for age in (0, 1, 200, 300, 301, 400)]
    found = shorts(entries, floor=1, keep=DAY, counts=Counts(daily=4))
    assert found == ["newest", "daily", "daily", "daily", "no", "no"]


def test_what_is_not_good_fills_no_slot() -> None:
    entries = [
        make_entry(40, state=DAMAGED),
        replace(make_entry(40.1), state=INCOMPLETE, manifest=None),
        make_entry(40.2, verdict=Verdict("hash", False, MOMENT, ""), state=DAMAGED),  # noqa: FBT003 -- is_good
        make_entry(40.3),
        make_entry(40.4),
    ]
    found = shorts([make_entry(1), *entries], floor=1, counts=Counts(daily=2))
    assert found == ["newest", "no", "no", "no", "daily", "no"]


def test_one_of_doubtful_origin_pushes_out_no_trusted_one() -> None:
    """Whoever can write there and has no key could have all good ones deleted."""
    forged = [make_entry(age, doubt="it is not signed") for age in (31, 31.1, 31.2)]
    ours = [make_entry(age) for age in (31.3, 32, 33, 34)]
    assert shorts(forged + ours, counts=Counts(daily=2)) == [
        *("newest", "no", "no", "one of 3", "one of 3", "one of 3", "no"),
    ]
    assert shorts(forged, floor=2, counts=Counts(daily=2)) == [
        *("newest", "one of 2", "no"),
    ]
    # Nor by days of their own, on which there is none of ours.
    entries = [*forged, *(make_entry(age) for age in (40, 41, 42, 43))]
    found = shorts(entries, floor=1, counts=Counts(daily=4))
    assert found[3:] == ["one of 1", "daily", "daily", "daily"]


def test_as_many_of_the_last_as_are_asked_for_stay() -> None:
    entries = [make_entry(age) for age in range(40, 50)]
    assert shorts(entries, counts=Counts(last=5)) == [
        *("newest", *("one of 5",) * 4, *("no",) * 5),
    ]
    assert shorts(entries, counts=Counts(last=2))[2:4] == ["one of 3", "no"]


def test_each_group_has_slots_of_its_own() -> None:
    entries = [
        make_entry(age + later, kind=kind)
        for age in (40, 41, 42, 43)
        for later, kind in ((0, "dump"), (0.01, "safety"))
    ]
    found = shorts(entries, floor=1, counts=Counts(daily=3))
    assert found == [*("newest",) * 2, *("daily",) * 4, *("no",) * 2]


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


@pytest.mark.parametrize("rule", ["last", "daily", "weekly", "monthly", "yearly"])
def test_a_negative_count_is_refused_with_its_variable(rule: str) -> None:
    policy = replace(POLICY, counts=Counts(**{rule: -1}))
    with pytest.raises(PruningRefusedError) as caught:
        plan_retention([make_entry(0)], policy, MOMENT)
    assert caught.value.fix == f"set APP__BACKUP_KEEP_{rule.upper()} to 0 or more"


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


SEEN = st.builds(
    make_entry,
    st.integers(0, 9600).map(lambda hours: hours / 24),
    kind=st.sampled_from(["dump", "dump", "full", "safety", "pre-migrate"]),
    alias=st.sampled_from(["default", "default", "default_eu"]),
    doubt=st.sampled_from(["", "", "it is not signed"]),
    state=st.sampled_from([COMPLETE, COMPLETE, DAMAGED]),
    verdict=st.sampled_from(
        [None, *(Verdict(level, True, MOMENT, "") for level in ("decode", "restore"))]  # noqa: FBT003 -- is_good
    ),
)
LEFT = st.integers(1, 9600).map(
    lambda hours: replace(make_entry(hours / 24), state=INCOMPLETE, manifest=None)
)
BACKUPS = st.lists(st.one_of(SEEN, SEEN, LEFT), unique_by=lambda entry: entry.id)
NUMBERS = [st.integers(0, 4)] * 5
POLICIES = st.builds(
    lambda days, floor, counts: replace(
        POLICY, keep=days * DAY, floor=floor, counts=Counts(*counts)
    ),
    st.integers(1, 60),
    st.integers(1, 4),
    st.tuples(*NUMBERS),
)


def kept(entries: list[CatalogueEntry], policy: Policy) -> set[str]:
    plan = plan_retention(entries, policy, MOMENT)
    return {each.entry.id for each in plan if each.is_kept}


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(entries=BACKUPS, policy=POLICIES, more=st.tuples(*NUMBERS, st.integers(0, 40)))
def test_what_must_hold_for_every_set_of_backups_and_policy(
    entries: list[CatalogueEntry], policy: Policy, more: tuple[int, ...]
) -> None:
    plan = plan_retention(entries, policy, MOMENT)
    assert all(each.why and each.short for each in plan)
    stay = kept(entries, policy)
    left = [entry for entry in entries if entry.id in stay]
    assert kept(left, policy) == stay, "a second run deletes nothing"
    counts = [getattr(policy.counts, rule) for rule in RULES]
    looser = replace(
        policy,
        keep=policy.keep + more[5] * DAY,
        counts=Counts(*map(sum, zip(counts, more[:5], strict=True))),
    )
    assert stay <= kept(entries, looser), "a looser policy deletes no more"
    assert floor_of(entries, policy.floor) <= stay


RULES = ("last", "daily", "weekly", "monthly", "yearly")


def floor_of(entries: list[CatalogueEntry], floor: int) -> set[str]:
    """Return what must never go, by the words of the ADR: of each group apart."""
    found = set()
    for kinds in (("dump", "full"), ("safety",), ("pre-migrate",)):
        good = [
            entry
            for entry in sorted(entries, key=lambda each: each.id, reverse=True)
            if entry.state == COMPLETE
            and entry.manifest is not None
            and entry.manifest.kind in kinds
            and entry.manifest.alias == "default"
        ]
        trusted = [entry for entry in good if not entry.manifest.doubt]  # type: ignore[union-attr]
        verified = [entry for entry in trusted if entry.verdict]
        drilled = [each for each in verified if each.verdict.level == "restore"]  # type: ignore[union-attr]
        needed = [*trusted[:floor], *good[:1], *verified[:1], *drilled[:1]]
        found |= {entry.id for entry in needed}
        if len(good) <= floor:
            found |= {entry.id for entry in good}
    return found


YEAR = Counts(daily=40, weekly=10, monthly=12, yearly=2)


def made_in_a_year() -> list[CatalogueEntry]:
    """Return what was made every four hours, the full one on Sundays, oldest first.

    For forty days there was none, for twelve all were damaged.
    """
    entries = []
    for age in range(367 * 24, -1, -4):
        begun = MOMENT - timedelta(hours=age)
        if not "2026-03-10" <= f"{begun:%Y-%m-%d}" < "2026-04-19":
            is_bad = "2026-07-25" <= f"{begun:%Y-%m-%d}" < "2026-08-06"
            is_full = begun.weekday() == 6 and begun.hour == 2
            entries.append(
                make_entry(
                    age / 24,
                    kind="full" if is_full else "dump",
                    state=DAMAGED if is_bad else COMPLETE,
                )
            )
    return entries


def test_a_year_of_backups_pruned_each_night() -> None:
    policy = replace(POLICY, keep=10 * DAY, counts=YEAR)
    every = made_in_a_year()
    made = list(every)
    there: list[CatalogueEntry] = []
    most = 0
    for night in range(366, -1, -1):
        now = MOMENT - night * DAY + timedelta(hours=3)
        while made and made[0].id <= f"stateset_{now:%Y%m%d_%H%M%S}":
            there.insert(0, made.pop(0))
        plan = plan_retention(there, policy, now)
        there = [each.entry for each in plan if each.is_kept]
        most = max(most, len(there))
    assert made == []
    assert most < 200
    last_plan = plan_retention(there, policy, now)
    found: dict[str, list[str]] = {}
    for each in last_plan:
        found.setdefault(each.short, []).append(each.entry.id[9:20])
    assert found["monthly"] == [
        *("20261031_22", "20260930_22", "20260831_22", "20260724_22", "20260630_22"),
        *("20260531_22", "20260430_22", "20260309_22", "20260228_22", "20260131_22"),
    ]
    assert found["yearly"] == ["20251231_22"]
    assert found["daily"][-1] == "20261015_22"
    assert found["weekly"][-1] == "20260927_22"
    assert len(found["young"]) + len(found["daily"]) + len(found["weekly"]) < 130
    at_once = plan_retention(every, policy, now)
    assert {entry.id for entry in there} == {
        each.entry.id for each in at_once if each.is_kept
    }, "as if it were pruned once, at the end"
