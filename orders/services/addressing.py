"""Which address an order keeps a copy of, and where it ships from."""

from __future__ import annotations

from collections.abc import Mapping

from inventory.models import Location
from orders.errors import AddressRefusedError, LocationRefusedError
from orders.models import Address, Customer

AddressGiven = Address | Mapping[str, str] | None


def copy_address(given: AddressGiven, *, customer: Customer) -> dict[str, str]:
    """Return the copy an order keeps of an address or of plain fields."""
    if given is None:
        return {}
    if not isinstance(given, Address):
        return {field: given.get(field, "") for field in Address.SNAPSHOT_FIELDS}
    if given.customer_id != customer.pk:
        raise AddressRefusedError(
            f"The address {given} was not used.",
            why=f"it is not an address of {customer}",
            fix="choose one of this customer's addresses",
        )
    return given.snapshot()


def choose_addresses(
    customer: Customer, *, shipping: AddressGiven, billing: AddressGiven
) -> tuple[dict[str, str], dict[str, str]]:
    """Return copies to ship and to bill to; the customer's defaults where unset.

    Without a default to bill to, the bill goes where the goods go.
    """
    current = list(customer.addresses.current()) if not (shipping and billing) else []
    shipping = shipping or next((a for a in current if a.is_default_shipping), None)
    billing = billing or next((a for a in current if a.is_default_billing), None)
    ship_to = copy_address(shipping, customer=customer)
    return ship_to, copy_address(billing, customer=customer) or dict(ship_to)


def envelope(customer: Customer, address: Mapping[str, str]) -> dict[str, str]:
    """Return whom and where a paper or a parcel goes to: the filled fields only."""
    given = {field: value for field, value in address.items() if value}
    if customer.company:
        return {"company": customer.company, **given}
    return {"name": customer.display_name, **given}


def choose_location(location: Location | None) -> Location:
    """Return the location given, or the default one; it must sell."""
    location = location or Location.objects.filter(is_default=True).first()
    if location is None:
        raise LocationRefusedError(
            "The order has no location to ship from.",
            why="none was given and no location is the default",
            fix="name a location, or make one the default",
        )
    if not (location.sells and location.is_active):
        raise LocationRefusedError(
            f"Orders can't ship from {location}.",
            why="it is not an active warehouse or store",
            fix="choose an active warehouse or store",
        )
    return location
