"""Seal new rows; seal anew what a purge or an erasure leaves, or what one accepts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Max

from stateset.lib.errors import StatesetError
from stateset.lib.invariants import Violation
from stateset.lib.journal import Entry, business_transaction, record
from stateset.lib.retention import Rows
from stateset.system.models import Seal
from stateset.system.sealing.chain import is_genuine, sign
from stateset.system.sealing.keys import known_keys
from stateset.system.sealing.rows import (
    columns_of,
    digest_of,
    ranges,
    sealed_models,
)
from stateset.system.sealing.verify import broken_ranges, verify_seals
from stateset.system.sealing.waiting import settled_id

MOST_ROWS = 2000
"""Under one seal: a purge reads as many to seal a range anew."""

MOST_TOLD = 20
WAIT_SECONDS = 10.0


class SealBrokenError(StatesetError):
    """Rows or seals are not what they were when they were sealed."""


class NothingToAcceptError(StatesetError):
    """Every row is as it was sealed."""


@dataclass(frozen=True)
class Sealed:
    """How much was sealed, and the tables that an open transaction put off."""

    rows: int
    put_off: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The line a log keeps."""
        done = f"{self.rows:,} row{'s' * (self.rows != 1)} sealed"
        if not self.put_off:
            return done
        tables = ", ".join(self.put_off)
        return f"{done}; {tables} put off: a transaction is open that wrote there"


def seal_log(
    *, wait_seconds: float = WAIT_SECONDS, using: str = DEFAULT_DB_ALIAS
) -> Sealed:
    """Seal the rows of every append-only table that are under no seal yet.

    Each seal is a transaction of its own. Raises SealBrokenError where the last
    seal is not ours: nothing may vouch for what somebody else wrote.
    """
    rows, put_off = 0, []
    for model in sealed_models():
        until = settled_id(model, using=using, wait_seconds=wait_seconds)
        if until is None:
            put_off.append(model._meta.db_table)
            continue
        while seal := _seal_next(model, until, using):
            rows += seal.row_count
    return Sealed(rows, tuple(put_off))


def seal_without(rows: Rows) -> None:
    """Seal anew the ranges that ``rows`` are about to leave, in the same transaction.

    Raises SealBrokenError where a range is not as it was sealed: evidence is not
    purged.
    """
    model, using = rows.model, rows.db
    keys = sorted(rows.order_by().values_list("pk", flat=True))
    last = _lock_chain(using)
    if keys:
        _require_genuine(last, "No rows were deleted.")
    for seal in _sound_ranges(model, keys, using, done="deleted"):
        last = _seal_again(model, seal, last, using, reason="purged", without=set(keys))


@contextmanager
def sealed_anew(
    keys: Mapping[type[models.Model], Collection[int]],
    *,
    reason: str,
    using: str,
    leaves_broken: bool = False,
) -> Iterator[None]:
    """Seal anew, when the block ends, the ranges in which it changes the rows ``keys``.

    In the caller's transaction. Nothing of ours may vouch for a range that is not as
    it was sealed, or follow a seal whose key is unknown: that raises SealBrokenError
    before the block, unless it ``leaves_broken`` what is, for the proof to name.
    """
    last = _lock_chain(using)
    ranges_of: dict[type[models.Model], list[Seal]] = {}
    if not leaves_broken:
        _require_genuine(last, "No rows were changed.")
    if _is_ours(last):
        ranges_of = {
            model: _sound_ranges(
                model,
                sorted(of_model),
                using,
                done="changed",
                passes_over=leaves_broken,
            )
            for model, of_model in keys.items()
        }
    yield
    last = _last_seal(using)
    for model, seals in ranges_of.items():
        for seal in seals:
            last = _seal_again(model, seal, last, using, reason=reason)


def _sound_ranges(
    model: type[models.Model],
    keys: Sequence[int],
    using: str,
    *,
    done: str,
    passes_over: bool = False,
) -> list[Seal]:
    """Return the seals of the ranges with ``keys``, each as it was sealed."""
    found = []
    for seal in list(_touched(model, keys, using)) if keys else ():
        if digest_of(model, seal, using=using).agrees_with(seal):
            found.append(seal)
        elif not passes_over:
            raise SealBrokenError(
                f"No rows of {seal} were {done}.",
                why=f"they are not the rows of seal {seal.pk}",
                fix="find out who changed them, then accept the range on the page of"
                " its seal",
            )
    return found


