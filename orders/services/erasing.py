"""Erase what is personal of a customer (GDPR, article 17); the books stay."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.timezone import localtime
from uuid_utils.compat import uuid7

from orders.errors import ErasureRefusedError
from orders.models import Customer
from stateset.lib import erasures
from stateset.lib.erasing import INVOICES, Kept, end, why_nobody
from stateset.lib.erasing import unfinished as all_unfinished
from stateset.lib.journal import business_transaction, current_context
from stateset.system.erasing.flow import carry_out
from stateset.system.erasing.holding import hold_rows
from stateset.system.erasing.preview import Going, going_rows, kept_parts
from stateset.system.erasing.rows import find_rows
from stateset.system.erasing.traces import ERASED
from stateset.system.models import Erasure, ErasureReason
from stateset.system.services import record_event
from stateset.system.services.locks import lock_row

SUBJECT = Customer._meta.label_lower
MOST_NAMED = 5


@dataclass(frozen=True)
class ErasurePlan:
    """What erasing a customer would do, and what is in its way."""

    rows: list[Going]
    kept: list[Kept]
    in_the_way: list[str]
    erased_before: list[str]


def find_customer(name: str) -> Customer:
    """Return the customer of a number or a key, or raise ErasureRefusedError."""
    named = Customer.objects.filter(_named(name))
    if (customer := named.first()) is None:
        raise ErasureRefusedError(
            "Nobody was erased.",
            why=f"there is no customer {name}",
            fix="look the number up on the customer's page",
        )
    return customer


def plan_erasure(customer: Customer, *, scope: str = "") -> ErasurePlan:
    """Return how many rows of what are about a customer, and what would be kept."""
    found = find_rows(DEFAULT_DB_ALIAS, customer.pk)
    return ErasurePlan(
        rows=going_rows(found, scope=scope, using=DEFAULT_DB_ALIAS),
        kept=kept_parts(found, scope=scope, using=DEFAULT_DB_ALIAS),
        in_the_way=what_is_open(customer),
        erased_before=erased_before(customer),
    )


def erased_before(customer: Customer) -> list[str]:
    """Return when a customer was erased, by whom and how far, oldest first."""
    made = Erasure.objects.filter(subject=SUBJECT, subject_id=customer.pk)
    return [_told(each) for each in made.order_by("erased_at", "id")]


def what_is_open(customer: Customer) -> list[str]:
    """Return what has to be finished before, the first of it by name."""
    return _summarised(list(all_unfinished(DEFAULT_DB_ALIAS, customer.pk)))


def require_person(customer: Customer) -> None:
    """Raise ErasureRefusedError for a customer that stands for no person."""
    if why := why_nobody(customer):
        raise ErasureRefusedError(
            f"Customer {customer.customer_number} was not erased.",
            why=why,
            fix="leave it as it is; there is nothing to erase",
        )


def require_finished(customer: Customer) -> None:
    """Raise ErasureRefusedError while something is open for the customer."""
    if open_ones := what_is_open(customer):
        raise ErasureRefusedError(
            f"Customer {customer.customer_number} was not erased.",
            why="; ".join(open_ones),
            fix="finish or cancel that first",
        )


def erase_customer(
    *,
    customer: Customer,
    reason: str,
    scope: str = "",
    unfinished: bool = False,
) -> erasures.Erasure:
    """Put pseudonyms into all that is personal of a customer; nothing brings it back.

    ``reason`` is one of ErasureReason, ``scope`` "" or "invoices", which takes what tax
    law has issued invoices keep. Raises ErasureRefusedError while something is
    unfinished, unless it may be (``unfinished``), and SealBrokenError where the ledgers
    are not as they were sealed. Once more, it erases what was added since.
    """
    require_person(customer)
    with business_transaction(reason=f"erased: {ErasureReason(reason).label.lower()}"):
        if not unfinished:
            # Before anybody is kept waiting, and once more when nobody adds to it.
            require_finished(customer)
        hold_rows(DEFAULT_DB_ALIAS, customer)
        lock_row(customer, whole=True)
        if not unfinished:
            require_finished(customer)
        erasure = erasures.Erasure(
            id=uuid7(),
            subject=SUBJECT,
            subject_id=customer.pk,
            erased_at=timezone.now(),
            scope=scope,
            actor_label=current_context().actor_label,
            reason=reason,
        )
        carry_out(erasure, customer, using=DEFAULT_DB_ALIAS)
        told = end(DEFAULT_DB_ALIAS, customer.pk)
        customer.refresh_from_db()
        number = customer.customer_number
        record_event(customer, ERASED, {**told, "number": number, "scope": scope})
        transaction.on_commit(
            partial(erasures.erased.send, sender=None, erasure=erasure), robust=True
        )
    return erasure


def _told(erasure: Erasure) -> str:
    day = localtime(erasure.erased_at)
    by = f" by {erasure.actor_label}" if erasure.actor_label else ""
    too = ", issued invoices too" if erasure.scope == INVOICES else ""
    return f"{day.day} {day:%b %Y}{by}{too}"


def _named(name: str) -> Q:
    by_number = Q(customer_number=name)
    try:
        return by_number | Q(pk=UUID(name))
    except ValueError:
        return by_number


def _summarised(names: list[str]) -> list[str]:
    more = len(names) - MOST_NAMED
    return [*names[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
