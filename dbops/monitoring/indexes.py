"""What is wrong with the indexes: missing, unused, duplicate, invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dbops.engines.registry import get_engine
from dbops.engines.verbs.space.indexes import ForeignKey, Index, IndexFacts
from dbops.engines.verbs.space.names import TableName
from dbops.monitoring.index_sources import (
    is_ours,
    remedy_for_index,
    remedy_for_reference,
)
from dbops.values import Span

MISSING, UNUSED, DUPLICATE, INVALID = "missing", "unused", "duplicate", "invalid"
ENOUGH_SECONDS = 7 * 86400
# Others cannot look a value up by their first columns.
LOOKED_UP = {"btree", "hash", "rowid"}
TWIN_SUFFIX = "_like"
"""How Django ends the name of the second index of a text column, for LIKE."""


@dataclass(frozen=True)
class Finding:
    """One thing to mend: which index or reference, why, and how."""

    kind: str
    table: TableName
    name: str
    size: int | None
    why: str
    fix: str


@dataclass(frozen=True)
class IndexPicture:
    """What was found among ``indexes`` indexes; ``notes`` say what is unknown."""

    indexes: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def find_problems(*, alias: str, kinds: Sequence[str] = ()) -> IndexPicture:
    """Look for all kinds of trouble or for some; changes nothing."""
    return judge(get_engine(alias).index_facts(), kinds=kinds)


def judge(facts: IndexFacts, *, kinds: Sequence[str] = ()) -> IndexPicture:
    """Return what is wrong with these indexes."""
    asked = kinds or tuple(JUDGES)
    found = [finding for kind in asked for finding in JUDGES[kind](facts)]
    ours = tuple(each for each in found if each.kind == INVALID or is_ours(each.table))
    notes = list(_notes(facts)) if UNUSED in asked else []
    if len(ours) < len(found):
        notes.append(
            f"{len(found) - len(ours)} more in tables of other packages or made by"
            " Django itself: there is nothing to be done about them here."
        )
    return IndexPicture(len(facts.indexes), ours, tuple(notes))


def supports(index: Index, reference: ForeignKey) -> bool:
    """Say whether an index finds the rows of a reference, all of them."""
    first = index.columns[: len(reference.columns)]
    return (
        index.table == reference.table
        and index.is_valid
        and not index.predicate
        and index.method in LOOKED_UP
        and set(first) == set(reference.columns)
    )


def makes_needless(other: Index, one: Index) -> bool:
    """Say whether ``other`` does all that ``one`` does.

    Only one of two that are equal is needless: the one that less depends on.
    """
    if not _covers(other, one):
        return False
    return not _covers(one, other) or _rank(other) < _rank(one)


def _missing(facts: IndexFacts) -> Iterator[Finding]:
    for reference in facts.foreign_keys:
        if any(supports(index, reference) for index in facts.indexes):
            continue
        columns = ", ".join(reference.columns)
        yield Finding(
            MISSING,
            reference.table,
            reference.name,
            None,
            f"nothing finds the rows by {columns}, so each delete in"
            f" {reference.parent} reads the whole table",
            remedy_for_reference(reference, facts.remedies),
        )


def _unused(facts: IndexFacts) -> Iterator[Finding]:
    if facts.counted_seconds is None or facts.counted_seconds < ENOUGH_SECONDS:
        return
    for index in facts.indexes:
        if index.scans == 0 and _may_go(index, facts):
            yield Finding(
                UNUSED,
                index.table,
                index.shown,
                index.size,
                f"no scan in {Span(facts.counted_seconds)}, if it is as old as that",
                remedy_for_index(index, facts.remedies),
            )


def _duplicate(facts: IndexFacts) -> Iterator[Finding]:
    for one in facts.indexes:
        others = [each for each in facts.indexes if makes_needless(each, one)]
        if others:
            other = min(others, key=_rank)
            how = "is the same" if one.keys == other.keys else "begins with the same"
            yield Finding(
                DUPLICATE,
                one.table,
                one.shown,
                one.size,
                f"{other.shown} {how} and does all that it does",
                remedy_for_index(one, facts.remedies),
            )


def _invalid(facts: IndexFacts) -> Iterator[Finding]:
    for index in facts.indexes:
        if not index.is_valid:
            yield Finding(
                INVALID,
                index.table,
                index.shown,
                index.size,
                "it costs writes and serves no query: building it concurrently broke"
                " off, or goes on still",
                facts.remedies.rebuild.format(index=index.shown),
            )


def _notes(facts: IndexFacts) -> Iterator[str]:
    if facts.counted_seconds is None:
        yield "unused: unknown, this engine does not count how often an index is used."
        return
    if facts.counted_seconds < ENOUGH_SECONDS:
        yield (
            "unused: not enough data, scans are counted for"
            f" {Span(facts.counted_seconds)} and it takes {Span(ENOUGH_SECONDS)}."
        )
    if facts.replicas:
        yield (
            f"{facts.replicas} replica{'s' * (facts.replicas > 1)}: each counts its own"
            " scans, so look there too before an unused index goes."
        )


def _may_go(index: Index, facts: IndexFacts) -> bool:
    """Say whether nothing but queries needs an index."""
    return not (
        index.is_unique
        or index.constraint
        or index.is_replica_identity
        or index.is_of_partition
        or not index.is_valid
        or index.name.endswith(TWIN_SUFFIX)
        or any(supports(index, reference) for reference in facts.foreign_keys)
    )


def _covers(other: Index, one: Index) -> bool:
    return (
        other is not one
        and _are_comparable(other, one)
        and _is_allowed_to_go(one)
        and set(one.included) <= {*other.columns, *other.included}
        and (_forbids_the_same(other, one) if one.is_unique else _begins(other, one))
    )


def _are_comparable(other: Index, one: Index) -> bool:
    return (
        (other.table, other.method, other.predicate)
        == (one.table, one.method, one.predicate)
        and other.is_valid
        and one.is_valid
    )


def _is_allowed_to_go(one: Index) -> bool:
    return (
        one.constraint in {"", "unique"}
        and not one.is_replica_identity
        and not one.is_of_partition
    )


def _begins(other: Index, one: Index) -> bool:
    if one.method != "btree":
        return other.keys == one.keys
    return other.keys[: len(one.keys)] == one.keys


def _forbids_the_same(other: Index, one: Index) -> bool:
    # A longer unique index forbids less.
    return (
        other.is_unique
        and other.keys == one.keys
        and other.nulls_differ == one.nulls_differ
    )


def _rank(index: Index) -> tuple[bool, bool, bool, int, str]:
    return (
        index.constraint != "primary key",
        not index.constraint,
        not index.is_unique,
        -len(index.keys),
        index.name,
    )


JUDGES: dict[str, Callable[[IndexFacts], Iterator[Finding]]] = {
    MISSING: _missing,
    UNUSED: _unused,
    DUPLICATE: _duplicate,
    INVALID: _invalid,
}