def accept_seals(*, reason: str, using: str = DEFAULT_DB_ALIAS) -> list[Violation]:
    """Seal what differs as it is now, and return what that was.

    For who knows what happened: an erasure by hand, a key that is lost. The old
    seals stay to be read, and the audit log has an entry. Raises
    NothingToAcceptError.
    """
    with business_transaction(reason=reason, using=using):
        last = _lock_chain(using)
        accepted = list(verify_seals(using=using))
        if not accepted or last is None:
            raise NothingToAcceptError(
                "Nothing was accepted.",
                why="every row is as it was sealed",
                fix="leave the seals as they are",
            )
        for model in sealed_models():
            for seal, _count in list(broken_ranges(model, using=using)):
                last = _seal_again(model, seal, last, using, reason=reason)
        _seal_range(Seal, 1, last.pk, last, using, reason=reason)
        told = {each.subject: each.found for each in accepted[:MOST_TOLD]}
        record(Entry("seals.accept", "audit_seals", str(last.pk), details=told))
    return accepted


def _lock_chain(using: str) -> Seal | None:
    """Let nobody else seal until the transaction ends; return the last seal."""
    # The first one is always there, so it is what all wait for.
    seals = Seal.objects.using(using).order_by("pk")
    seals.select_for_update(no_key=True).first()
    return _last_seal(using)


def _last_seal(using: str) -> Seal | None:
    return Seal.objects.using(using).order_by("-pk").first()


def _seal_next(model: type[models.Model], until: int, using: str) -> Seal | None:
    """Seal the next rows of a table up to ``until``; None where there are none."""
    with business_transaction(reason="sealed", using=using):
        last = _lock_chain(using)
        _require_genuine(last, "New rows were not sealed.")
        seals = Seal.objects.using(using).filter(table_name=model._meta.db_table)
        first = (seals.aggregate(at=Max("last_id"))["at"] or 0) + 1
        rows = model._base_manager.using(using).filter(pk__gte=first, pk__lte=until)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_ROWS])
        if not keys:
            return None
        # Ids without a row were rolled back: no row may appear there any more.
        end = keys[-1] if len(keys) == MOST_ROWS else until
        return _seal_range(model, first, end, last, using)


def _is_ours(last: Seal | None) -> bool:
    return last is None or is_genuine(last, known_keys())


def _require_genuine(last: Seal | None, what: str) -> None:
    if last is None or _is_ours(last):
        return
    raise SealBrokenError(
        what,
        why=f"seal {last.pk} of {last} is not made with a key of ours (it names"
        f" {last.key_name})",
        fix="put the old key into APP__SECRET_KEY_FALLBACKS; if it is lost, accept the"
        " seals as they are on the page of one",
    )


def _touched(
    model: type[models.Model], keys: Sequence[int], using: str
) -> Iterator[Seal]:
    """Yield the seals of the ranges in which any of ``keys`` lies."""
    seals = Seal.objects.using(using).filter(
        table_name=model._meta.db_table, last_id__gte=keys[0], first_id__lte=keys[-1]
    )
    for seal in ranges(seals.order_by("last_id", "pk")):
        at = bisect_left(keys, seal.first_id)
        if at < len(keys) and keys[at] <= seal.last_id:
            yield seal


def _seal_again(
    model: type[models.Model],
    seal: Seal,
    last: Seal | None,
    using: str,
    *,
    reason: str,
    without: Collection[int] = (),
) -> Seal:
    return _seal_range(
        model,
        seal.first_id,
        seal.last_id,
        last,
        using,
        reason=reason,
        without=without,
        columns=seal.columns,
    )


def _seal_range(
    model: type[models.Model],
    first_id: int,
    last_id: int,
    last: Seal | None,
    using: str,
    *,
    reason: str = "",
    without: Collection[int] = (),
    columns: str = "",
) -> Seal:
    """Write the seal of a range as it is now, bound to the ``last`` one."""
    seal = Seal(
        table_name=model._meta.db_table,
        first_id=first_id,
        last_id=last_id,
        columns=columns or columns_of(model),
        reason=reason[:255],
    )
    made = digest_of(model, seal, using=using, without=without)
    seal.row_count, seal.rows_hash = made.count, made.value()
    sign(seal, after=last).save(using=using, force_insert=True)
    return seal
