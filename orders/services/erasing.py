"""Erase what is personal of a customer (GDPR, article 17); the books stay."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from orders.errors import ErasureRefusedError
from orders.models import Customer
from stateset.lib import erasures
from stateset.lib.erasing import INVOICES, end, unfinished
from stateset.lib.journal import business_transaction, current_context
from stateset.system.erasing.flow import carry_out
from stateset.system.erasing.rows import find_rows, kept_columns
from stateset.system.erasing.traces import ERASED
from stateset.system.models import Erasure
from stateset.system.services import record_event
from stateset.system.services.locks import lock_row

SUBJECT = Customer._meta.label_lower
MOST_NAMED = 5


class ErasureReason(models.TextChoices):
    """Why somebody is erased. Not in free words, which could name the person."""

    REQUEST = "request", "The customer asked for it"
    LAW = "law", "A law, a court or an authority demands it"
    OTHER = "other", "Another reason"


@dataclass(frozen=True)
class ErasurePlan:
    """What erasing a customer would do, and what is in its way."""

    rows: list[tuple[str, int]]
    kept: list[tuple[str, str]]
    in_the_way: list[str]


def find_customer(number: str) -> Customer:
    """Return the customer of a number, or raise ErasureRefusedError."""
    if (customer := Customer.objects.filter(customer_number=number).first()) is None:
        raise ErasureRefusedError(
            "Nobody was erased.",
            why=f"there is no customer {number}",
            fix="look the number up on the customer's page",
        )
    return customer


def plan_erasure(customer: Customer, *, scope: str = "") -> ErasurePlan:
    """Return how many rows of what are about a customer, and what would be kept."""
    found = find_rows(DEFAULT_DB_ALIAS, customer.pk)
    counts: dict[str, int] = {}
    for each in found:
        name = str(each.belonging.model._meta.verbose_name_plural)
        counts[name] = counts.get(name, 0) + len(each.keys)
    return ErasurePlan(
        rows=[(name, count) for name, count in counts.items() if count],
        kept=list(dict.fromkeys(kept_columns(found, scope))),
        in_the_way=_summarised(list(unfinished(DEFAULT_DB_ALIAS, customer.pk))),
    )


def why_not_erased(customer: Customer) -> str:
    """Return "it is erased" of one of whom nothing is left to erase, else nothing."""
    return "it is erased" if _done(customer) >= {INVOICES} else ""


def require_erasable(customer: Customer, *, scope: str = "") -> None:
    """Raise ErasureRefusedError where there is nothing to erase, or too early."""
    _require_something_left(customer, scope)
    _require_finished(customer)


def erase_customer(
    *, customer: Customer, reason: str, scope: str = ""
) -> erasures.Erasure:
    """Put pseudonyms into all that is personal of a customer; nothing brings it back.

    ``reason`` is one of ErasureReason, ``scope`` "" or "invoices", which takes what tax
    law has issued invoices keep. Raises ErasureRefusedError while something is
    unfinished, and SealBrokenError where the ledgers are not as they were sealed.
    """
    with business_transaction(reason=f"erased: {ErasureReason(reason).label.lower()}"):
        lock_row(customer, whole=True)
        require_erasable(customer, scope=scope)
        erasure = erasures.Erasure(
            id=uuid7(),
            subject=SUBJECT,
            subject_id=customer.pk,
            erased_at=timezone.now(),
            scope=scope,
            actor_label=current_context().actor_label,
        )
        carry_out(erasure, customer, using=DEFAULT_DB_ALIAS)
        told = end(DEFAULT_DB_ALIAS, customer.pk)
        customer.refresh_from_db()
        number = customer.customer_number
        record_event(customer, ERASED, {**told, "number": number, "scope": scope})
        transaction.on_commit(
            lambda: erasures.erased.send(sender=None, erasure=erasure), robust=True
        )
    return erasure


def _done(customer: Customer) -> set[str]:
    made = Erasure.objects.filter(subject=SUBJECT, subject_id=customer.pk)
    return set(made.values_list("scope", flat=True))


def _require_something_left(customer: Customer, scope: str) -> None:
    done = _done(customer)
    if not done or (scope == INVOICES and INVOICES not in done):
        return
    raise ErasureRefusedError(
        _not_erased(customer),
        why="this customer is erased already",
        fix="leave it as it is"
        if INVOICES in done
        else "leave it, or take the issued invoices too if no law has them kept",
    )


def _require_finished(customer: Customer) -> None:
    open_ones = list(unfinished(DEFAULT_DB_ALIAS, customer.pk))
    if open_ones:
        raise ErasureRefusedError(
            _not_erased(customer),
            why="; ".join(_summarised(open_ones)),
            fix="finish or cancel that first",
        )


def _summarised(names: list[str]) -> list[str]:
    more = len(names) - MOST_NAMED
    return [*names[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]


def _not_erased(customer: Customer) -> str:
    return f"Customer {customer.customer_number} was not erased."
