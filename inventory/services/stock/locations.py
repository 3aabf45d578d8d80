"""Open and close locations, and say which one orders ship from."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from inventory.errors import LocationInUseError, LocationNotUsableError
from inventory.models import Location
from inventory.services.stock.ledger import lock_levels
from inventory.services.stock.levels import require_selling
from stateset.lib.journal import business_transaction
from stateset.system.services import record_event
from stateset.system.services.transitions import save_columns


def close_location(location: Location, *, at: datetime | None = None) -> Location:
    """Take an empty location out of use; its history stays.

    Raises LocationInUseError while it holds stock or is the default.
    """
    with business_transaction():
        # The first lock keeps new levels from being made here, the others keep
        # stock from coming into those there are.
        now_is = Location.objects.select_for_update(no_key=True).get(pk=location.pk)
        levels = lock_levels(now_is.stock_levels.values_list("pk", flat=True))
        if now_is.is_default:
            raise LocationInUseError(
                f"Location {now_is.code} was not closed.",
                why="orders ship from it unless they say otherwise",
                fix="make another location the default first",
            )
        units = sum(level.on_hand for level in levels.values())
        if units:
            raise LocationInUseError(
                f"Location {now_is.code} was not closed.",
                why=f"it holds {units} units",
                fix="transfer its stock to another location, or scrap it",
            )
        save_columns(location, is_active=False)
        record_event(location, "location.closed", at=at)
    return location


def open_location(location: Location, *, at: datetime | None = None) -> Location:
    """Take a closed location into use again."""
    with business_transaction():
        save_columns(location, is_active=True)
        record_event(location, "location.opened", at=at)
    return location


def make_default_location(
    location: Location, *, at: datetime | None = None
) -> Location:
    """Have orders ship from here unless they say otherwise.

    Raises LocationNotUsableError for a closed location or quarantine.
    """
    require_selling(location)
    with business_transaction():
        rivals = Location.objects.filter(Q(is_default=True) | Q(pk=location.pk))
        for rival in rivals.select_for_update(no_key=True).order_by("pk"):
            if rival.pk != location.pk:
                save_columns(rival, is_default=False)
            elif not rival.is_active:
                raise LocationNotUsableError(
                    f"Location {rival.code} was not made the default.",
                    why="it is closed",
                    fix="open it first",
                )
        save_columns(location, is_default=True)
        record_event(location, "location.made_default", at=at)
    return location
