"""Customers and their addresses: kept unique, readable, one default each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from inventory.services.reasons import require_reason
from orders.errors import AddressRefusedError, CustomerRefusedError
from orders.models import Address, Customer
from stateset.lib.journal import business_transaction
from stateset.system.services import change_status, next_number, record_event
from stateset.system.services.locks import claim_row, lock_row
from stateset.system.services.transitions import save_columns

DEFAULT_FLAGS = ("is_default_shipping", "is_default_billing")


def create_customer(
    *, number: str | None = None, at: datetime | None = None, **fields: Any
) -> Customer:
    """Write down a new customer; ``number`` is the next one if unset.

    ``fields`` are columns of Customer. An e-mail is optional but unique.
    """
    with business_transaction(reason="customer created"):
        customer = Customer(**fields)
        customer.clean()
        _require_complete(customer)
        customer.customer_number = number or next_number("CUS", at=at)
        _require_unique(customer)
        if at is not None:
            customer.created_at = at
        customer.save(force_insert=True)
        record_event(
            customer, "customer.created", {"number": customer.customer_number}, at=at
        )
    return customer


def update_customer(
    customer: Customer, *, at: datetime | None = None, **columns: Any
) -> Customer:
    """Change columns of a customer; orders placed before keep what they copied."""
    with business_transaction(reason="customer changed"):
        claim_row(customer)
        for name, value in columns.items():
            setattr(customer, name, value)
        customer.clean()
        _require_complete(customer)
        _require_unique(customer)
        save_columns(customer, **{name: getattr(customer, name) for name in columns})
        record_event(customer, "customer.changed", {"columns": sorted(columns)}, at=at)
    return customer


def change_customer_status(
    customer: Customer, *, to: str, reason: str, at: datetime | None = None
) -> Customer:
    """Suspend, deactivate or reactivate a customer; open orders are not touched."""
    require_reason(reason, f"Customer {customer} was not made {to}.")
    with business_transaction(reason=reason):
        claim_row(customer)
        return change_status(
            customer,
            to,
            event_type=f"customer.{to}",
            at=at,
            payload={"reason": reason},
        )


def save_address(address: Address) -> Address:
    """Add or change an address; as a default it takes the place of the old one."""
    address.clean()
    if address.archived_at is not None:
        raise AddressRefusedError(
            f"The address {address} was not changed.",
            why="it is archived",
            fix="add the address anew",
        )
    with business_transaction(reason="address saved"):
        lock_row(address.customer)
        for flag in DEFAULT_FLAGS:
            if getattr(address, flag):
                others = address.customer.addresses.current().exclude(pk=address.pk)
                others.filter(**{flag: True}).update(
                    **{flag: False}, updated_at=timezone.now()
                )
        address.save()
    return address


def archive_address(address: Address, *, at: datetime | None = None) -> Address:
    """Take an address out of use; orders that copied it keep their copy."""
    with business_transaction(reason="address archived"):
        for flag in DEFAULT_FLAGS:
            setattr(address, flag, False)
        address.archived_at = at or timezone.now()
        address.save(update_fields=[*DEFAULT_FLAGS, "archived_at", "updated_at"])
    return address


def _require_complete(customer: Customer) -> None:
    if not (customer.last_name or customer.company):
        raise CustomerRefusedError(
            _not_saved(customer),
            why="there is neither a last name nor a company",
            fix="give one of the two",
        )
    if customer.email is None:
        return
    try:
        validate_email(customer.email)
    except ValidationError:
        raise CustomerRefusedError(
            _not_saved(customer),
            why=f"{customer.email} is not an e-mail address",
            fix="correct it, or leave it out",
        ) from None


def _require_unique(customer: Customer) -> None:
    for column, name in (("customer_number", "number"), ("email", "e-mail")):
        value = getattr(customer, column)
        others = Customer.objects.exclude(pk=customer.pk)
        if value and others.filter(**{column: value}).exists():
            raise CustomerRefusedError(
                _not_saved(customer),
                why=f"there is one with the {name} {value} already",
                fix="use that customer, or correct the " + name,
            )


def _not_saved(customer: Customer) -> str:
    if customer._state.adding:
        return "The customer was not created."
    return f"Customer {customer} was not changed."
